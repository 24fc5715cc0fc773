/** How a clip was answered over a run, in numbers and in a sentence. Pure. */
import { formatPercent } from '../../math/format.ts';
import { downsampleMinMax } from '../../math/series.ts';
import type { ClipVisit } from '../../protocol/answer-search.ts';
import type { EvalClip, EvalResult } from '../../protocol/messages.ts';

/** An evaluation that asked the clip. */
export interface ClipMeasure {
  readonly result: EvalResult;
  readonly clip: EvalClip;
  /** The share of its answers that is right, or their mean score. */
  readonly right: number;
}

/** Evaluations with both senses that asked a clip, by rising step. */
export function measuresOf(evals: readonly EvalResult[], exampleId: string): ClipMeasure[] {
  const measures = evals.flatMap((result) => {
    const clip = result.mute ? undefined : result.clips.find((each) => each.exampleId === exampleId);
    return clip ? [{ result, clip, right: rightOf(clip) }] : [];
  });
  return measures.sort((a, b) => a.result.step - b.result.step);
}

function rightOf({ label, answers, score }: EvalClip): number {
  if (score !== undefined) return score;
  return answers.filter(({ exact }) => exact === label).length / Math.max(1, answers.length);
}

const shareOf = (visits: readonly ClipVisit[]): number => {
  const answers = visits.reduce((sum, visit) => sum + visit.answers, 0);
  return visits.reduce((sum, { right }) => sum + right, 0) / answers;
};

/** Steps at each end that are told apart: a quarter, or one of few. */
const END_SHARE = 4;

/** How many steps drew the clip, and how much of its first and last answers is right. */
export function clipLine(visits: readonly ClipVisit[], measures: readonly ClipMeasure[]): string {
  const parts: string[] = [];
  const answers = visits.reduce((sum, visit) => sum + visit.answers, 0);
  if (visits.length === 1)
    parts.push(`drawn once, at step ${visits[0]!.step}: ${formatPercent(shareOf(visits), 0)} right`);
  if (visits.length > 1) {
    const end = Math.ceil(visits.length / END_SHARE);
    const [early, late] = [shareOf(visits.slice(0, end)), shareOf(visits.slice(-end))];
    const steps = end === 1 ? 'step' : `${end} steps`;
    parts.push(
      `drawn at ${visits.length} steps, ${answers} answers: ${formatPercent(early, 0)} right in its first ${steps}, ${formatPercent(late, 0)} in its last`,
    );
  }
  if (measures.length > 0) {
    const [first, last] = [measures[0]!, measures.at(-1)!];
    const held = `held out in ${measures.length === 1 ? '1 evaluation' : `${measures.length} evaluations`}`;
    parts.push(
      `${held}: ${formatPercent(first.right, 0)} right at step ${first.result.step}, ${formatPercent(last.right, 0)} at step ${last.result.step}`,
    );
  }
  return parts.join('; ');
}

/** A point of its curves. */
export interface ClipPoint {
  readonly step: number;
  readonly value?: number;
  /** Of an evaluation. */
  readonly held?: number;
}

/** Most points that a curve has from each source. */
const BUCKETS = 150;

export function clipPoints(
  kind: 'right' | 'reward',
  visits: readonly ClipVisit[],
  measures: readonly ClipMeasure[],
): ClipPoint[] {
  const all = visits.map(({ step, answers, right, reward }) => ({
    x: step,
    y: kind === 'right' ? right / answers : reward,
  }));
  const drawn = downsampleMinMax(all, BUCKETS).map(({ x, y }) => ({ step: x, value: y }));
  const held = measures.map(({ result, right }) => ({ step: result.step, held: right }));
  return [...drawn, ...held].sort((a, b) => a.step - b.step);
}
