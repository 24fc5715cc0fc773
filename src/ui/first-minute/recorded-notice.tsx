/** Says that what is shown is a recorded run, which one, and how to train it oneself. */
import { formatPercent } from '../../math/format.ts';
import type { EvalResult } from '../../protocol/messages.ts';
import type { RecordedRun } from '../../protocol/recorded-run.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { standIn } from '../../store/recorded.ts';
import { startHindrance } from '../../store/studio.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { inLabels } from '../parts/in-labels.ts';
import { RecordedContrast } from './learned.tsx';

export function RecordedNotice() {
  const run = useStudioState((state) => standIn(state)?.run);
  if (!run) return null;
  return (
    <>
      <div className="now-head">
        <p className="lead" data-testid="recorded">
          <strong>A recorded run.</strong> <CallToTrain run={run} />
        </p>
        <StartHere />
      </div>
      <p className="muted number">{whatItIs(run)}</p>
      <RecordedContrast run={run} />
    </>
  );
}

function CallToTrain({ run }: { run: RecordedRun }) {
  const hasDevice = useStudioState(({ device }) => device.status !== 'unavailable');
  const learned = scoresOf(run.evals);
  const result = learned && ` It took held-out accuracy from ${learned[0]} to ${learned[1]}.`;
  if (!hasDevice)
    return (
      <>
        {result} Its curves are below, its answers on <a href="#/rollouts">Rollouts</a>. To train it yourself,
        open this page in a browser that offers WebGPU.
      </>
    );
  return (
    <>
      {result} Press Start to train this one yourself: your curves draw over these grey ones. You can't break
      anything. Its answers are on <a href="#/rollouts">Rollouts</a>.
    </>
  );
}

/** Held-out accuracy as published and as trained, where it was measured. */
function scoresOf(evals: readonly EvalResult[]): [before: string, after: string] | undefined {
  const [before, after] = [evals[0], evals.at(-1)].map((result) =>
    result && !result.scores ? formatPercent(result.war, 0) : undefined,
  );
  return evals.length > 1 && before && after ? [before, after] : undefined;
}

function whatItIs({ model, data, steps, groupSize, promptsPerStep, seed, adapter, date }: RecordedRun) {
  const day = new Date(date).toLocaleDateString('en', { day: 'numeric', month: 'long', year: 'numeric' });
  return `${model} on ${data}: ${steps} steps of ${promptsPerStep} clips with ${groupSize} answers each, seed ${seed}, trained on ${day} by this trainer on ${adapter}.`;
}

function StartHere() {
  const studio = useStudio();
  const hindrance = useStudioState(startHindrance);
  const hasDevice = useStudioState(({ device }) => device.status !== 'unavailable');
  if (!hasDevice) return null;
  return (
    <HeldButton
      className="primary"
      data-testid="start-demo"
      disabled={hindrance !== undefined}
      title={hindrance && inLabels(hindrance)}
      onClick={studio.start}
    >
      ▶ Train it yourself
    </HeldButton>
  );
}
