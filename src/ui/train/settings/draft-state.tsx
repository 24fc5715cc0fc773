/** What keeps the form from running, how it differs from the run under way, and what of that the run can have at once. */
import { diffConfig, parseConfig } from '../../../protocol/config.ts';
import { isLiveKey, type LiveValues } from '../../../protocol/live-settings.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import { isActive } from '../../../store/run-state.ts';
import { draftProblems } from '../../../store/studio.ts';
import { fire } from '../../parts/fire.ts';
import { HeldButton } from '../../parts/held-button.tsx';
import { inLabels } from '../../parts/in-labels.ts';
import { useFields } from '../../parts/use-words.ts';
import { Problems } from '../../shell/notices.tsx';
import { valueText } from './setting-value.ts';

export function DraftState() {
  const draft = useStudioState((state) => state.draft);
  const running = useStudioState((state) => state.running);
  const active = useStudioState(({ run }) => isActive(run.state));
  const fieldBy = useFields();
  const problems = draftProblems(draft);
  if (problems.length > 0) {
    return problems.map(({ field, message, hint }) => (
      <p key={field} className="field-problem" role="alert">
        {inLabels(message)} {hint && inLabels(hint)}
      </p>
    ));
  }
  if (!running) return null;
  const changes = diffConfig(running, parseConfig(draft));
  const live = active ? changes.filter(({ key }) => isLiveKey(key)) : [];
  if (changes.length === 0) return null;
  const waiting = changes.length - live.length;
  return (
    <div className="draft-state">
      <p className="muted" data-testid="draft-changes">
        {changes.length} {changes.length === 1 ? 'change' : 'changes'} not in {active ? 'this' : 'the last'}{' '}
        run:{' '}
        {changes
          .map(({ key, from, to }) => {
            const field = fieldBy(key);
            return `${field.label} ${valueText(field, from)} → ${valueText(field, to)}`;
          })
          .join(', ')}
        .{waiting > 0 && ` ${waitWords(waiting, live.length)} from the next Start.`}
      </p>
      {live.length > 0 && (
        <ApplyLive values={Object.fromEntries(live.map(({ key, to }) => [key, to])) as LiveValues} />
      )}
      <Problems commands={['changeSettings']} />
    </div>
  );
}

const waitWords = (waiting: number, live: number): string => {
  if (live > 0) return waiting === 1 ? 'The other counts' : 'The others count';
  return waiting === 1 ? 'It counts' : 'They count';
};

/** Gives the run under way what it can have between two steps. */
function ApplyLive({ values }: { values: LiveValues }) {
  const studio = useStudio();
  const fieldBy = useFields();
  const isLoading = useStudioState(({ run }) => run.state === 'loading');
  const isAsked = useStudioState(({ pending }) => [...pending.values()].includes('changeSettings'));
  const labels = Object.keys(values)
    .filter(isLiveKey)
    .map((key) => fieldBy(key).label);
  return (
    <p>
      <HeldButton
        data-testid="apply-live"
        disabled={isLoading || isAsked}
        onClick={() => fire(studio.ask('changeSettings', { values }))}
      >
        Apply {labels.join(', ')} to this run from the next step
      </HeldButton>
      {isAsked && <span className="muted"> The step under way ends first.</span>}
    </p>
  );
}
