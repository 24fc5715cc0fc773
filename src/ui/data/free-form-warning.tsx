import { useStudioState } from '../../store/react.ts';
import { freeFormWarning } from './label-notes.ts';

/** Says that no reward fits where labels are free answers. */
export function FreeFormWarning() {
  const warning = useStudioState(({ data, draft }) => freeFormWarning(data, draft));
  return warning ? (
    <p className="notice" data-testid="free-form">
      ⚠ {warning}
    </p>
  ) : null;
}
