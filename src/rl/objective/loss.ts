/** The GRPO loss family on the GPU: recorded once for one set of settings, fed by a batch buffer at every step. */
import {
  defineKernel,
  expectShape,
  type Gpu,
  type Recorder,
  read,
  sizeOf,
  type Tensor,
  update,
  write,
  zeros,
} from '../../gpu/index.ts';
import { isForeignMetric, type LossFamily, lossFamily } from '../../protocol/losses.ts';
import type { FixedMetricKey } from '../../protocol/metrics.ts';
import { lossBatchCapacity, lossBatchWords } from './loss-batch.ts';
import type { LossConfig } from './loss-config.ts';

const uniforms = {
  family: 'u32',
  sequence: 'u32',
  kl: 'u32',
  bias_kl: 'u32',
  entropy_mask: 'u32',
  correction: 'u32',
  truncate: 'u32',
} as const;
const shader = 'grpo_loss';
const entropyThreshold = defineKernel({
  shader,
  entry: 'entropy_threshold',
  uniforms,
  bindings: { batch: read(1), entropies: read(6), threshold: write(10) },
});
const weigh = defineKernel({
  shader,
  entry: 'weigh',
  uniforms,
  bindings: {
    batch: read(1),
    old: read(3),
    sampler: read(5),
    entropies: read(6),
    threshold: read(7),
    factors: write(11),
    partials: write(12),
    dEntropies: update(14),
  },
});
const terms = defineKernel({
  shader,
  entry: 'terms',
  uniforms,
  bindings: {
    batch: read(1),
    logProbs: read(2),
    old: read(3),
    reference: read(4),
    sampler: read(5),
    factors: read(8),
    partials: update(12),
    dLogProbs: update(13),
  },
});
const finish = defineKernel({
  shader,
  entry: 'finish',
  uniforms,
  bindings: { batch: read(1), partials: read(9), result: write(15) },
});

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
/** The shader's struct Partial, in words. */
const PARTIAL_WORDS = 15;
/** The shader's struct Result, in order. */
const RESULT = [
  'loss',
  'policy_loss',
  'kl',
  'entropy',
  'clip_ratio/low_mean',
  'clip_ratio/low_min',
  'clip_ratio/high_mean',
  'clip_ratio/high_max',
  'clip_ratio/region_mean',
  'cispo_clip_ratio',
  'vespo/phi_seq_mean',
  'sampling/sampling_logp_difference/mean',
  'sampling/sampling_logp_difference/max',
  'sampling/importance_sampling_ratio/min',
  'sampling/importance_sampling_ratio/mean',
  'sampling/importance_sampling_ratio/max',
] as const satisfies readonly FixedMetricKey[];

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
}

/** A batch buffer for up to `completions` completions; write `encodeLossBatch(…)` into it before each run. */
export function lossBatchTensor(gpu: Gpu, completions: number): Tensor {
  return gpu.tensor('inputs', 'loss batch', [lossBatchWords(completions)], 'u32');
}

/**
 * Records the loss of `config` on packed completions. Settings that choose code (loss type, ratio level, estimator, which
 * options are on) are fixed here; numbers, completions and divisors come from `batch` at every run.
 */
export function recordLoss(
  recorder: Recorder,
  config: LossConfig,
  inputs: LossInputs,
  batch: Tensor,
): LossOutputs {
  if (config.beta !== 0 && !inputs.refLogProbs) {
    throw new Error(
      'recordLoss: beta is not 0, but there are no log-probabilities of the reference (refLogProbs).',
    );
  }
  const correction = config.samplerCorrection;
  return record(recorder, inputs, batch, {
    family: lossFamily(config.lossType),
    sequence: config.importanceSamplingLevel === 'sequence',
    kl: config.beta === 0 ? 0 : 1 + ESTIMATORS.indexOf(config.klEstimator),
    biasKl: config.beta !== 0 && config.useBiasCorrectionKl,
    entropyMask: config.topEntropyQuantile < 1,
    correction: correction ? (correction.level === 'token' ? 1 : 2) : 0,
    truncate: correction?.mode === 'truncate',
  });
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

function record(recorder: Recorder, inputs: LossInputs, batch: Tensor, code: Code): LossOutputs {
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
  const partials = recorder.temp('loss partials', [rows, PARTIAL_WORDS]);
  const result = recorder.temp('loss result', [RESULT.length]);
  // A binding that this loss has no use for takes any tensor that is there.
  let threshold = entropies;
  if (code.entropyMask) {
    threshold = recorder.temp('entropy threshold', [1]);
    const tensors = { batch, entropies, threshold };
    recorder.dispatch(entropyThreshold, { uniforms: values, tensors, workgroups: 1 });
  }
  recorder.dispatch(weigh, {
    uniforms: values,
    tensors: { batch, old, sampler, entropies, threshold, factors, partials, dEntropies },
    workgroups: [rows, 1, 1],
  });
  recorder.dispatch(terms, {
    uniforms: values,
    tensors: { batch, logProbs, old, reference, sampler, factors, partials, dLogProbs },
    workgroups: [rows, 1, 1],
  });
  recorder.dispatch(finish, { uniforms: values, tensors: { batch, partials, result }, workgroups: 1 });
  return { dLogProbs, dEntropies, result };
}

/** Result words of a step from those of its passes: parts of sums and means add up, of extremes the furthest stays. */
export function joinResults(passes: readonly ArrayLike<number>[]): number[] {
  return RESULT.map((name, index) => {
    const values = passes.map((words) => words[index]!);
    if (name.endsWith('min')) return Math.min(...values);
    if (name.endsWith('max')) return Math.max(...values);
    return values.reduce((sum, value) => sum + value, 0);
  });
}

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
  RESULT.forEach((name, index) => {
    if (wanted(name)) metrics[name] = words[index]!;
  });
  if (config.entropyCoef !== 0) metrics.entropy_coef = config.entropyCoef;
  return metrics;
}

/** `loss` and mean `entropy` of `recordNll`. */
export function nllMetrics(words: ArrayLike<number>): { loss: number; entropy: number } {
  return { loss: words[RESULT.indexOf('loss')]!, entropy: words[RESULT.indexOf('entropy')]! };
}
