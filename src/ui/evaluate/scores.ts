/** Which evaluations are shown and compared, and which of their clips. Pure. */
import { formatMetric, formatPercent } from '../../math/format.ts';
import { type EvalKind, rewardOf } from '../../protocol/eval-kinds.ts';
import { type ClipPair, type EvalChange, isSameMeasure, whyNotCompared } from '../../protocol/evaluation.ts';
import type { ClosedEval, EvalClip, EvalResult, Mute } from '../../protocol/messages.ts';

/** The evaluation shown when none is chosen: the latest of the furthest step, one with both senses if there is any. */
export function newestOf(evals: readonly EvalResult[]): EvalResult | undefined {
  const whole = evals.filter(({ mute }) => mute === undefined);
  const candidates = whole.length > 0 ? whole : evals;
  const furthest = Math.max(...candidates.map(({ step }) => step));
  return candidates.findLast(({ step }) => step === furthest);
}

/** Evaluations that `now` can be compared with clip by clip: the others that asked and scored the same. */
export function baselinesOf(evals: readonly EvalResult[], now: EvalResult): EvalResult[] {
  return evals.filter((result) => result !== now && whyNotCompared(result, now) === undefined);
}

/** Evaluations that `now` cannot be compared with, and why: a sentence each, the newest first. */
export function notCompared(evals: readonly EvalResult[], now: EvalResult): string[] {
  return evals.toReversed().flatMap((result) => {
    const why = whyNotCompared(result, now);
    return why === undefined ? [] : [`${evalName(result)}: ${why}.`];
  });
}

/** What `now` is compared with when nothing is chosen: the weights as loaded under the same measure, measured last. */
export function startOf(evals: readonly EvalResult[], now: EvalResult): EvalResult | undefined {
  if (now.step === 0) return undefined;
  return baselinesOf(evals, now).findLast((result) => result.step === 0 && isSameMeasure(result, now));
}

/** The history that `now` belongs to: evaluations of the same measure by step, of each step the last. */
export function historyOf(evals: readonly EvalResult[], now: EvalResult): EvalResult[] {
  const byStep = new Map(
    evals.filter((result) => isSameMeasure(result, now)).map((result) => [result.step, result]),
  );
  return [...byStep.values()].sort((a, b) => a.step - b.step);
}

const SENSES: Record<Mute, string> = { audio: 'picture only', video: 'sound only' };

export function sensesOf({ mute }: Pick<EvalResult, 'mute'>): string {
  return mute ? SENSES[mute] : 'picture and sound';
}

export function decodingName({ sampled }: Pick<EvalResult, 'sampled'>): string {
  return sampled ? `vote of ${sampled.samples}, T = ${sampled.temperature}` : 'greedy';
}

/** An evaluation in a list: "step 30 · greedy · picture only". */
export function evalName(result: EvalResult): string {
  const when = result.step === 0 ? 'start' : `step ${result.step}`;
  return [when, decodingName(result), ...(result.mute ? [sensesOf(result)] : [])].join(' · ');
}

/** Labels of which a table of all confusions still says something; of more the commonest are listed. */
export const MOST_CONFUSED = 30;

export interface ConfusedPair {
  readonly truth: string;
  /** Null = unreadable. */
  readonly answer: string | null;
  readonly count: number;
}

/** What is most often taken for what, the commonest first. */
export function commonConfusions({ confusion }: ClosedEval, most: number): ConfusedPair[] {
  const { labels, counts, unreadable } = confusion;
  const pairs = labels.flatMap((truth, i): ConfusedPair[] => [
    ...labels.map((answer, j) => ({ truth, answer, count: i === j ? 0 : counts[i]![j]! })),
    { truth, answer: null, count: unreadable[i]! },
  ]);
  return pairs
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, most);
}

/** A score as people read it: a share in per cent, but a reward, which has a range of its own, as a number. */
export const scoreWords = (kind: EvalKind, score: number): string =>
  rewardOf(kind) === undefined ? formatPercent(score) : formatMetric(score, 3);

/** A change of a score: in points, of a reward in its own unit. */
export function gainWords(kind: EvalKind, change: number): string {
  if (rewardOf(kind) === undefined) return points(change);
  return `${change < 0 ? '−' : '+'}${formatMetric(Math.abs(change), 3)}`;
}

/** An evaluation's first number. */
export const headline = (result: EvalResult, decimals = 1): string => {
  if (!result.scores) return formatPercent(result.war, decimals);
  const { score, kinds } = result.scores;
  const isReward = kinds.some(({ kind }) => rewardOf(kind) !== undefined);
  return isReward ? formatMetric(score, 3) : formatPercent(score, decimals);
};

/** Rows by their score, the worst first; of equal ones in the order in which they were asked. */
export const worstFirst = (clips: readonly EvalClip[]): EvalClip[] =>
  clips.toSorted((a, b) => (a.score ?? 0) - (b.score ?? 0));

/** Clips worth a look: those of a cell (`answer` null = unreadable), all unreadable ones, or those that changed. */
export type Selection =
  | { kind: 'cell'; truth: string; answer: string | null }
  | { kind: 'unreadable' }
  | { kind: 'fixed' | 'broken' | 'changed' };

export function isSameCell(selection: Selection | undefined, truth: string, answer: string | null): boolean {
  return selection?.kind === 'cell' && selection.truth === truth && selection.answer === answer;
}

const CHANGES = {
  fixed: 'wrong before, right now',
  broken: 'right before, wrong now',
  changed: 'answered otherwise than before',
} as const;
const SCORE_CHANGES = {
  ...CHANGES,
  fixed: 'a higher score than before',
  broken: 'a lower score than before',
} as const;

/** The clips of a selection and what they have in common. Without a comparison none has changed. */
export function selectClips(
  selection: Selection,
  now: EvalResult,
  change: EvalChange | undefined,
): { title: string; clips: EvalClip[] } {
  switch (selection.kind) {
    case 'cell': {
      const { truth, answer } = selection;
      const clips = now.clips.filter((clip) => clip.label === truth && clip.exact === answer);
      return { title: `truth ${truth}, answer ${answer ?? 'unreadable'}`, clips };
    }
    case 'unreadable':
      return now.scores
        ? { title: 'no answer could be read', clips: now.clips.filter(isUnread) }
        : { title: 'no label could be read', clips: now.clips.filter(({ exact }) => exact === null) };
    case 'fixed':
    case 'broken':
    case 'changed':
      return {
        title: (now.scores ? SCORE_CHANGES : CHANGES)[selection.kind],
        clips: (change?.[selection.kind] ?? []).map((pair: ClipPair) => pair.after),
      };
    default:
      return selection satisfies never;
  }
}

const isUnread = ({ answers }: EvalClip): boolean => answers.every(({ read }) => read === null);

/** What a clip's answers were, counted: "sad ×5, happy ×2, unreadable". */
export function answerCounts({ answers }: EvalClip): string {
  const counts = new Map<string, number>();
  for (const { exact, read = exact } of answers) {
    const name = read ?? 'unreadable';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const ranked = [...counts].sort(([, a], [, b]) => b - a);
  return ranked.map(([name, count]) => (count > 1 ? `${name} ×${count}` : name)).join(', ');
}

/** A difference of shares in points: 0.195 → "+19.5". */
export function points(change: number, decimals = 1): string {
  if (Number.isNaN(change)) return '–';
  const rounded = (100 * Math.abs(change)).toFixed(decimals);
  return `${Number(rounded) === 0 ? '±' : change < 0 ? '−' : '+'}${rounded}`;
}
