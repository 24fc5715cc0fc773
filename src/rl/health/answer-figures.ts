/** What a step's answers show besides their scores: empty ones, lengths against rewards, repeats, and the commonest one. */
import { mean } from '../../math/stats.ts';
import type { RolloutGroup } from '../../protocol/messages.ts';
import { foldAnswer } from '../../rewards/answer.ts';

/** Words in a row whose repeats count, and the fewest words of a text in which they do. */
const REPEATED_WORDS = 3;
const LEAST_WORDS = 6;

/** An answer's length and total reward, each less the mean of its group. */
export interface Deviation {
  readonly tokens: number;
  readonly reward: number;
}

export interface AnswerFigures {
  /** Share of answers without any text. */
  readonly emptyShare: number;
  /** How many of `answers` no reward scored. */
  readonly unscored: number;
  readonly deviations: readonly Deviation[];
  /** Mean share of repeated triples of words, over answers of some length; NaN where there is none. */
  readonly repeats: number;
  /** What the answers say, folded; the whole text where there are no answer tags. */
  readonly answers: readonly string[];
  /** The true labels of the step's rows, folded, one per row. */
  readonly labels: readonly string[];
}

/** Undefined for a step without answers. */
export function answerFigures(groups: readonly RolloutGroup[]): AnswerFigures | undefined {
  const completions = groups.flatMap((group) => group.completions);
  if (completions.length === 0) return undefined;
  const texts = completions.map(({ text }) => text);
  return {
    emptyShare: texts.filter((text) => text.trim() === '').length / texts.length,
    unscored: completions.filter(({ total }) => Number.isNaN(total)).length,
    deviations: groups.flatMap(deviationsOf),
    repeats: mean(texts.map(repeatedShare).filter((share) => share !== undefined)),
    answers: completions.map(({ answer, text }) => foldAnswer(answer ?? text)),
    labels: groups.map(({ label }) => foldAnswer(label)),
  };
}

function deviationsOf(group: RolloutGroup): Deviation[] {
  const completions = group.completions.filter(({ total }) => !Number.isNaN(total));
  const tokens = mean(completions.map((completion) => completion.tokens));
  const reward = mean(completions.map(({ total }) => total));
  return completions.map((completion) => ({
    tokens: completion.tokens - tokens,
    reward: completion.total - reward,
  }));
}

/** Share of the triples of words that occurred before in the same text; undefined for a short text. */
function repeatedShare(text: string): number | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length < LEAST_WORDS) return undefined;
  const total = words.length - REPEATED_WORDS + 1;
  const triples = Array.from({ length: total }, (_, i) => words.slice(i, i + REPEATED_WORDS).join(' '));
  return 1 - new Set(triples).size / total;
}

/** Pearson's correlation of length and reward within groups; undefined where one of the two never differs. */
export function lengthCorrelation(deviations: readonly Deviation[]): number | undefined {
  let [both, lengths, rewards] = [0, 0, 0];
  for (const { tokens, reward } of deviations) {
    both += tokens * reward;
    lengths += tokens ** 2;
    rewards += reward ** 2;
  }
  return lengths > 0 && rewards > 0 ? both / Math.sqrt(lengths * rewards) : undefined;
}

/** The value that occurs most often, and its share; of equally common ones the first. */
export function commonest(values: readonly string[]): { readonly value: string; readonly share: number } {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let [most, count] = ['', 0];
  for (const [value, times] of counts) if (times > count) [most, count] = [value, times];
  return { value: most, share: count / values.length };
}
