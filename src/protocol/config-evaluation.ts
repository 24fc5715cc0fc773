/** Rows of the config table about measuring on held-out clips. */
import { EVAL_KINDS, evalKind } from './eval-kinds.ts';
import { choice, flag, float, int } from './fields.ts';

const EVAL_DECODINGS = ['greedy', 'sampled'] as const;
/** Metrics by which an evaluation can be the best of a run. */
const BEST_METRICS = ['auto', 'eval/war', 'eval/uar', 'eval/score'] as const;
const EVAL_METRICS = ['auto', 'labels', ...EVAL_KINDS] as const;

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
  evalOnStart: flag({
    default: true,
    group: 'Evaluation',
    label: 'Measure the start',
    trl: 'eval_on_start',
    help: 'Measures what the run began with on held-out clips, once its first step is done, so that later evaluations have something to be compared with. Off saves that time; the start can still be measured at any rest.',
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
  evalMetric: choice({
    choices: EVAL_METRICS,
    default: 'auto',
    group: 'Evaluation',
    label: 'Answers are scored as',
    help: 'How an answer earns its score in an evaluation; training has its rewards.',
    about: {
      auto: "As labels (WAR, UAR) where answers are a closed set; else each row by what it says it is (problem_type, options) or by its answer's form.",
      labels: 'As labels in any case: WAR, UAR, and what is taken for what.',
      ...(Object.fromEntries(
        EVAL_KINDS.map((kind) => [kind, `Every row alike: ${evalKind(kind).help}.`]),
      ) as Record<(typeof EVAL_KINDS)[number], string>),
    },
  }),
  bestMetric: choice({
    choices: BEST_METRICS,
    default: 'auto',
    group: 'Evaluation',
    label: 'Best step by',
    trl: 'metric_for_best_model',
    help: 'eval/war counts every clip alike, eval/uar every label alike; both are of labels. eval/score is the mean over the kinds of rows, where answers are no labels. auto: eval/war or eval/score, whichever there is. Of equal steps the earliest is the best.',
  }),
};
