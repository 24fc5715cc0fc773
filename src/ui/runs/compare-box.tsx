/** Whether a run's curves are drawn on Train beside those of the open run. */
import type { StoredRun } from '../../protocol/messages.ts';
import { compareRun, leaveRun, MOST_COMPARED, useComparedRuns } from '../../store/compared-runs.ts';
import { useStudio } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';

export function CompareBox({ run }: { run: Pick<StoredRun, 'id' | 'name'> }) {
  const { ask } = useStudio();
  const chosen = useComparedRuns();
  const isChosen = chosen.some(({ id }) => id === run.id);
  return (
    <input
      type="checkbox"
      aria-label={`Draw the curves of ${run.name} on Train`}
      title={`Draws its curves on Train, up to ${MOST_COMPARED} runs`}
      data-testid="compare-run"
      checked={isChosen}
      disabled={!isChosen && chosen.length >= MOST_COMPARED}
      onChange={() => (isChosen ? leaveRun(run.id) : fire(compareRun(ask, run)))}
    />
  );
}
