/** What is known of every token that a step sampled: what the sampler reported, and what the update's passes read back. */

import type { LossConfig } from '../../protocol/loss-config.ts';
import { type LossFamily, lossFamily } from '../../protocol/losses.ts';
import { StreamDecoder, type Tokenizer } from '../../text/tokenizer.ts';
import type { Completion } from '../rollout/generator.ts';
import type { MicroResult } from '../update/update.ts';

/** Whether the loss clips a token's ratio, and on which side. */
export const CLIP = { none: 0, low: 1, high: 2 } as const;

/** What the loss pass found of an answer, by token. Differences are taken before anything is rounded for storage. */
export interface PassTokens {
  /** Of the policy, in the last pass over the batch. */
  readonly logProbs: Float32Array;
  /** Nats. */
  readonly entropies: Float32Array;
  /** Log-probability of the first pass less the sampler's: of the same weights, computed in two ways. */
  readonly mismatches: Float32Array;
  /** Logarithm of the ratio that the loss takes, one for all tokens on the level of sequences. Absent where every ratio is 1. */
  readonly logRatios?: Float32Array;
  /** The reference's log-probability less the policy's; only of a loss with a KL term. */
  readonly references?: Float32Array;
  /** Of `CLIP`; absent of a loss that does not clip. */
  readonly clips?: Uint8Array;
}

/** An answer token by token. */
export interface AnswerTokens {
  readonly ids: Uint32Array;
  /** Text of each token, special ones included. A character that takes several tokens stands at the last of them. */
  readonly pieces: readonly string[];
  /** Log-probabilities as the sampler reported them. */
  readonly sampler: Float32Array;
  /** Absent of an answer that went through no pass. */
  readonly pass?: PassTokens;
}

/** A step's answers, group by group. */
export interface SampledStep {
  readonly groupSize: number;
  readonly completions: readonly Pick<Completion, 'ids' | 'logProbs'>[];
  readonly advantages: readonly number[];
}

/** Every answer of a step, token by token. Nothing is computed on the device for it, and nothing more is read back. */
export function answerTokens(
  objective: LossConfig,
  { groupSize, completions, advantages }: SampledStep,
  micro: readonly MicroResult[],
  tokenizer: Pick<Tokenizer, 'decode'>,
): AnswerTokens[] {
  const passes = new Map<number, PassTokens>();
  for (const pass of micro) {
    const rows = pass.groups.flatMap(({ index, kept }) => kept.map((place) => index * groupSize + place));
    for (const [at, row] of rows.entries()) {
      const [start, length] = [pass.arrays.starts[at]!, pass.arrays.lengths[at]!];
      const { logProbs: sampler } = completions[row]!;
      passes.set(row, passTokens(objective, pass, { start, length, sampler, advantage: advantages[row]! }));
    }
  }
  return completions.map(({ ids, logProbs }, row) => {
    const pass = passes.get(row);
    return { ids, pieces: piecesOf(ids, tokenizer), sampler: logProbs, ...(pass ? { pass } : {}) };
  });
}

/** Where an answer lies in its pass, and what it brought there. */
interface PassRow {
  readonly start: number;
  readonly length: number;
  readonly sampler: Float32Array;
  readonly advantage: number;
}

function passTokens(
  objective: LossConfig,
  found: Pick<MicroResult, 'logProbs' | 'entropies' | 'oldLogProbs' | 'refLogProbs'>,
  { start, length, sampler, advantage }: PassRow,
): PassTokens {
  const cut = (values: Float32Array): Float32Array => values.slice(start, start + length);
  const logProbs = cut(found.logProbs);
  const old = found.oldLogProbs && cut(found.oldLogProbs);
  const logRatios = old && ratioLogs(objective, difference(logProbs, old));
  const references = found.refLogProbs && difference(cut(found.refLogProbs), logProbs);
  const clips = clipsOf(objective, logRatios ?? new Float32Array(length), advantage);
  return {
    ...{ logProbs, entropies: cut(found.entropies), mismatches: difference(old ?? logProbs, sampler) },
    ...(logRatios ? { logRatios } : {}),
    ...(references ? { references } : {}),
    ...(clips ? { clips } : {}),
  };
}

const difference = (a: Float32Array, b: Float32Array): Float32Array =>
  a.map((value, token) => value - b[token]!);

/** On the level of sequences every token has the ratio of the whole: that of the mean. */
function ratioLogs({ importanceSamplingLevel }: LossConfig, shifts: Float32Array): Float32Array {
  if (importanceSamplingLevel === 'token') return shifts;
  const mean = shifts.reduce((sum, shift) => sum + shift, 0) / Math.max(1, shifts.length);
  return shifts.map(() => mean);
}

/** What a family bounds the ratio by: on both sides of 1, or by a cap. */
const CLIPS: Partial<Record<LossFamily, 'bounds' | 'cap'>> = { clipped: 'bounds', cispo: 'cap' };

/** As `clip_flags` of shaders/grpo_loss.wgsl, in its precision. Undefined of a loss that has no such bounds. */
function clipsOf(objective: LossConfig, logRatios: Float32Array, advantage: number): Uint8Array | undefined {
  const kind = CLIPS[lossFamily(objective.lossType)];
  if (!kind) return undefined;
  const { epsilon, epsilonHigh, delta } = objective;
  const isCapped = kind === 'cap';
  const low = Math.fround(1 - epsilon);
  const high = Math.fround((isCapped ? 0 : 1) + (epsilonHigh ?? epsilon));
  return Uint8Array.from(logRatios, (logRatio) => {
    const ratio = Math.fround(Math.exp(logRatio));
    const seen = isCapped ? ratio : Math.min(ratio, delta ?? Number.POSITIVE_INFINITY);
    if (!isCapped && seen < low && advantage < 0) return CLIP.low;
    return seen > high && advantage > 0 ? CLIP.high : CLIP.none;
  });
}

/** The KL term of each token as the loss has it, by the estimator and the clamp of its settings. */
export function klTerms(
  {
    klEstimator,
    klClamp,
    useBiasCorrectionKl,
  }: Pick<LossConfig, 'klEstimator' | 'klClamp' | 'useBiasCorrectionKl'>,
  references: Float32Array,
  ratios: Float32Array,
): Float32Array {
  const most = klClamp ?? Number.POSITIVE_INFINITY;
  return references.map((reference, token) => {
    const d = Math.min(most, Math.max(-most, reference));
    // exp(d) - d - 1 loses all digits where d is small.
    const term = klEstimator === 'k1' ? -d : klEstimator === 'k2' ? (d * d) / 2 : Math.expm1(d) - d;
    return useBiasCorrectionKl ? term * ratios[token]! : term;
  });
}

/** The text that each token adds; what is left of a broken character stands at the last one. */
function piecesOf(ids: Uint32Array, tokenizer: Pick<Tokenizer, 'decode'>): string[] {
  const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens: false });
  const pieces = Array.from(ids, (id) => decoder.push(id));
  const rest = decoder.flush();
  if (pieces.length > 0) pieces[pieces.length - 1] += rest;
  return pieces;
}
