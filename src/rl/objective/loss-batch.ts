/** What the loss kernels read besides log-probabilities: one buffer of settings and completions, rewritten every step. */
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
  /** Tokens that follow as padding in an array of the reference; none in a packed batch. Only luspo's mean sees them. */
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

/** Header fields in the shader's order; `rows` and `rank` are u32, the rest f32. */
const HEADER = [
  'rows',
  'rank',
  'rankWeight',
  'beta',
  'low',
  'high',
  'delta',
  'dualClip',
  'offPolicy',
  'klClamp',
  'tauPos',
  'tauNeg',
  'kPos',
  'lambdaPos',
  'kNeg',
  'lambdaNeg',
  'correctionMin',
  'correctionMax',
  'policyScale',
  'perToken',
  'perRow',
] as const;
const ROW_WORDS = 6;
/** Stands for "no limit" in f32. */
const UNLIMITED = 1e30;

type Header = Record<(typeof HEADER)[number], number>;

/** Words of a batch buffer that holds up to `completions` completions. */
export function lossBatchWords(completions: number): number {
  return HEADER.length + ROW_WORDS * completions;
}

/** How many completions a batch buffer of that many words holds. */
export function lossBatchCapacity(words: number): number {
  return Math.floor((words - HEADER.length) / ROW_WORDS);
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
 * over which the quantile is taken.
 */
export function encodeLossPass(config: LossConfig, pass: LossPass, policyScale = 1): Uint32Array {
  const reachesPadding = lossMean(config.lossType) === 'length' && !luspoIsPerCompletion(config);
  const header = { ...lossHeader(config, pass), policyScale };
  return encode(header, pass.completions, pass.shares, reachesPadding);
}

/** What each completion of a micro-batch weighs in the loss of the whole step. */
export function lossShares(config: LossConfig, batch: LossBatch): LossShare[] {
  const tokens = Math.max(1, countTokens(batch.completions));
  const divisor = sumsOverBatch(config) ? batch.tokensInBatch : tokens * batch.accumulation;
  const entropyWeight = config.entropyCoef / Math.max(1, divisor);
  return completionWeights(config, batch).map((weight) => ({ weight, entropyWeight }));
}

/** The batch buffer's contents for the mean negative log-probability over all `tokens` of a step; advantages are not used. */
export function encodeNllBatch(completions: readonly LossCompletion[], tokens: number): Uint32Array {
  const rows = completions.length;
  const header: Partial<Header> = { rows, ...means({ tokens, rows }), offPolicy: UNLIMITED, policyScale: 1 };
  const share = { weight: 1 / Math.max(1, tokens), entropyWeight: 0 };
  return encode(
    header,
    completions,
    completions.map(() => share),
    false,
  );
}

function encode(
  header: Partial<Header>,
  completions: readonly LossCompletion[],
  shares: readonly LossShare[],
  reachesPadding: boolean,
): Uint32Array {
  const words = new Uint32Array(lossBatchWords(completions.length));
  const floats = new Float32Array(words.buffer);
  HEADER.forEach((name, index) => {
    const value = header[name] ?? 0;
    if (name === 'rows' || name === 'rank') words[index] = value;
    else floats[index] = value;
  });
  completions.forEach((completion, row) => {
    const at = HEADER.length + row * ROW_WORDS;
    const length = countedLength(completion);
    words[at] = completion.start;
    words[at + 1] = length;
    words[at + 2] = length + (reachesPadding ? (completion.padding ?? 0) : 0);
    floats[at + 3] = completion.advantage;
    const { weight, entropyWeight } = shares[row]!;
    floats[at + 4] = weight;
    floats[at + 5] = entropyWeight;
  });
  return words;
}

const means = ({ tokens, rows }: LossExtent): { perToken: number; perRow: number } => ({
  perToken: 1 / Math.max(1, tokens),
  perRow: 1 / Math.max(1, rows),
});

function lossHeader(config: LossConfig, { completions, extent }: LossPass): Omit<Header, 'policyScale'> {
  const tokens = countTokens(completions);
  const high = config.epsilonHigh ?? config.epsilon;
  // torch.quantile works in float32, the position included.
  const position = Math.fround(Math.fround(1 - config.topEntropyQuantile) * Math.max(0, tokens - 1));
  return {
    rows: completions.length,
    rank: Math.floor(position),
    rankWeight: position - Math.floor(position),
    beta: config.beta,
    low: 1 - config.epsilon,
    high: lossFamily(config.lossType) === 'cispo' ? high : 1 + high,
    delta: config.delta ?? UNLIMITED,
    dualClip: config.dualClip ?? UNLIMITED,
    offPolicy: config.offPolicyMaskThreshold ?? UNLIMITED,
    klClamp: config.klClamp ?? UNLIMITED,
    tauPos: config.sapoTemperaturePos,
    tauNeg: config.sapoTemperatureNeg,
    kPos: config.vespoKPos,
    lambdaPos: config.vespoLambdaPos,
    kNeg: config.vespoKNeg,
    lambdaNeg: config.vespoLambdaNeg,
    correctionMin: config.samplerCorrection?.min ?? 0,
    correctionMax: config.samplerCorrection?.max ?? UNLIMITED,
    ...means(extent),
  };
}

/** Whether luspo's ℓ is one value per completion; otherwise it is an array whose mean runs over padding as well. */
function luspoIsPerCompletion(config: LossConfig): boolean {
  return (
    config.importanceSamplingLevel === 'sequence' &&
    config.beta === 0 &&
    config.topEntropyQuantile >= 1 &&
    config.samplerCorrection?.level !== 'token'
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
    if (luspoIsPerCompletion(config)) return lengths.map(() => 1 / rows);
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
