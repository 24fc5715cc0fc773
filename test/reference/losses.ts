/**
 * The GRPO loss family in float64 on padded [completion, token] arrays, term by term as TRL writes it. Gradients are
 * central differences of the loss with every stop-gradient held at the values of the point, so that nothing here is
 * derived by hand.
 */
import type { PaddedBatch } from '../../src/cli/parity/loss-cases.ts';
import { quantile } from '../../src/math/stats.ts';
import type { LossConfig, LossType } from '../../src/protocol/loss-config.ts';

type Matrix = readonly (readonly number[])[];
type Metrics = Record<string, number>;

export interface ReferenceLoss {
  readonly loss: number;
  readonly metrics: Metrics;
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
  return batch.advantages.map((advantage, i) => {
    const terms = batch.mask[i]!.map((m, t) => (m > 0 ? clamp(fixed[i]![t]! - old[i]![t]!, -20, 20) : 0));
    let log = sum(terms);
    if (config.samplerCorrection) {
      const logs = batch.mask[i]!.map((m, t) => (m > 0 ? Math.log(correction[i]![t]!) : 0));
      log +=
        config.samplerCorrection.level === 'token' ? sum(logs) : (logs.find((value) => value !== 0) ?? 0);
    }
    log = clamp(log, Math.log(1e-8), 20);
    const [k, lambda] =
      advantage >= 0 ? [config.vespoKPos, config.vespoLambdaPos] : [config.vespoKNeg, config.vespoLambdaNeg];
    const weight = Math.exp(lambda + k * log - lambda * Math.exp(log));
    return Number.isFinite(weight) ? weight : 0;
  });
}

/** What a token's policy term is made of. */
interface Point {
  readonly logp: number;
  readonly ratio: number;
  /** The ratio behind the stop-gradient. */
  readonly fixedRatio: number;
  readonly phi: number;
  readonly advantage: number;
}

interface Family {
  readonly term: (config: LossConfig, point: Point) => number;
  /** What it logs of ratios and weights. */
  readonly metrics: (
    config: LossConfig,
    batch: PaddedBatch,
    ratio: Matrix,
    phi: readonly number[],
  ) => Metrics;
  /** Whether the sampler's correction is in the weight already. */
  readonly correctsItself?: true;
}

const CLIPPED: Family = {
  term: (config, { ratio, advantage }) => clippedTerm(config, ratio, advantage),
  metrics: clipMetrics,
};
const CISPO: Family = {
  term: (config, { logp, fixedRatio, advantage }) =>
    -Math.min(fixedRatio, config.epsilonHigh ?? config.epsilon) * advantage * logp,
  metrics: capMetrics,
};
const SAPO: Family = {
  term: (config, { ratio, advantage }) => sapoTerm(config, ratio, advantage),
  metrics: () => ({}),
};
const VESPO: Family = {
  term: (_, { logp, phi, advantage }) => -phi * advantage * logp,
  metrics: (_config, _batch, _ratio, phi) => ({ 'vespo/phi_seq_mean': mean(phi) }),
  correctsItself: true,
};

/** Mean of per-token terms over the step. */
type Mean = (config: LossConfig, batch: PaddedBatch, perToken: Matrix) => number;

const perAnswer: Mean = (_, { mask, accumulation }, perToken) =>
  mean(perToken.map((row, i) => maskedRowMean(row, mask[i]!))) / accumulation;
const perMicroBatch: Mean = (_, { mask, accumulation }, perToken) =>
  maskedSum(perToken, mask) / Math.max(1, sum(mask.flat())) / accumulation;
const perLongest: Mean = (config, { mask, accumulation }, perToken) =>
  maskedSum(perToken, mask) / (mask.length * config.maxCompletionLength) / accumulation;
const overBatch: Mean = (_, { mask, tokensInBatch }, perToken) => maskedSum(perToken, mask) / tokensInBatch;
const timesLength: Mean = (config, { mask, accumulation }, perToken) => {
  if (config.rules === 'today') return maskedSum(perToken, mask) / mask.length / accumulation;
  const lengths = mask.map((row) => sum(row));
  return luspo(config, perToken, lengths) / accumulation;
};

/** Every loss a second time, from TRL's code and not from the table of losses. */
const REFERENCES: Readonly<Record<LossType, readonly [Family, Mean]>> = {
  grpo: [CLIPPED, perAnswer],
  bnpo: [CLIPPED, perMicroBatch],
  dr_grpo: [CLIPPED, perLongest],
  dapo: [CLIPPED, overBatch],
  luspo: [CLIPPED, timesLength],
  cispo: [CISPO, overBatch],
  sapo: [SAPO, perAnswer],
  vespo: [VESPO, overBatch],
};

/** Loss of `logps`; `fixed` are the same log-probabilities behind every stop-gradient. */
export function referenceLoss(
  config: LossConfig,
  batch: PaddedBatch,
  logps: Matrix = batch.logps,
  fixed: Matrix = batch.logps,
): ReferenceLoss {
  const { mask, advantages, entropies } = batch;
  const old = batch.oldLogps ?? fixed;
  const ratio = ratios(config, logps, old, mask);
  const fixedRatio = ratios(config, fixed, old, mask);
  const correction = correctionRatios(config, batch, old);
  const phi = vespoWeights(config, batch, fixed, old, correction);
  const entropyKeep = entropyMask(batch, config.topEntropyQuantile);
  const sampler = batch.samplerLogps ?? old;
  const [family, aggregate] = REFERENCES[config.lossType];
  const policy = table(mask, (i, t) =>
    family.term(config, {
      logp: logps[i]![t]!,
      ratio: ratio[i]![t]!,
      fixedRatio: fixedRatio[i]![t]!,
      phi: phi[i]!,
      advantage: advantages[i]!,
    }),
  );
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
    const factor = family.correctsItself ? 1 : correction[i]![t]!;
    return policy[i]![t]! * rowKeep[i]! * entropyKeep[i]![t]! * factor + config.beta * kl[i]![t]!;
  });
  const policyLoss = aggregate(config, batch, perToken);
  const { loss, metrics } = withEntropy(config, batch, rewardedTokens(config, batch), policyLoss);
  metrics.entropy = maskedSum(entropies, mask) / Math.max(1, sum(mask.flat()));
  if (config.beta !== 0) metrics.kl = maskedSum(kl, mask) / Math.max(1, sum(mask.flat()));
  return { loss, metrics: { ...metrics, ...family.metrics(config, batch, fixedRatio, phi) } };
}

/** By the rules of f2cd577: one value per completion, or its array of all tokens, in which padding counts too. */
function luspo(config: LossConfig, perToken: Matrix, lengths: readonly number[]): number {
  const perRow =
    config.importanceSamplingLevel === 'sequence' &&
    config.beta === 0 &&
    config.topEntropyQuantile >= 1 &&
    config.samplerCorrection?.level !== 'token';
  if (perRow) return mean(perToken.map((row, i) => row[0]! * lengths[i]!));
  return mean(perToken.flatMap((row, i) => row.map((value) => value * lengths[i]!)));
}

const isOverBatch = ({ lossType }: LossConfig): boolean => REFERENCES[lossType][1] === overBatch;

function entropyDivisor(
  config: LossConfig,
  { mask, accumulation, tokensInBatch }: Pick<PaddedBatch, 'mask' | 'accumulation' | 'tokensInBatch'>,
): number {
  const asPolicy = config.rules === 'f2cd577' && isOverBatch(config);
  return asPolicy ? tokensInBatch : Math.max(1, sum(mask.flat())) * accumulation;
}

/** Tokens that the entropy bonus is for: those that the entropy mask leaves. */
function rewardedTokens(config: LossConfig, batch: PaddedBatch): number[][] {
  const keep = entropyMask(batch, config.topEntropyQuantile);
  return table(batch.mask, (i, t) => batch.mask[i]![t]! * keep[i]![t]!);
}

function withEntropy(
  config: LossConfig,
  { entropies, accumulation, tokensInBatch }: PaddedBatch,
  rewarded: Matrix,
  policyLoss: number,
): { loss: number; metrics: Metrics } {
  if (config.entropyCoef === 0) return { loss: policyLoss, metrics: {} };
  const divisor = entropyDivisor(config, { mask: rewarded, accumulation, tokensInBatch });
  return {
    loss: policyLoss - (config.entropyCoef * maskedSum(entropies, rewarded)) / divisor,
    metrics: {
      policy_loss: isOverBatch(config) ? policyLoss : policyLoss * accumulation,
      entropy_coef: config.entropyCoef,
    },
  };
}

/** Mean of flags over tokens; on the level of sequences over completions. */
function batchMean(config: LossConfig, { mask }: PaddedBatch, flags: Matrix): number {
  if (config.importanceSamplingLevel === 'sequence') return mean(flags.map((row) => row[0]!));
  return maskedSum(flags, mask) / Math.max(1, sum(mask.flat()));
}

function capMetrics(config: LossConfig, batch: PaddedBatch, ratio: Matrix): Metrics {
  const high = config.epsilonHigh ?? config.epsilon;
  const capped = table(batch.mask, (i, t) => (ratio[i]![t]! > high && batch.advantages[i]! > 0 ? 1 : 0));
  return { cispo_clip_ratio: batchMean(config, batch, capped) };
}

function clipMetrics(config: LossConfig, batch: PaddedBatch, ratio: Matrix): Metrics {
  const { mask, advantages } = batch;
  const high = config.epsilonHigh ?? config.epsilon;
  const perRow = config.importanceSamplingLevel === 'sequence';
  const rowMeans = (flags: Matrix): number[] =>
    flags.map((row, i) => (perRow ? row[0]! : maskedRowMean(row, mask[i]!)));
  const seen = (i: number, t: number) => Math.min(ratio[i]![t]!, config.delta ?? Number.POSITIVE_INFINITY);
  const low = table(mask, (i, t) => (seen(i, t) < 1 - config.epsilon && advantages[i]! < 0 ? 1 : 0));
  const above = table(mask, (i, t) => (seen(i, t) > 1 + high && advantages[i]! > 0 ? 1 : 0));
  return {
    'clip_ratio/low_mean': batchMean(config, batch, low),
    'clip_ratio/low_min': Math.min(...rowMeans(low)),
    'clip_ratio/high_mean': batchMean(config, batch, above),
    'clip_ratio/high_max': Math.max(...rowMeans(above)),
    'clip_ratio/region_mean': batchMean(config, batch, low) + batchMean(config, batch, above),
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
  const mask = rewardedTokens(config, batch);
  const divisor = entropyDivisor(config, { ...batch, mask });
  return table(mask, (i, t) => (mask[i]![t]! > 0 ? -config.entropyCoef / divisor : 0));
}
