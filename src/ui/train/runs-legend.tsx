/** Which runs the curves are of: each is hidden and shown by a press, lit by pointing at it, and taken out. */
import { type ComparedRun, hideRun, leaveRun } from '../../store/compared-runs.ts';
import { LineSample } from './line-sample.tsx';

interface LegendProps {
  runs: readonly ComparedRun[];
  /** Lights the curves of the run at a place from 1, or of none. */
  light: (slot: number | undefined) => void;
}

export function RunsLegend({ runs, light }: LegendProps) {
  return (
    <ul className="runs-legend" aria-label="Runs drawn beside" data-testid="runs-legend">
      {runs.map(({ id, name, style, isHidden, read, trouble }, index) => (
        <li key={id} onPointerEnter={() => light(index + 1)} onPointerLeave={() => light(undefined)}>
          <button
            type="button"
            className="quiet"
            aria-pressed={!isHidden}
            title={isHidden ? `Draw ${name} again` : `Leave the curves of ${name} out for now`}
            data-testid="legend-run"
            onFocus={() => light(index + 1)}
            onBlur={() => light(undefined)}
            onClick={() => hideRun(id, !isHidden)}
          >
            <LineSample style={style} /> {name}
          </button>
          {!read && <span className="muted">{trouble ?? 'reading…'}</span>}
          <button
            type="button"
            className="quiet"
            aria-label={`Take ${name} out`}
            onClick={() => leaveRun(id)}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
