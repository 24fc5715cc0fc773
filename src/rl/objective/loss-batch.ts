/** What the loss kernels read besides log-probabilities: one buffer of settings and completions, rewritten every step. */
import { ShaderStruct } from '../../gpu/index.ts';
import { type LossMean, lossFamily, lossMean } from '../../protocol/losses.ts';
import type { LossConfig } from './loss-config.ts';

/** The tokens of one completion in the packed order, and what it earned. */
export interface LossCompletion {
  /** Position of its first token. */
  readonly start: number;
  /** Number of its tokens, the end token included. */
  readonly length: number;
  readonly advantage: number;
  /** False leaves it out of the loss, as a truncated completion that is masked; it still counts as a completion. */
  readonly trained?: boolean;
  /** Tokens that follow as padding in an array of the reference; none in a packed batch. Only luspo's mean of f2cd577 sees them. */
  readonly padding?: number;
}

/** One micro-batch: what the objective takes its means over. */
export interface LossBatch {
  readonly completions: readonly LossCompletion[];
  /** Micro-batches whose gradients are summed into one step. */
  readonly accumulation: number;
  /** Trained tokens of the whole generation batch: what dapo, cispo and vespo divide by. */
  readonly tokensInBatch: number;
}

/** How much each token of a completion counts, as the completion's micro-batch has it. */
export interface LossShare {
  /** Weight of its term of policy and KL. */
  readonly weight: number;
  /** Weight of its entropy in the bonus. */
  readonly entropyWeight: number;
}

/** Counted tokens and completions that the logged means are over. */
export interface LossExtent {
  readonly tokens: number;
  readonly rows: number;
}

/** Completions that share a pass, of whichever micro-batches. */
export interface LossPass {
  readonly completions: readonly LossCompletion[];
  /** One per completion. */
  readonly shares: readonly LossShare[];
  /** Of all passes of the step: each then reports its part of the means, and the parts add up. */
  readonly extent: LossExtent;
}

const BATCH = new ShaderStruct('grpo_loss', 'Batch');
/** Settings and divisors of a batch, all off. */
const OFF = {
  ...{ rows: 0, rank: 0, rank_weight: 0, beta: 0, low: 0, high: 0, delta: 0, dual_clip: 0, off_policy: 0 },
  ...{ kl_clamp: 0, tau_pos: 0, tau_neg: 0, k_pos: 0, lambda_pos: 0, k_neg: 0, lambda_neg: 0 },
  ...{ correction_min: 0, correction_max: 0, policy_scale: 0, per_token: 0, per_row: 0 },
};
type Header = Readonly<typeof OFF>;

/** Stands for "no limit" in f32. */
const UNLIMITED = 1e30;

/** Words of a batch buffer that holds up to `completions` completions. */
export function lossBatchWords(completions: number): number {
  return BATCH.words + BATCH.strideOf('row') * completions;
}

/** How many completions a batch buffer of that many words holds. */
export function lossBatchCapacity(words: number): number {
  return Math.floor((words - BATCH.words) / BATCH.strideOf('row'));
}

const countedLength = ({ length, trained }: LossCompletion): number => (trained === false ? 0 : length);

const countTokens = (completions: readonly LossCompletion[]): number =>
  completions.reduce((sum, completion) => sum + countedLength(completion), 0);

/** Tokens that count, and completions. */
function lossExtent(completions: readonly LossCompletion[]): LossExtent {
  return { tokens: countTokens(completions), rows: completions.length };
}

/** The batch buffer's contents for one of the losses of `config` on a pass that is one whole micro-batch. */
export function encodeLossBatch(config: LossConfig, batch: LossBatch): Uint32Array {
  const { completions, accumulation } = batch;
  const policyScale = sumsOverBatch(config) ? 1 : accumulation;
  const pass = { completions, shares: lossShares(config, batch), extent: lossExtent(completions) };
  return encodeLossPass(config, pass, policyScale);
}

/**
 * The batch buffer's contents for one of the losses of `config` on any completions of a step. `policyScale` multiplies the
 * loss before the entropy bonus where that is logged. With an entropy quantile below 1 the pass must be a whole micro-batch,
 * over which the quantile is taken, or be given its `entropyThreshold`.
 */
export function encodeLossPass(config: LossConfig, pass: LossPass, policyScale = 1): Uint32Array {
  const reachesPadding = lossMean(config.lossType) === 'length' && luspoSeesPadding(config);
  const header = { ...lossHeader(config, pass), policy_scale: policyScale };
  return encode(header, pass.completions, pass.shares, reachesPadding);
}

/** What each completion of a micro-batch weighs in the loss of the whole step. */
export function lossShares(config: LossConfig, batch: LossBatch): LossShare[] {
  const tokens = Math.max(1, countTokens(batch.completions));
  const asPolicy = config.rules === 'f2cd577' && sumsOverBatch(config);
  const divisor = asPolicy ? batch.tokensInBatch : tokens * batch.accumulation;
  const entropyWeight = config.entropyCoef / Math.max(1, divisor);
  return completionWeights(config, batch).map((weight) => ({ weight, entropyWeight }));
}

/** The batch buffer's contents for the mean negative log-probability over all `tokens` of a step; advantages are not used. */
export function encodeNllBatch(completions: readonly LossCompletion[], tokens: number): Uint32Array {
  const rows = completions.length;
  const header = { ...OFF, rows, ...means({ tokens, rows }), off_policy: UNLIMITED, policy_scale: 1 };
  const share = { weight: 1 / Math.max(1, tokens), entropyWeight: 0 };
  return encode(
    header,
    completions,
    completions.map(() => share),
    false,
  );
}

function encode(
  header: Header,
  completions: readonly LossCompletion[],
  shares: readonly LossShare[],
  reachesPadding: boolean,
): Uint32Array {
  const row = completions.map((completion, index) => {
    const length = countedLength(completion);
    const { weight, entropyWeight } = shares[index]!;
    return {
      start: completion.start,
      length,
      reach: length + (reachesPadding ? (completion.padding ?? 0) : 0),
      advantage: completion.advantage,
      weight,
      entropy_weight: entropyWeight,
    };
  });
  return BATCH.encode({ ...header, row });
}

const means = ({ tokens, rows }: LossExtent): { per_token: number; per_row: number } => ({
  per_token: 1 / Math.max(1, tokens),
  per_row: 1 / Math.max(1, rows),
});

function lossHeader(config: LossConfig, { completions, extent }: LossPass): Omit<Header, 'policy_scale'> {
  const tokens = countTokens(completions);
  const high = config.epsilonHigh ?? config.epsilon;
  return {
    rows: completions.length,
    ...thresholdRank(config, tokens),
    beta: config.beta,
    low: 1 - config.epsilon,
    high: lossFamily(config.lossType) === 'cispo' ? high : 1 + high,
    delta: config.delta ?? UNLIMITED,
    dual_clip: config.dualClip ?? UNLIMITED,
    off_policy: config.offPolicyMaskThreshold ?? UNLIMITED,
    kl_clamp: config.klClamp ?? UNLIMITED,
    tau_pos: config.sapoTemperaturePos,
    tau_neg: config.sapoTemperatureNeg,
    k_pos: config.vespoKPos,
    lambda_pos: config.vespoLambdaPos,
    k_neg: config.vespoKNeg,
    lambda_neg: config.vespoLambdaNeg,
    correction_min: config.samplerCorrection?.min ?? 0,
    correction_max: config.samplerCorrection?.max ?? UNLIMITED,
    ...means(extent),
  };
}

/** Where the entropy threshold lies among that many sorted entropies. torch.quantile works in float32, the position included. */
function thresholdRank(
  { topEntropyQuantile }: LossConfig,
  tokens: number,
): { readonly rank: number; readonly rank_weight: number } {
  const position = Math.fround(Math.fround(1 - topEntropyQuantile) * Math.max(0, tokens - 1));
  const rank = Math.floor(position);
  return { rank, rank_weight: position - rank };
}

/**
 * Entropy from which on tokens count, and the share of tokens that do, as the shader's `entropy_threshold` finds them: for a
 * micro-batch in several passes.
 */
export function entropyThreshold(config: LossConfig, entropies: readonly Float32Array[]): Float32Array {
  const sorted = Float32Array.from(entropies.flatMap((part) => [...part])).sort();
  const { rank, rank_weight: weight } = thresholdRank(config, sorted.length);
  const value = sorted[rank]!;
  const above = sorted[rank + 1] ?? value;
  const threshold = Math.fround(value + Math.fround(Math.fround(weight) * Math.fround(above - value)));
  return Float32Array.of(threshold, sorted.filter((entropy) => entropy >= threshold).length / sorted.length);
}

/** Whether luspo's ℓ is, by the rules of f2cd577, an array whose mean runs over padding as well, and not one value per completion. */
function luspoSeesPadding(config: LossConfig): boolean {
  if (config.rules !== 'f2cd577') return false;
  return (
    config.importanceSamplingLevel === 'token' ||
    config.beta !== 0 ||
    config.topEntropyQuantile < 1 ||
    config.samplerCorrection?.level === 'token'
  );
}

/** A micro-batch as the means see it: counted tokens of its completions, and divisors that reach over all of the step. */
interface Counts {
  readonly lengths: readonly number[];
  readonly tokens: number;
  /** Completions of all micro-batches. */
  readonly rows: number;
  readonly batch: LossBatch;
}

/** Weight of every token of each completion, by what the loss takes its mean over. */
const WEIGHTS: Readonly<Record<LossMean, (counts: Counts, config: LossConfig) => number[]>> = {
  answer: ({ lengths, rows }) => lengths.map((length) => 1 / (Math.max(1, length) * rows)),
  tokens: ({ lengths, tokens, batch }) => lengths.map(() => 1 / (Math.max(1, tokens) * batch.accumulation)),
  constant: ({ lengths, rows }, config) => lengths.map(() => 1 / (rows * config.maxCompletionLength)),
  batch: ({ lengths, batch }) => lengths.map(() => 1 / Math.max(1, batch.tokensInBatch)),
  length: ({ lengths, rows, batch }, config) => {
    if (!luspoSeesPadding(config)) return lengths.map(() => 1 / rows);
    const width = Math.max(1, ...batch.completions.map(({ length, padding }) => length + (padding ?? 0)));
    return lengths.map((length) => length / (rows * width));
  },
};

function completionWeights(config: LossConfig, batch: LossBatch): number[] {
  const { completions, accumulation } = batch;
  const lengths = completions.map(countedLength);
  const counts = {
    lengths,
    tokens: countTokens(completions),
    rows: completions.length * accumulation,
    batch,
  };
  return WEIGHTS[lossMean(config.lossType)](counts, config);
}

/** Whether the loss divides by the tokens of the whole generation batch, so that accumulation needs no factor. */
function sumsOverBatch({ lossType }: LossConfig): boolean {
  return lossMean(lossType) === 'batch';
}
