/** The GRPO loss family on the GPU: recorded once for one set of settings, fed by a batch buffer at every step. */
import {
  expectShape,
  type Gpu,
  kernelsOf,
  type Recorder,
  ShaderStruct,
  sizeOf,
  type Tensor,
  zeros,
} from '../../gpu/index.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import { isForeignMetric, type LossFamily, lossFamily } from '../../protocol/losses.ts';
import type { FixedMetricKey } from '../../protocol/metrics.ts';
import type { AnswerParts } from '../../protocol/step-basis.ts';
import { lossBatchCapacity, lossBatchWords } from './loss-batch.ts';

const kernel = kernelsOf('grpo_loss', [
  ...['family', 'sequence', 'kl', 'bias_kl', 'entropy_mask', 'correction', 'truncate'],
]);
const entropyThreshold = kernel('entropy_threshold', {
  reads: ['batch', 'entropies'],
  writes: ['threshold_out'],
});
const weigh = kernel('weigh', {
  reads: ['batch', 'old', 'sampler', 'entropies', 'threshold'],
  writes: ['factors_out', 'partials'],
  updates: ['dentropies'],
});
const terms = kernel('terms', {
  reads: ['batch', 'logps', 'old', 'reference', 'sampler', 'factors'],
  updates: ['partials', 'dlogps'],
});
const finish = kernel('finish', { reads: ['batch', 'complete'], writes: ['result'] });

type KernelFamily = LossFamily | 'nll';
/** The shader's constants of the same names. */
export const FAMILY_CODES: Readonly<Record<KernelFamily, number>> = {
  clipped: 0,
  cispo: 1,
  sapo: 2,
  vespo: 3,
  nll: 4,
};
const ESTIMATORS = ['k1', 'k2', 'k3'] as const;
/** What each row adds to the result. */
const PARTIAL = new ShaderStruct('grpo_loss', 'Partial');
/** Loss and metrics, by the shader's names for them. */
const FIELDS = {
  loss: 'loss',
  policy_loss: 'policy_loss',
  kl: 'kl',
  entropy: 'entropy',
  'clip_ratio/low_mean': 'low_mean',
  'clip_ratio/low_min': 'low_min',
  'clip_ratio/high_mean': 'high_mean',
  'clip_ratio/high_max': 'high_max',
  'clip_ratio/region_mean': 'region_mean',
  cispo_clip_ratio: 'capped',
  'vespo/phi_seq_mean': 'phi',
  'sampling/sampling_logp_difference/mean': 'gap_mean',
  'sampling/sampling_logp_difference/max': 'gap_max',
  'sampling/importance_sampling_ratio/min': 'correction_min',
  'sampling/importance_sampling_ratio/mean': 'correction_mean',
  'sampling/importance_sampling_ratio/max': 'correction_max',
} as const satisfies Partial<Record<FixedMetricKey, string>>;
type Metric = keyof typeof FIELDS;
const METRICS = Object.keys(FIELDS) as Metric[];
const RESULT = new ShaderStruct('grpo_loss', 'Result');
const wordOf = (metric: Metric): number => RESULT.offsetOf(FIELDS[metric]);

/** Per packed token, f32 [tokens]; positions that belong to no completion may hold anything finite. */
export interface LossInputs {
  readonly logProbs: Tensor;
  /** Log-probabilities when the batch was made; absent when they are the present ones, so that every ratio is 1. */
  readonly oldLogProbs?: Tensor;
  /** Needed when beta is not 0. */
  readonly refLogProbs?: Tensor;
  /** What the sampler reported; absent is the same as `oldLogProbs`. */
  readonly samplerLogProbs?: Tensor;
  readonly entropies: Tensor;
}

export interface LossOutputs {
  /** d loss / d logProbs [tokens], 0 where no completion is trained. */
  readonly dLogProbs: Tensor;
  /** d loss / d entropies [tokens]. */
  readonly dEntropies: Tensor;
  /** Loss and metrics; keep it and give what is read to `lossMetrics`. */
  readonly result: Tensor;
  /** What each completion of the batch added to it; keep it and give what is read to `answerParts`. */
  readonly partials: Tensor;
}

/** A batch buffer for up to `completions` completions; write `encodeLossBatch(…)` into it before each run. */
export function lossBatchTensor(gpu: Gpu, completions: number): Tensor {
  return gpu.tensor('inputs', 'loss batch', [lossBatchWords(completions)], 'u32');
}

/**
 * Records the loss of `config` on packed completions. Settings that choose code (loss type, ratio level, estimator, which
 * options are on) are fixed here; numbers, completions and divisors come from `batch` at every run. `threshold` f32 [2] is
 * the entropy from which on tokens count, and the share that do, where they are not found among those of the pass.
 */
export function recordLoss(
  recorder: Recorder,
  config: LossConfig,
  inputs: LossInputs,
  batch: Tensor,
  threshold?: Tensor,
): LossOutputs {
  if (config.beta !== 0 && !inputs.refLogProbs) {
    throw new Error(
      'recordLoss: beta is not 0, but there are no log-probabilities of the reference (refLogProbs).',
    );
  }
  const correction = config.samplerCorrection;
  const code: Code = {
    family: lossFamily(config.lossType),
    sequence: config.importanceSamplingLevel === 'sequence',
    kl: config.beta === 0 ? 0 : 1 + ESTIMATORS.indexOf(config.klEstimator),
    biasKl: config.beta !== 0 && config.useBiasCorrectionKl,
    entropyMask: config.topEntropyQuantile < 1,
    correction: correction ? (correction.level === 'token' ? 1 : 2) : 0,
    truncate: correction?.mode === 'truncate',
  };
  return record(recorder, inputs, batch, code, threshold);
}

/** Records the mean negative log-probability (SFT); `batch` holds `encodeNllBatch(…)`. */
export function recordNll(
  recorder: Recorder,
  inputs: Pick<LossInputs, 'logProbs' | 'entropies'>,
  batch: Tensor,
): LossOutputs {
  const plain = { sequence: false, kl: 0, biasKl: false, entropyMask: false, correction: 0, truncate: false };
  return record(recorder, inputs, batch, { family: 'nll', ...plain });
}

interface Code {
  readonly family: KernelFamily;
  readonly sequence: boolean;
  readonly kl: number;
  readonly biasKl: boolean;
  readonly entropyMask: boolean;
  readonly correction: number;
  readonly truncate: boolean;
}

function record(
  recorder: Recorder,
  inputs: LossInputs,
  batch: Tensor,
  code: Code,
  givenThreshold?: Tensor,
): LossOutputs {
  const tokens = sizeOf(inputs.logProbs.shape);
  for (const tensor of Object.values(inputs) as (Tensor | undefined)[]) {
    if (tensor) expectShape('loss', tensor, [tokens]);
  }
  const rows = lossBatchCapacity(sizeOf(batch.shape));
  const values = {
    family: FAMILY_CODES[code.family],
    sequence: Number(code.sequence),
    kl: code.kl,
    bias_kl: Number(code.biasKl),
    entropy_mask: Number(code.entropyMask),
    correction: code.correction,
    truncate: Number(code.truncate),
  };
  const { logProbs, entropies } = inputs;
  const old = inputs.oldLogProbs ?? logProbs;
  const sampler = inputs.samplerLogProbs ?? old;
  const reference = inputs.refLogProbs ?? logProbs;
  const dLogProbs = zeros(recorder, 'd logProbs', [tokens]);
  const dEntropies = zeros(recorder, 'd entropies', [tokens]);
  const factors = recorder.temp('loss factors', [tokens]);
  const partials = recorder.temp('loss partials', [rows, PARTIAL.words]);
  const result = recorder.temp('loss result', [RESULT.words]);
  // A binding that this loss has no use for takes any tensor that is there.
  let threshold = givenThreshold ?? entropies;
  if (code.entropyMask && !givenThreshold) {
    threshold = recorder.temp('entropy threshold', [2]);
    const tensors = { batch, entropies, threshold_out: threshold };
    recorder.dispatch(entropyThreshold, { uniforms: values, tensors, workgroups: 1 });
  }
  recorder.dispatch(weigh, {
    uniforms: values,
    tensors: {
      ...{ batch, old, sampler, entropies, threshold },
      ...{ factors_out: factors, partials, dentropies: dEntropies },
    },
    workgroups: [rows, 1, 1],
  });
  recorder.dispatch(terms, {
    uniforms: values,
    tensors: {
      ...{ batch, logps: logProbs, old, reference, sampler, factors },
      ...{ partials, dlogps: dLogProbs },
    },
    workgroups: [rows, 1, 1],
  });
  recorder.dispatch(finish, {
    uniforms: values,
    tensors: { batch, complete: partials, result },
    workgroups: 1,
  });
  return { dLogProbs, dEntropies, result, partials };
}

/** Result words of a step from those of its passes: parts of sums and means add up, of extremes the furthest stays. */
export function joinResults(passes: readonly ArrayLike<number>[]): number[] {
  const joined = new Array<number>(RESULT.words).fill(0);
  for (const metric of METRICS) {
    const word = wordOf(metric);
    const values = passes.map((words) => words[word]!);
    if (metric.endsWith('min')) joined[word] = Math.min(...values);
    else if (metric.endsWith('max')) joined[word] = Math.max(...values);
    else joined[word] = values.reduce((sum, value) => sum + value, 0);
  }
  return joined;
}

/** What each of the first `rows` completions of a pass added to its result, of what the metrics of `config` are made of. */
export function answerParts(config: LossConfig, words: ArrayLike<number>, rows: number): AnswerParts[] {
  const { beta, entropyCoef, samplerCorrection } = config;
  const kind = lossFamily(config.lossType);
  return Array.from({ length: rows }, (_, row) => {
    const part = (name: string): number => nineDigits(words[row * PARTIAL.words + PARTIAL.offsetOf(name)]!);
    const correction = ['correction_sum', 'correction_min', 'correction_max'].map(part);
    return {
      ...{ loss: part('loss'), entropy: part('entropy'), gap: part('gap_sum'), gapMax: part('gap_max') },
      ...(beta === 0 ? {} : { kl: part('kl') }),
      ...(entropyCoef === 0 ? {} : { bonus: part('bonus') }),
      ...(kind === 'clipped' ? { low: part('low'), high: part('high') } : {}),
      ...(kind === 'cispo' ? { capped: part('capped') } : {}),
      ...(kind === 'vespo' ? { phi: part('phi') } : {}),
      ...(samplerCorrection ? { correction } : {}),
    };
  });
}

/** As many as tell one f32 from the next, so that what is written down is as short as it can be. */
const nineDigits = (value: number): number => Number(value.toPrecision(9));

/**
 * The result buffer's words as TRL logs them: `loss`, `entropy` and what `config` makes meaningful. `sampled` says
 * whether the sampler's log-probabilities were given.
 */
export function lossMetrics(
  config: LossConfig,
  words: ArrayLike<number>,
  sampled = false,
): Record<string, number> {
  const wanted = (name: string): boolean => {
    if (name === 'kl') return config.beta !== 0;
    if (name === 'policy_loss') return config.entropyCoef !== 0;
    if (name.startsWith('sampling/sampling_logp')) return sampled;
    if (name.startsWith('sampling/importance')) return sampled && config.samplerCorrection !== null;
    return !isForeignMetric(config.lossType, name);
  };
  const metrics: Record<string, number> = {};
  for (const metric of METRICS) {
    if (wanted(metric)) metrics[metric] = words[wordOf(metric)]!;
  }
  if (config.entropyCoef !== 0) metrics.entropy_coef = config.entropyCoef;
  return metrics;
}

/** `loss` and mean `entropy` of `recordNll`. */
export function nllMetrics(words: ArrayLike<number>): { loss: number; entropy: number } {
  return { loss: words[wordOf('loss')]!, entropy: words[wordOf('entropy')]! };
}
