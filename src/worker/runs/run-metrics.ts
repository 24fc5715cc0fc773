/** The metrics of a stored run as the page is told them: columns, thinned where the run is long. */
import { keptPlaces } from '../../math/series.ts';
import type { AnswerOf } from '../../protocol/messages.ts';
import type { MetricKey } from '../../protocol/metrics.ts';
import { MOST_TOLD_STEPS } from '../../protocol/run-metrics.ts';
import type { StepLine } from './logs.ts';
import type { RunDescription } from './records.ts';

export function toldMetrics(
  { name, model, data, config }: RunDescription,
  steps: readonly StepLine[],
): AnswerOf<'runMetrics'> {
  return {
    ...{ name, model: model.name, data: data.name, config, taken: steps.at(-1)?.step ?? 0 },
    ...columnsOf(steps),
  };
}

function columnsOf(steps: readonly StepLine[]): Pick<AnswerOf<'runMetrics'>, 'steps' | 'times' | 'metrics'> {
  const keys = [...new Set(steps.flatMap(({ metrics }) => Object.keys(metrics) as MetricKey[]))];
  const columns = keys.map((key) => Float64Array.from(steps, ({ metrics }) => metrics[key] ?? Number.NaN));
  const places = keptPlaces([...columns, new Float64Array(steps.length)], MOST_TOLD_STEPS);
  const times = timesOf(steps);
  const told = (column: Float64Array) => Float64Array.from(places, (place) => column[place]!);
  return {
    steps: Float64Array.from(places, (place) => steps[place]!.step),
    times: told(times),
    metrics: Object.fromEntries(keys.map((key, index) => [key, told(columns[index]!)])),
  };
}

/** Seconds of all steps to the end of each. */
function timesOf(steps: readonly StepLine[]): Float64Array {
  let sum = 0;
  return Float64Array.from(steps, ({ metrics: { step_time = 0 } }) => {
    if (Number.isFinite(step_time)) sum += step_time;
    return sum;
  });
}
