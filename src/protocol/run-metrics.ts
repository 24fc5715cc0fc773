/** The metrics of a stored run, by columns: what charts need of a run that is not open. */
import { wholeConfig } from './config.ts';
import { metricKey } from './metrics.ts';
import { doubles, z } from './shapes.ts';

/** Of a longer run as many steps are told, every metric's extremes among them. */
export const MOST_TOLD_STEPS = 4000;

export const runMetrics = {
  name: z.string(),
  model: z.string(),
  data: z.string(),
  config: wholeConfig,
  /** Steps behind the run's newest checkpoint. */
  taken: z.number().int(),
  /** Those that are told, in order; a place of each other column is of the step at that place. */
  steps: doubles,
  /** Seconds that the run's steps took, to the end of each. */
  times: doubles,
  /** NaN where a step does not report it. */
  metrics: z.partialRecord(metricKey, doubles),
};
