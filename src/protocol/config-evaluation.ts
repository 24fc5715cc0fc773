/** Rows of the config table about measuring on held-out clips. */
import { choice, float, int } from './fields.ts';

const EVAL_DECODINGS = ['greedy', 'sampled'] as const;
/** Metrics by which an evaluation can be the best of a run. */
const BEST_METRICS = ['eval/war', 'eval/uar'] as const;

export const evaluationFields = {
  evalEvery: int({
    default: 0,
    min: 0,
    max: 1_000_000,
    unit: 'steps',
    group: 'Evaluation',
    label: 'Evaluate every',
    trl: 'eval_steps',
    help: 'Measures accuracy on held-out clips every so many steps. 0 = only when asked.',
  }),
  evalLimit: int({
    default: 64,
    min: 1,
    max: 1_000_000,
    unit: 'clips',
    group: 'Evaluation',
    label: 'Clips to evaluate',
    help: 'At most this many held-out clips per evaluation.',
  }),
  evalDecoding: choice({
    choices: EVAL_DECODINGS,
    default: 'greedy',
    group: 'Evaluation',
    label: 'Decoding',
    help: 'greedy: one answer per clip, always the likeliest token. sampled: several answers, for pass@k and the majority vote.',
  }),
  evalSamples: int({
    default: 8,
    min: 1,
    max: 64,
    group: 'Evaluation',
    label: 'Samples (k)',
    help: 'Answers drawn per clip in sampled evaluation. Time grows with it.',
  }),
  evalTemperature: float({
    default: 1,
    min: 0.01,
    max: 10,
    group: 'Evaluation',
    label: 'Sampling temperature',
    help: 'Temperature of sampled evaluation. Top-k, top-p and the other filters are those of training.',
  }),
  bestMetric: choice({
    choices: BEST_METRICS,
    default: 'eval/war',
    group: 'Evaluation',
    label: 'Best step by',
    trl: 'metric_for_best_model',
    help: 'eval/war counts every clip alike, eval/uar every label alike. Of equal steps the earliest is the best.',
  }),
};
