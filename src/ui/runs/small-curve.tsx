/** A run's curve, as small as a line of text. */
import { formatMetric } from '../../math/format.ts';
import type { StoredRun } from '../../protocol/messages.ts';
import { metricOf } from '../../protocol/metrics.ts';

const [WIDTH, HEIGHT] = [72, 20];
/** Room for the width of the line. */
const EDGE = 1.5;

export function SmallCurve({ curve, last }: StoredRun['glance']) {
  if (!curve || curve.points.length === 0) return null;
  const { label } = metricOf(curve.metric);
  const values = curve.points.map(([, value]) => value);
  const [from, to] = [values[0], values.at(-1)];
  const spoken = `${label} from ${formatMetric(from, 3)} to ${formatMetric(to, 3)} over ${curve.points.at(-1)![0]} steps`;
  return (
    <span className="small-curve" title={spoken}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={spoken}>
        <polyline points={placesOf(curve.points).join(' ')} />
      </svg>
      <span className="number">{formatMetric(last, 3)}</span>
    </span>
  );
}

/** `x,y` of every point, where the curve fills its room. */
function placesOf(points: readonly (readonly [step: number, value: number])[]): string[] {
  const span = (of: readonly number[]) => [Math.min(...of), Math.max(...of)] as const;
  const [firstStep, lastStep] = span(points.map(([step]) => step));
  const [lowest, highest] = span(points.map(([, value]) => value));
  const share = (value: number, low: number, high: number) =>
    high > low ? (value - low) / (high - low) : 0.5;
  return points.map(([step, value]) => {
    const x = EDGE + share(step, firstStep, lastStep) * (WIDTH - 2 * EDGE);
    const y = HEIGHT - EDGE - share(value, lowest, highest) * (HEIGHT - 2 * EDGE);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
}
