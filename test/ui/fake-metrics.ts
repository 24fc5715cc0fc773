/** The recorded run's metrics as those of a stored run of so many steps, its reward a tenth lower. */
import type { AnswerOf } from '../../src/protocol/messages.ts';
import type { MetricKey } from '../../src/protocol/metrics.ts';
import { playStep } from './recorded-run.ts';

export function madeMetrics(
  steps: number,
): Pick<AnswerOf<'runMetrics'>, 'taken' | 'steps' | 'times' | 'metrics'> {
  const played = Array.from({ length: steps }, (_, index) => playStep(index + 1, steps).metrics);
  const keys = Object.keys(played[0]!) as MetricKey[];
  const column = (key: MetricKey) =>
    Float64Array.from(played, (metrics) => (metrics[key] ?? Number.NaN) * (key === 'reward' ? 0.9 : 1));
  return {
    taken: steps,
    steps: Float64Array.from(played, (_, index) => index + 1),
    times: Float64Array.from(played, (_, index) => (index + 1) * 2),
    metrics: Object.fromEntries(keys.map((key) => [key, column(key)])),
  };
}
