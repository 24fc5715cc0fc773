/**
 * The GRPO loss family in float64 on padded [completion, token] arrays, term by term as TRL writes it. Gradients are
 * central differences of the loss with every stop-gradient held at the values of the point, so that nothing here is
 * derived by hand.
 */
import type { PaddedBatch } from '../../src/cli/parity/loss-cases.ts';
import { quantile } from '../../src/math/stats.ts';
import type { LossConfig } from '../../src/rl/loss-config.ts';

type Matrix = readonly (readonly number[])[];

export interface ReferenceLoss {
  readonly loss: number;
  readonly metrics: Record<string, number>;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const table = (rows: Matrix, map: (i: number, t: number) => number): number[][] =>
  rows.map((row, i) => row.map((_, t) => map(i, t)));
const maskedSum = (values: Matrix, mask: Matrix): number =>
  sum(values.map((row, i) => sum(row.map((value, t) => (mask[i]![t]! > 0 ? value : 0)))));
const maskedRowMean = (row: readonly number[], mask: readonly number[]): number =>
  sum(row.map((value, t) => (mask[t]! > 0 ? value : 0))) / Math.max(1, sum(mask));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** Tokens whose entropy reaches the (1 - q)-quantile over all valid tokens. */
function entropyMask({ entropies, mask }: PaddedBatch, share: number): number[][] {
  if (share >= 1) return table(mask, () => 1);
  const valid = entropies.flatMap((row, i) => row.filter((_, t) => mask[i]![t]! > 0));
  const threshold = quantile(valid.map(Math.fround), 1 - share);
  return table(mask, (i, t) => (mask[i]![t]! > 0 && Math.fround(entropies[i]![t]!) >= threshold ? 1 : 0));
}

function klTerm(config: LossConfig, difference: number): number {
  const d = config.klClamp === null ? difference : clamp(difference, -config.klClamp, config.klClamp);
  if (config.klEstimator === 'k1') return -d;
  if (config.klEstimator === 'k2') return (d * d) / 2;
  return Math.exp(d) - d - 1;
}

/** Ratio per token; on the level of sequences every token of a row has the row's. */
function ratios(config: LossConfig, logps: Matrix, old: Matrix, mask: Matrix): number[][] {
  const logs = table(logps, (i, t) => logps[i]![t]! - old[i]![t]!);
  if (config.importanceSamplingLevel === 'token') return table(logs, (i, t) => Math.exp(logs[i]![t]!));
  return logs.map((row, i) => row.map(() => Math.exp(maskedRowMean(row, mask[i]!))));
}

function clippedTerm(config: LossConfig, ratio: number, advantage: number): number {
  const high = config.epsilonHigh ?? config.epsilon;
  const capped = config.delta === null ? ratio : Math.min(ratio, config.delta);
  const clipped = clamp(ratio, 1 - config.epsilon, 1 + high);
  const loss = -Math.min(capped * advantage, clipped * advantage);
  if (config.dualClip === null || advantage >= 0) return loss;
  return Math.min(loss, -config.dualClip * advantage);
}

function sapoTerm(config: LossConfig, ratio: number, advantage: number): number {
  const temperature = advantage > 0 ? config.sapoTemperaturePos : config.sapoTemperatureNeg;
  return -advantage * (4 / temperature) * sigmoid(temperature * (ratio - 1));
}

function correctionRatios(config: LossConfig, batch: PaddedBatch, old: Matrix): number[][] {
  const { samplerLogps, mask } = batch;
  const correction = config.samplerCorrection;
  if (!correction || !samplerLogps) return table(mask, () => 1);
  const raw = table(mask, (i, t) => old[i]![t]! - samplerLogps[i]![t]!);
  return raw.map((row, i) =>
    row.map((value, t) => {
      const total = sum(row.map((v, s) => (mask[i]![s]! > 0 ? v : 0)));
      const ratio = Math.exp(correction.level === 'token' ? (mask[i]![t]! > 0 ? value : 0) : total);
      const low = correction.min ?? Number.NEGATIVE_INFINITY;
      const high = correction.max ?? Number.POSITIVE_INFINITY;
      if (correction.mode === 'truncate') return clamp(ratio, low, high);
      return ratio < low || ratio > high ? 0 : ratio;
    }),
  );
}

/** VESPO's weight of each completion, from detached log-probabilities. */
function vespoWeights(
  config: LossConfig,
  batch: PaddedBatch,
  fixed: Matrix,
  old: Matrix,
  correction: Matrix,
): number[] {
  const { kPos, lambdaPos, kNeg, lambdaNeg } = config.vespo;
  return batch.advantages.map((advantage, i) => {
    const terms = batch.mask[i]!.map((m, t) => (m > 0 ? clamp(fixed[i]![t]! - old[i]![t]!, -20, 20) : 0));
    let log = sum(terms);
    if (config.samplerCorrection) {
      const logs = batch.mask[i]!.map((m, t) => (m > 0 ? Math.log(correction[i]![t]!) : 0));
      log +=
        config.samplerCorrection.level === 'token' ? sum(logs) : (logs.find((value) => value !== 0) ?? 0);
    }
    log = clamp(log, Math.log(1e-8), 20);
    const [k, lambda] = advantage >= 0 ? [kPos, lambdaPos] : [kNeg, lambdaNeg];
    const weight = Math.exp(lambda + k * log - lambda * Math.exp(log));
    return Number.isFinite(weight) ? weight : 0;
  });
}

/** Loss of `logps`; `fixed` are the same log-probabilities behind every stop-gradient. */
export function referenceLoss(
  config: LossConfig,
  batch: PaddedBatch,
  logps: Matrix = batch.logps,
  fixed: Matrix = batch.logps,
): ReferenceLoss {
  const { mask, advantages, entropies } = batch;
  const old = batch.oldLogps ?? fixed;
  const high = config.epsilonHigh ?? config.epsilon;
  const ratio = ratios(config, logps, old, mask);
  const fixedRatio = ratios(config, fixed, old, mask);
  const correction = correctionRatios(config, batch, old);
  const phi = vespoWeights(config, batch, fixed, old, correction);
  const entropyKeep = entropyMask(batch, config.topEntropyQuantile);
  const sampler = batch.samplerLogps ?? old;
  const policy = table(mask, (i, t) => {
    const advantage = advantages[i]!;
    if (config.lossType === 'cispo') return -Math.min(fixedRatio[i]![t]!, high) * advantage * logps[i]![t]!;
    if (config.lossType === 'vespo') return -phi[i]! * advantage * logps[i]![t]!;
    if (config.lossType === 'sapo') return sapoTerm(config, ratio[i]![t]!, advantage);
    return clippedTerm(config, ratio[i]![t]!, advantage);
  });
  const rowKeep = advantages.map((advantage, i) => {
    const moved = maskedRowMean(
      mask[i]!.map((_, t) => sampler[i]![t]! - fixed[i]![t]!),
      mask[i]!,
    );
    return config.offPolicyMaskThreshold === null || advantage >= 0 || moved <= config.offPolicyMaskThreshold
      ? 1
      : 0;
  });
  const kl = table(mask, (i, t) => {
    if (config.beta === 0) return 0;
    const term = klTerm(config, batch.refLogps![i]![t]! - logps[i]![t]!);
    return config.useBiasCorrectionKl ? term * ratio[i]![t]! : term;
  });
  const perToken = table(mask, (i, t) => {
    const factor = config.lossType === 'vespo' ? 1 : correction[i]![t]!;
    return policy[i]![t]! * rowKeep[i]! * entropyKeep[i]![t]! * factor + config.beta * kl[i]![t]!;
  });
  const policyLoss = aggregate(config, batch, perToken);
  const { loss, metrics } = withEntropy(config, batch, policyLoss);
  metrics.entropy = maskedSum(entropies, mask) / Math.max(1, sum(mask.flat()));
  if (config.beta !== 0) metrics.kl = maskedSum(kl, mask) / Math.max(1, sum(mask.flat()));
  return { loss, metrics: { ...metrics, ...ratioMetrics(config, batch, fixedRatio, phi) } };
}

function aggregate(config: LossConfig, batch: PaddedBatch, perToken: Matrix): number {
  const { mask, accumulation } = batch;
  const rows = mask.length;
  const lengths = mask.map((row) => sum(row));
  switch (config.lossType) {
    case 'grpo':
    case 'sapo':
      return mean(perToken.map((row, i) => maskedRowMean(row, mask[i]!))) / accumulation;
    case 'bnpo':
      return maskedSum(perToken, mask) / Math.max(1, sum(lengths)) / accumulation;
    case 'dr_grpo':
      return maskedSum(perToken, mask) / (rows * config.maxCompletionLength) / accumulation;
    case 'luspo':
      return luspo(config, perToken, lengths) / accumulation;
    default:
      return maskedSum(perToken, mask) / batch.tokensInBatch;
  }
}

/** One value per completion, or TRL's array of all tokens, in which padding counts too. */
function luspo(config: LossConfig, perToken: Matrix, lengths: readonly number[]): number {
  const perRow =
    config.importanceSamplingLevel === 'sequence' &&
    config.beta === 0 &&
    config.topEntropyQuantile >= 1 &&
    config.samplerCorrection?.level !== 'token';
  if (perRow) return mean(perToken.map((row, i) => row[0]! * lengths[i]!));
  return mean(perToken.flatMap((row, i) => row.map((value) => value * lengths[i]!)));
}

function withEntropy(
  config: LossConfig,
  { mask, entropies, accumulation, tokensInBatch }: PaddedBatch,
  policyLoss: number,
): { loss: number; metrics: Record<string, number> } {
  if (config.entropyCoef === 0) return { loss: policyLoss, metrics: {} };
  const overBatch = ['dapo', 'cispo', 'vespo'].includes(config.lossType);
  const divisor = overBatch ? tokensInBatch : Math.max(1, sum(mask.flat())) * accumulation;
  return {
    loss: policyLoss - (config.entropyCoef * maskedSum(entropies, mask)) / divisor,
    metrics: {
      policy_loss: overBatch ? policyLoss : policyLoss * accumulation,
      entropy_coef: config.entropyCoef,
    },
  };
}

function ratioMetrics(
  config: LossConfig,
  { mask, advantages }: PaddedBatch,
  ratio: Matrix,
  phi: readonly number[],
): Record<string, number> {
  if (config.lossType === 'sapo') return {};
  if (config.lossType === 'vespo') return { 'vespo/phi_seq_mean': mean(phi) };
  const high = config.epsilonHigh ?? config.epsilon;
  const perRow = config.importanceSamplingLevel === 'sequence';
  const batchMean = (flags: Matrix): number =>
    perRow ? mean(flags.map((row) => row[0]!)) : maskedSum(flags, mask) / Math.max(1, sum(mask.flat()));
  const rowMeans = (flags: Matrix): number[] =>
    flags.map((row, i) => (perRow ? row[0]! : maskedRowMean(row, mask[i]!)));
  if (config.lossType === 'cispo') {
    const capped = table(mask, (i, t) => (ratio[i]![t]! > high && advantages[i]! > 0 ? 1 : 0));
    return { cispo_clip_ratio: batchMean(capped) };
  }
  const seen = (i: number, t: number) => Math.min(ratio[i]![t]!, config.delta ?? Number.POSITIVE_INFINITY);
  const low = table(mask, (i, t) => (seen(i, t) < 1 - config.epsilon && advantages[i]! < 0 ? 1 : 0));
  const above = table(mask, (i, t) => (seen(i, t) > 1 + high && advantages[i]! > 0 ? 1 : 0));
  return {
    'clip_ratio/low_mean': batchMean(low),
    'clip_ratio/low_min': Math.min(...rowMeans(low)),
    'clip_ratio/high_mean': batchMean(above),
    'clip_ratio/high_max': Math.max(...rowMeans(above)),
    'clip_ratio/region_mean': batchMean(low) + batchMean(above),
  };
}

/** d loss / d logps by central differences. */
export function referenceGradient(config: LossConfig, batch: PaddedBatch, step = 1e-5): number[][] {
  const shifted = (i: number, t: number, delta: number): number => {
    const logps = batch.logps.map((row, k) => (k === i ? row.map((v, s) => (s === t ? v + delta : v)) : row));
    return referenceLoss(config, batch, logps).loss;
  };
  return table(batch.mask, (i, t) => (shifted(i, t, step) - shifted(i, t, -step)) / (2 * step));
}

/** d loss / d entropies: the bonus is linear in them. */
export function referenceEntropyGradient(config: LossConfig, batch: PaddedBatch): number[][] {
  const { mask, accumulation, tokensInBatch } = batch;
  const overBatch = ['dapo', 'cispo', 'vespo'].includes(config.lossType);
  const divisor = overBatch ? tokensInBatch : Math.max(1, sum(mask.flat())) * accumulation;
  return table(mask, (i, t) => (mask[i]![t]! > 0 ? -config.entropyCoef / divisor : 0));
}
