/** What can be said about evaluations once they are measured: which is the best, and what changed between two. Pure. */
import { type PairedComparison, pairedComparison } from '../math/recall-intervals.ts';
import type { Config } from './config.ts';
import type { EvalClip, EvalResult, SampledDecoding } from './messages.ts';

export type BestMetric = Config['bestMetric'];

/** How a run evaluates: several sampled answers, or undefined for greedy decoding. */
export function decodingOf(
  config: Pick<Config, 'evalDecoding' | 'evalSamples' | 'evalTemperature'>,
): SampledDecoding | undefined {
  if (config.evalDecoding === 'greedy') return undefined;
  return { samples: config.evalSamples, temperature: config.evalTemperature };
}

/** Whether two evaluations measure the same: as many clips of one split, the same senses, the same decoding. */
export function isSameMeasure(a: EvalResult, b: EvalResult): boolean {
  return (
    a.split === b.split &&
    a.n === b.n &&
    a.mute === b.mute &&
    a.sampled?.samples === b.sampled?.samples &&
    a.sampled?.temperature === b.sampled?.temperature
  );
}

/** An evaluation's value of a metric, 0 … 1. */
export function scoreOf(result: EvalResult, metric: BestMetric): number {
  return metric === 'eval/war' ? result.war : result.uar;
}

/** Whether `result` beats the best so far: strictly, so that of equal ones the earliest stays. NaN beats nothing. */
export function isBetter(result: EvalResult, best: EvalResult | undefined, metric: BestMetric): boolean {
  const score = scoreOf(result, metric);
  return !Number.isNaN(score) && (best === undefined || !(score <= scoreOf(best, metric)));
}

/** The best of a history, in order of measuring; undefined when none has a number. All should be of the same measure. */
export function bestOf(history: readonly EvalResult[], metric: BestMetric): EvalResult | undefined {
  let best: EvalResult | undefined;
  for (const result of history) if (isBetter(result, best, metric)) best = result;
  return best;
}

/** `result` with its `best` field: whether it beats all of `earlier` that measure the same. */
export function markBest(
  result: EvalResult,
  earlier: readonly EvalResult[],
  metric: BestMetric,
): EvalResult & { best: boolean } {
  const alike = earlier.filter((each) => isSameMeasure(each, result));
  return { ...result, best: isBetter(result, bestOf(alike, metric), metric) };
}

/** An evaluation without the texts of its answers, which are most of its size. What was read in them stays. */
export function withoutTexts(result: EvalResult): EvalResult {
  const clips = result.clips.map((clip) => ({
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

/** The change between two evaluations over the clips of both, which are paired by their id. */
export interface EvalChange extends Pick<PairedComparison, 'war' | 'uar'> {
  /** Clips in both. */
  n: number;
  /** Wrong before and right after, and the other way round. */
  fixed: ClipPair[];
  broken: ClipPair[];
  /** Clips whose prediction changed, right or wrong. */
  changed: ClipPair[];
}

/** Resamples repeat from one look to the next. */
const BOOTSTRAP_SEED = 42;

/** Compares two evaluations clip by clip, by exact matching; undefined when they share no clip. */
export function compareEvals(before: EvalResult, after: EvalResult): EvalChange | undefined {
  const earlier = new Map(before.clips.map((clip) => [clip.exampleId, clip]));
  const pairs = after.clips.flatMap((clip) => {
    const same = earlier.get(clip.exampleId);
    return same ? [{ before: same, after: clip }] : [];
  });
  if (pairs.length === 0) return undefined;
  const { war, uar, fixed, broken, changed } = pairedComparison(
    pairs.map((pair) => pair.after.label),
    pairs.map((pair) => pair.before.exact),
    pairs.map((pair) => pair.after.exact),
    { seed: BOOTSTRAP_SEED },
  );
  const at = (places: readonly number[]) => places.map((place) => pairs[place]!);
  return { war, uar, n: pairs.length, fixed: at(fixed), broken: at(broken), changed: at(changed) };
}
