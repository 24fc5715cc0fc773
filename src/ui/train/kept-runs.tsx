/** The runs that are kept, in a line: the newest that is not finished goes on from here, the others from the Runs screen. */
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { fire } from '../parts/fire.ts';
import { isUnfinished, keptWords } from '../runs/kept-words.ts';
import { Problems } from '../shell/notices.tsx';

export function KeptRuns() {
  const studio = useStudio();
  const runs = useStudioState(({ stored }) => stored);
  const damaged = useStudioState(({ damagedRuns }) => damagedRuns);
  const busy = useStudioState((state) => isUnderWay(state.run.state));
  const opening = useStudioState(({ pending }) => [...pending.values()].includes('resumeRun'));
  const newest = runs.find(isUnfinished);
  const resume = (runId: string) => fire(studio.ask('resumeRun', { runId }));
  return (
    <>
      {runs.length + damaged.length > 0 && (
        <p className="kept-runs muted" data-testid="kept-runs">
          <a href="#/runs">{keptWords(runs, damaged)}</a>
          {newest && !busy && (
            <button
              type="button"
              data-testid="resume-newest"
              disabled={opening}
              onClick={() => resume(newest.id)}
            >
              Resume {newest.name} at step {newest.step} of {newest.steps}
            </button>
          )}
        </p>
      )}
      <Problems commands={['resumeRun']} />
    </>
  );
}
