/** What the loss kernels read besides log-probabilities: one buffer of settings and completions, rewritten every step. */
import { type LossConfig, lossFamily, sumsOverBatch } from './loss-config.ts';

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

/** One micro-batch. */
export interface LossBatch {
  readonly completions: readonly LossCompletion[];
  /** Micro-batches whose gradients are summed into one step. */
  readonly accumulation: number;
  /** Trained tokens of the whole generation batch: what dapo, cispo and vespo divide by. */
  readonly tokensInBatch: number;
}

/** Header fields in the shader's order; `rows` and `rank` are u32, the rest f32. */
const HEADER = [
  'rows',
  'rank',
  'rankWeight',
  'entropyScale',
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
const ROW_WORDS = 5;
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

/** The batch buffer's contents for one of the losses of `config`. */
export function encodeLossBatch(config: LossConfig, batch: LossBatch): Uint32Array {
  const weights = completionWeights(config, batch);
  const reachesPadding = config.lossType === 'luspo' && !luspoIsPerCompletion(config);
  return encode(lossHeader(config, batch), batch.completions, weights, reachesPadding);
}

/**
 * The batch buffer's contents for the mean negative log-probability over `divisor` tokens (of this micro-batch, or of all
 * micro-batches of the step); advantages are not used.
 */
export function encodeNllBatch(completions: readonly LossCompletion[], divisor: number): Uint32Array {
  const tokens = completions.reduce((sum, completion) => sum + countedLength(completion), 0);
  const header: Partial<Header> = { rows: completions.length, ...means(tokens, completions.length) };
  const weights = completions.map(() => 1 / Math.max(1, divisor));
  return encode({ ...header, offPolicy: UNLIMITED, policyScale: 1 }, completions, weights, false);
}

function encode(
  header: Partial<Header>,
  completions: readonly LossCompletion[],
  weights: readonly number[],
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
    floats[at + 4] = weights[row]!;
  });
  return words;
}

const means = (tokens: number, rows: number): { perToken: number; perRow: number } => ({
  perToken: 1 / Math.max(1, tokens),
  perRow: 1 / Math.max(1, rows),
});

function lossHeader(config: LossConfig, batch: LossBatch): Header {
  const rows = batch.completions.length;
  const tokens = batch.completions.reduce((sum, completion) => sum + countedLength(completion), 0);
  const high = config.epsilonHigh ?? config.epsilon;
  const overBatch = sumsOverBatch(config.lossType);
  const entropyDivisor = overBatch ? batch.tokensInBatch : Math.max(1, tokens) * batch.accumulation;
  // torch.quantile works in float32, the position included.
  const position = Math.fround(Math.fround(1 - config.topEntropyQuantile) * Math.max(0, tokens - 1));
  return {
    rows,
    rank: Math.floor(position),
    rankWeight: position - Math.floor(position),
    entropyScale: config.entropyCoef / Math.max(1, entropyDivisor),
    beta: config.beta,
    low: 1 - config.epsilon,
    high: lossFamily(config.lossType) === 'cispo' ? high : 1 + high,
    delta: config.delta ?? UNLIMITED,
    dualClip: config.dualClip ?? UNLIMITED,
    offPolicy: config.offPolicyMaskThreshold ?? UNLIMITED,
    klClamp: config.klClamp ?? UNLIMITED,
    tauPos: config.sapoTemperaturePos,
    tauNeg: config.sapoTemperatureNeg,
    ...config.vespo,
    correctionMin: config.samplerCorrection?.min ?? 0,
    correctionMax: config.samplerCorrection?.max ?? UNLIMITED,
    policyScale: overBatch ? 1 : batch.accumulation,
    ...means(tokens, rows),
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

/** Weight of every token of each completion: what the loss type's means divide by, and luspo's length in front. */
function completionWeights(config: LossConfig, batch: LossBatch): number[] {
  const { completions, accumulation } = batch;
  const lengths = completions.map(countedLength);
  const rows = completions.length * accumulation;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  switch (config.lossType) {
    case 'grpo':
    case 'sapo':
      return lengths.map((length) => 1 / (Math.max(1, length) * rows));
    case 'bnpo':
      return lengths.map(() => 1 / (Math.max(1, tokens) * accumulation));
    case 'dr_grpo':
      return lengths.map(() => 1 / (rows * config.maxCompletionLength));
    case 'luspo': {
      if (luspoIsPerCompletion(config)) return lengths.map(() => 1 / rows);
      const width = Math.max(1, ...completions.map(({ length, padding }) => length + (padding ?? 0)));
      return lengths.map((length) => length / (rows * width));
    }
    default:
      return lengths.map(() => 1 / Math.max(1, batch.tokensInBatch));
  }
}
