/** What each token of a step counts in its loss, by the loss's mean: the divisors of the objective. Pure. */
import type { LossConfig } from './loss-config.ts';
import { type LossMean, lossMean } from './losses.ts';

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

export const countedLength = ({ length, trained }: LossCompletion): number =>
  trained === false ? 0 : length;

export const countTokens = (completions: readonly LossCompletion[]): number =>
  completions.reduce((sum, completion) => sum + countedLength(completion), 0);

/** Tokens that count, and completions. */
export function lossExtent(completions: readonly LossCompletion[]): LossExtent {
  return { tokens: countTokens(completions), rows: completions.length };
}

/** What each completion of a micro-batch weighs in the loss of the whole step. */
export function lossShares(config: LossConfig, batch: LossBatch): LossShare[] {
  const tokens = Math.max(1, countTokens(batch.completions));
  const asPolicy = config.rules === 'f2cd577' && sumsOverBatch(config);
  const divisor = asPolicy ? batch.tokensInBatch : tokens * batch.accumulation;
  const entropyWeight = config.entropyCoef / Math.max(1, divisor);
  return completionWeights(config, batch).map((weight) => ({ weight, entropyWeight }));
}

/** Whether luspo's ℓ is, by the rules of f2cd577, an array whose mean runs over padding as well, and not one value per completion. */
export function luspoSeesPadding(config: LossConfig): boolean {
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
export function sumsOverBatch({ lossType }: LossConfig): boolean {
  return lossMean(lossType) === 'batch';
}
