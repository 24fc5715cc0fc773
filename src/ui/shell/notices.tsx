/** What the page has to say about itself: no GPU, work under way, errors. */
import { formatBytes } from '../../math/format.ts';
import type { CommandType } from '../../protocol/messages.ts';
import type { Problem } from '../../store/problems.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isGettingReady } from '../../store/stages.ts';
import type { Progress } from '../../store/state.ts';
import type { ScreenId } from '../address.ts';
import { inLabels } from '../parts/in-labels.ts';
import { speedWords, useRate } from '../parts/use-rate.ts';

export function DeviceNotice() {
  const device = useStudioState((state) => state.device);
  if (device.status !== 'unavailable') return null;
  return (
    <div className="notice danger" role="alert" data-testid="unavailable">
      <p>
        <strong>This browser offers no GPU to train on.</strong> {device.reason}
      </p>
      <p>{device.hint}</p>
    </div>
  );
}

/** The work under way; what a run goes through before its first step, Train itself says. */
export function ProgressLine({ screen }: { screen: ScreenId }) {
  const isTold = useStudioState(isGettingReady) && screen === 'train';
  const progress = useStudioState((state) => (isTold ? undefined : state.progress));
  // Another piece of work begins its own measurement.
  return progress && <ProgressOf key={progress.what} progress={progress} />;
}

function ProgressOf({ progress: { what, done, total, unit } }: { progress: Progress }) {
  const rate = useRate(done);
  const speed = unit === 'bytes' ? speedWords(rate, total - done) : '';
  const amount = (value: number) => (unit === 'bytes' ? formatBytes(value) : String(value));
  return (
    <div className="progress-line">
      <span>{what}</span>
      <progress value={done} max={total || undefined} aria-label={what} />
      <span className="number muted">
        {amount(done)} of {amount(total)} {unit === 'bytes' ? '' : unit}
        {speed && ` · ${speed}`}
      </span>
    </div>
  );
}

/** What of the run is not saved just now; gone as soon as it is. */
export function UnsavedNotice() {
  const unsaved = useStudioState((state) => state.unsaved);
  if (!unsaved) return null;
  return (
    <div className="notice danger" role="status" data-testid="unsaved">
      <p>
        <strong>Not saved.</strong> {unsaved.message} {unsaved.hint}
      </p>
    </div>
  );
}

/** Errors of the given commands; with `undefined`, those that answer no command, and notes. */
export function Problems({ commands }: { commands: readonly CommandType[] | undefined }) {
  const problems = useStudioState((state) => state.problems);
  const hasDevice = useStudioState(({ device }) => device.status !== 'unavailable');
  const mine = problems
    .filter(({ command }) => (commands ? command && commands.includes(command) : !command))
    // Without a GPU the page's own try at the demo fails, and the notice at the top says why.
    .filter(({ command }) => hasDevice || command !== 'openDemo');
  return mine.map((problem) => <ProblemNotice key={problem.id} problem={problem} />);
}

function ProblemNotice({ problem }: { problem: Problem }) {
  const studio = useStudio();
  const { id, message, hint, details, isNote } = problem;
  return (
    <div
      className={isNote ? 'notice' : 'notice danger'}
      role={isNote ? 'status' : 'alert'}
      data-testid={isNote ? 'note' : 'problem'}
    >
      <p>
        <strong>{headOf(problem)}</strong> {inLabels(message)} {hint && inLabels(hint)}
      </p>
      {details && (
        <details>
          <summary>Details</summary>
          <pre>{details}</pre>
        </details>
      )}
      <button type="button" className="quiet" aria-label="Dismiss" onClick={() => studio.dismiss(id)}>
        ✕
      </button>
    </div>
  );
}

function headOf({ fatal, isNote }: Problem): string {
  if (isNote) return 'Good to know.';
  return fatal ? 'The run cannot go on.' : 'That did not work.';
}
