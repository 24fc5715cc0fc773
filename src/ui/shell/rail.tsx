/** The way through the work, and the device's bench: stops, each with what is ready, missing or running. */
import { counted, formatCount, formatPercent } from '../../math/format.ts';
import { useStudioState } from '../../store/react.ts';
import { isActive, type StudioState } from '../../store/state.ts';
import { SCREEN_IDS, SCREEN_LABELS, type ScreenId } from '../address.ts';
import { newestOf } from '../evaluate/scores.ts';

type Mark = 'done' | 'active' | 'open';
const MARKS: Record<Mark, string> = { done: '✓', active: '●', open: '○' };

interface Stop {
  mark: Mark;
  note: string;
}

const done = (note: string): Stop => ({ mark: 'done', note });
const OPEN: Stop = { mark: 'open', note: '' };

function stopOf(state: StudioState, screen: ScreenId): Stop {
  const { data, model, run, rollouts, evals, exported, bench } = state;
  switch (screen) {
    case 'data':
      return data ? done(counted(data.count, data.kind === 'clips' ? 'clip' : 'question')) : OPEN;
    case 'model': {
      const parameters = Object.values(model?.parts ?? {}).reduce((total, count) => total + count, 0);
      return model ? done(formatCount(parameters)) : OPEN;
    }
    case 'train':
      if (isActive(run.state)) return { mark: 'active', note: `${run.step} / ${run.steps}` };
      return run.step > 0 ? done(`step ${run.step}`) : OPEN;
    case 'rollouts':
      return rollouts.size > 0 ? done(counted(rollouts.size, 'step')) : OPEN;
    case 'evaluate': {
      const last = newestOf(evals.filter(({ mute }) => mute === undefined));
      if (!last) return OPEN;
      const score = formatPercent(last.war, 0);
      // Training has gone on since: the number is of earlier weights, and there is something to do here again.
      return last.step < run.step ? { mark: 'open', note: `${score} at step ${last.step}` } : done(score);
    }
    case 'export':
      if (!exported) return OPEN;
      if (exported.step < run.step) return { mark: 'open', note: `step ${exported.step} only` };
      return done(exported.place === '' ? 'ready' : 'saved');
    case 'bench':
      if ([...state.pending.values()].includes('bench')) return { mark: 'active', note: '' };
      return bench ? done(counted(bench.report.rows.length, 'row')) : OPEN;
    default:
      return screen satisfies never;
  }
}

export function Rail({ screen }: { screen: ScreenId }) {
  return (
    <nav className="rail" aria-label="Screens">
      <ol>
        {SCREEN_IDS.map((id, index) => (
          <li key={id}>
            <RailStop id={id} number={index + 1} current={id === screen} />
          </li>
        ))}
      </ol>
      <p className="rail-keys muted">
        <kbd>1</kbd>–<kbd>{SCREEN_IDS.length}</kbd> screens
        <br />
        <kbd>space</kbd> pause
        <br />
        <kbd>.</kbd> one step
        <br />
        <kbd>?</kbd> all keys
      </p>
    </nav>
  );
}

function RailStop({ id, number, current }: { id: ScreenId; number: number; current: boolean }) {
  const mark = useStudioState((state) => stopOf(state, id).mark);
  const note = useStudioState((state) => stopOf(state, id).note);
  return (
    <a
      href={`#/${id}`}
      className={`rail-stop ${mark}`}
      aria-current={current ? 'page' : undefined}
      title={`${SCREEN_LABELS[id]} (${number})`}
    >
      <span className="rail-mark" aria-hidden="true">
        {MARKS[mark]}
      </span>
      <span className="rail-label">{SCREEN_LABELS[id]}</span>
      <span className="rail-note">{note}</span>
    </a>
  );
}
