/** Where the run is not well: what was seen, at which step, and the next move. */
import type { Alarm } from '../../protocol/alarms.ts';
import { useStudioState } from '../../store/react.ts';
import { goTo } from '../address.ts';
import { inLabels } from '../parts/in-labels.ts';

/** The newest alarms; the others are one click away. */
const SHOWN = 3;

export function Alarms() {
  const alarms = useStudioState((state) => state.alarms);
  if (alarms.length === 0) return null;
  const newestFirst = [...alarms].reverse();
  const earlier = newestFirst.slice(SHOWN);
  return (
    <section aria-label="Alarms" data-testid="alarms">
      <div aria-live="polite">
        <AlarmList alarms={newestFirst.slice(0, SHOWN)} />
      </div>
      {earlier.length > 0 && (
        <details>
          <summary>
            {earlier.length} earlier {earlier.length === 1 ? 'alarm' : 'alarms'}
          </summary>
          <AlarmList alarms={earlier} />
        </details>
      )}
    </section>
  );
}

function AlarmList({ alarms }: { alarms: readonly Alarm[] }) {
  return (
    <ol className="alarms">
      {alarms.map(({ kind, step, message, evidence, hint, pauses, answers }) => (
        <li
          // Two rewards may fail in one step.
          key={`${kind} ${step} ${message}`}
          className={pauses ? 'notice danger' : 'notice'}
          data-testid="alarm"
          data-kind={kind}
        >
          <p>
            <span className="number muted">step {step}</span> <strong>{inLabels(message)}</strong>
            {pauses && ' The run rests because of it.'}
          </p>
          <p>{evidence}</p>
          <p>{hint}</p>
          {answers && <ShowAnswers {...answers} />}
        </li>
      ))}
    </ol>
  );
}

function ShowAnswers({ step, search }: NonNullable<Alarm['answers']>) {
  const show = () => goTo('rollouts', { step: `${step}`, ...(search === undefined ? {} : { search }) });
  return (
    <p>
      <button type="button" className="link" onClick={show}>
        Show the answers of step {step}
      </button>
    </p>
  );
}
