/** What was changed of the run while it went on, by the first step that had it. */
import { isLiveKey } from '../../../protocol/live-settings.ts';
import { useStudioState } from '../../../store/react.ts';
import type { StepRecord } from '../../../store/state.ts';
import { useFields } from '../../parts/use-words.ts';
import { valueText } from './setting-value.ts';

export function LiveChanges() {
  const steps = useStudioState((state) => state.steps);
  const changed = steps.filter((step) => step.changed);
  if (changed.length === 0) return null;
  return (
    <section aria-label="Changed while the run went on" data-testid="live-changes">
      <ul className="live-changes muted">
        {changed.map((step) => (
          <ChangedStep key={step.step} {...step} />
        ))}
      </ul>
    </section>
  );
}

function ChangedStep({ step, changed = {} }: StepRecord) {
  const fieldBy = useFields();
  const values = Object.entries(changed).filter(([key]) => isLiveKey(key));
  const words = values.map(([key, value]) => {
    const field = fieldBy(key as Parameters<typeof fieldBy>[0]);
    return `${field.label} ${valueText(field, value)}`;
  });
  return (
    <li>
      <span className="number">From step {step}:</span> {words.join(', ')}
    </li>
  );
}
