/** What the loss kernels read besides log-probabilities: one buffer of settings and completions, rewritten every step. */
import { ShaderStruct } from '../../gpu/index.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import {
  countedLength,
  countTokens,
  type LossBatch,
  type LossCompletion,
  type LossExtent,
  type LossShare,
  lossExtent,
  lossShares,
  luspoSeesPadding,
  sumsOverBatch,
} from '../../protocol/loss-shares.ts';
import { lossFamily, lossMean } from '../../protocol/losses.ts';

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
