import type { Config } from '../../protocol/config.ts';
import { configWarnings } from '../../protocol/config-warnings.ts';
import { useStudioState } from '../../store/react.ts';
import { draftProblems } from '../../store/studio.ts';

/** What the settings in the form rarely mean, said before Start. */
export function ConfigWarnings() {
  const draft = useStudioState((state) => state.draft);
  const warnings = draftProblems(draft).length === 0 ? configWarnings(draft as Config) : [];
  if (warnings.length === 0) return null;
  return (
    <ul className="warnings" aria-label="About these settings" data-testid="config-warnings">
      {warnings.map((warning) => (
        <li key={warning} className="notice">
          {warning}
        </li>
      ))}
    </ul>
  );
}
