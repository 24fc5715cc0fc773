/** What can be said about evaluations once they are measured: which is the best, and what changed between two. Pure. */
import { type MeanEstimate, meanOfGroups } from '../math/mean-intervals.ts';
import { type Change, type PairedComparison, pairedComparison } from '../math/recall-intervals.ts';
import type { Config } from './config.ts';
import { type EvalKind, evalKind } from './eval-kinds.ts';
import type { ClosedEval, EvalClip, EvalResult, OpenEval, SampledDecoding } from './messages.ts';
import type { HeldOutRewardKey } from './metrics.ts';

/** A metric that evaluations have, by which one is the best. */
export type BestMetric = Exclude<Config['bestMetric'], 'auto'>;

/** How a run evaluates: several sampled answers, or undefined for greedy decoding. */
export function decodingOf(
  config: Pick<Config, 'evalDecoding' | 'evalSamples' | 'evalTemperature'>,
): SampledDecoding | undefined {
  if (config.evalDecoding === 'greedy') return undefined;
  return { samples: config.evalSamples, temperature: config.evalTemperature };
}

/** How the answers of an evaluation were scored: as labels, or the kinds of its rows. */
const kindsOf = ({ scores }: EvalResult): string =>
  scores
    ? scores.kinds
        .map(({ kind, n }) => `${n} × ${evalKind(kind).label}`)
        .sort()
        .join(', ')
    : 'labels';

/**
 * Why two evaluations cannot be compared row by row, the end of a sentence; undefined where they can. Senses and decoding
 * may differ: what they change is what such a comparison tells.
 */
export function whyNotCompared(one: EvalResult, other: EvalResult): string | undefined {
  if (one.split !== other.split) return `its rows are of ${one.split}, not of ${other.split}`;
  if (one.n !== other.n) return `it has ${one.n} rows, not ${other.n}`;
  const [kinds, others] = [kindsOf(one), kindsOf(other)];
  if (kinds !== others) return `its answers were scored as ${kinds}, not as ${others}`;
  const [asked, askedOther] = [one.asked, other.asked];
  if (!asked || !askedOther) {
    return asked === askedOther ? undefined : 'an earlier version did not note what it asked';
  }
  if (asked.rows !== askedOther.rows) return 'it asked other rows';
  if (asked.prompts !== askedOther.prompts) return 'its rows were asked in other words (prompt or question)';
  return asked.length === askedOther.length
    ? undefined
    : `its answers could have ${asked.length} tokens, not ${askedOther.length}`;
}

/** Whether two evaluations measure the same: rows, words, lengths and kinds, the same senses, the same decoding. */
export function isSameMeasure(a: EvalResult, b: EvalResult): boolean {
  return (
    a.mute === b.mute &&
    a.sampled?.samples === b.sampled?.samples &&
    a.sampled?.temperature === b.sampled?.temperature &&
    whyNotCompared(a, b) === undefined
  );
}

/** The metric by which an evaluation is the best: the one that is set, or what stands for it where answers are no labels. */
export function metricFor(result: EvalResult, metric: Config['bestMetric']): BestMetric {
  if (result.scores) return 'eval/score';
  return metric === 'eval/uar' ? metric : 'eval/war';
}

/** Why a metric does not exist where answers are labels, or are none; undefined where it does. */
export function missingMetric(metric: Config['bestMetric'], areLabels: boolean): string | undefined {
  if (metric === 'auto' || (metric === 'eval/score') === !areLabels) return undefined;
  return areLabels
    ? `bestMetric is ${metric}, but the answers of this data set are labels; expected eval/war, eval/uar or auto.`
    : `bestMetric is ${metric}, but the answers of this data set are no closed set of labels; expected eval/score or auto.`;
}

/** An evaluation's value of a metric; where it has no such metric, of the one that stands for it. */
export function scoreOf(result: EvalResult, metric: Config['bestMetric']): number {
  if (result.scores) return result.scores.score;
  return metric === 'eval/uar' ? result.uar : result.war;
}

/** What an evaluation's first number is called. */
export function scoreName(result: EvalResult): string {
  const kinds = result.scores?.kinds;
  if (!kinds) return 'WAR';
  return kinds.length === 1 ? evalKind(kinds[0]!.kind).label : 'mean score';
}

/** The metrics of a step after which this was measured. */
export function evalMetrics(result: EvalResult): Partial<Record<BestMetric | HeldOutRewardKey, number>> {
  const means = (result.rewards ?? []).flatMap(({ name, mean }) =>
    mean === null ? [] : [[`eval/rewards/${name}/mean`, mean] as const],
  );
  return {
    ...(result.scores
      ? { 'eval/score': result.scores.score }
      : { 'eval/war': result.war, 'eval/uar': result.uar }),
    ...Object.fromEntries(means),
  };
}

/** Whether `result` beats the best so far: strictly, so that of equal ones the earliest stays. NaN beats nothing. */
export function isBetter(
  result: EvalResult,
  best: EvalResult | undefined,
  metric: Config['bestMetric'],
): boolean {
  const score = scoreOf(result, metric);
  return !Number.isNaN(score) && (best === undefined || !(score <= scoreOf(best, metric)));
}

/** The best of a history, in order of measuring; undefined when none has a number. All should be of the same measure. */
export function bestOf(history: readonly EvalResult[], metric: Config['bestMetric']): EvalResult | undefined {
  let best: EvalResult | undefined;
  for (const result of history) if (isBetter(result, best, metric)) best = result;
  return best;
}

/** `result` with its `best` field: whether it beats all of `earlier` that measure the same. */
export function markBest(
  result: EvalResult,
  earlier: readonly EvalResult[],
  metric: Config['bestMetric'],
): EvalResult & { best: boolean } {
  const alike = earlier.filter((each) => isSameMeasure(each, result));
  return { ...result, best: isBetter(result, bestOf(alike, metric), metric) };
}

/** An evaluation without the texts of its questions and answers, which are most of its size. What was read in them stays. */
export function withoutTexts(result: EvalResult): EvalResult {
  const clips = result.clips.map(({ question, ...clip }) => ({
    ...clip,
    answers: clip.answers.map(({ text, ...read }) => read),
  }));
  return { ...result, clips };
}

/** A clip under two evaluations. */
export interface ClipPair {
  before: EvalClip;
  after: EvalClip;
}

interface ChangedClips {
  /** Clips in both. */
  n: number;
  /** Wrong before and right after, and the other way round; of scored rows those with a higher and a lower score. */
  fixed: ClipPair[];
  broken: ClipPair[];
  /** Clips whose prediction changed, right or wrong. */
  changed: ClipPair[];
}

/** The change between two evaluations over the clips of both, which are paired by their id. */
export type LabelChange = ChangedClips & Pick<PairedComparison, 'war' | 'uar'> & { score?: undefined };
export type ScoreChange = ChangedClips & {
  /** Of the mean over the kinds. */
  score: Change;
  kinds: { kind: EvalKind; change: Change }[];
};
export type EvalChange = LabelChange | ScoreChange;

/** Resamples repeat from one look to the next. */
const BOOTSTRAP_SEED = 42;

/** Compares two evaluations clip by clip; undefined when they share no clip, or were scored as different things. */
export function compareEvals(before: ClosedEval, after: ClosedEval): LabelChange | undefined;
export function compareEvals(before: OpenEval, after: OpenEval): ScoreChange | undefined;
export function compareEvals(before: EvalResult, after: EvalResult): EvalChange | undefined;
export function compareEvals(before: EvalResult, after: EvalResult): EvalChange | undefined {
  const earlier = new Map(before.clips.map((clip) => [clip.exampleId, clip]));
  const pairs = after.clips.flatMap((clip) => {
    const same = earlier.get(clip.exampleId);
    return same ? [{ before: same, after: clip }] : [];
  });
  if (pairs.length === 0 || kindsOf(before) !== kindsOf(after)) return undefined;
  return after.scores ? changeOfScores(pairs) : changeOfLabels(pairs);
}

/** By exact matching. */
function changeOfLabels(pairs: readonly ClipPair[]): LabelChange {
  const { war, uar, fixed, broken, changed } = pairedComparison(
    pairs.map((pair) => pair.after.label),
    pairs.map((pair) => pair.before.exact),
    pairs.map((pair) => pair.after.exact),
    { seed: BOOTSTRAP_SEED },
  );
  const at = (places: readonly number[]) => places.map((place) => pairs[place]!);
  return { war, uar, n: pairs.length, fixed: at(fixed), broken: at(broken), changed: at(changed) };
}

function changeOfScores(pairs: readonly ClipPair[]): ScoreChange {
  const gain = ({ before, after }: ClipPair): number => (after.score ?? 0) - (before.score ?? 0);
  const kindOf = ({ after }: ClipPair): EvalKind => after.kind ?? 'exact';
  const change = (some: readonly ClipPair[]): Change =>
    changeOf(meanOfGroups(some.map(kindOf), some.map(gain), { seed: BOOTSTRAP_SEED }));
  const kinds = [...new Set(pairs.map(kindOf))];
  return {
    score: change(pairs),
    kinds: kinds.map((kind) => ({
      kind,
      change: change(pairs.filter((pair) => kindOf(pair) === kind)),
    })),
    n: pairs.length,
    fixed: pairs.filter((pair) => gain(pair) > 0),
    broken: pairs.filter((pair) => gain(pair) < 0),
    changed: pairs.filter(({ before, after }) => readings(before) !== readings(after)),
  };
}

const changeOf = ({ mean, interval }: MeanEstimate): Change => ({ change: mean, interval: interval ?? null });
const readings = ({ answers }: EvalClip): string => JSON.stringify(answers.map(({ read }) => read));
