/** What the curves say, in words. Pure. */
import { formatMetric, formatPercent } from '../../math/format.ts';
import { mean } from '../../math/stats.ts';
import type { MetricKey } from '../../protocol/metrics.ts';
import type { StepRecord } from '../../store/state.ts';

/** Steps averaged at either end, so that one lucky step makes no story. */
const EDGE_STEPS = 5;

function values(steps: readonly StepRecord[], key: MetricKey): number[] {
  return steps.flatMap(({ metrics }) => (Number.isFinite(metrics[key]) ? metrics[key]! : []));
}

/** Means of the first and of the last few values; undefined without any. */
function edges(steps: readonly StepRecord[], key: MetricKey): { first: number; last: number } | undefined {
  const all = values(steps, key);
  if (all.length === 0) return undefined;
  const count = Math.max(1, Math.min(EDGE_STEPS, Math.floor(all.length / 2)));
  return { first: mean(all.slice(0, count)), last: mean(all.slice(-count)) };
}

/** "Reward rose from 0.41 to 1.12 in 142 steps." Where the newest steps have no value, that is said, too. */
export function trend(steps: readonly StepRecord[], key: MetricKey, label: string): string {
  const last = steps.findLastIndex(({ metrics }) => Number.isFinite(metrics[key]));
  const sentence = trendOf(steps.slice(0, last + 1), key, label);
  const isOld = last >= 0 && last < steps.length - 1;
  return isOld ? `${sentence} No value since step ${steps[last]!.step}.` : sentence;
}

function trendOf(steps: readonly StepRecord[], key: MetricKey, label: string): string {
  const ends = edges(steps, key);
  if (!ends) return `${label} has no value yet.`;
  const count = steps.length;
  if (count === 1) return `${label} is ${formatMetric(ends.last, 3)} after one step.`;
  const change = ends.last - ends.first;
  const scale = Math.max(Math.abs(ends.first), Math.abs(ends.last), 1e-12);
  const verb = Math.abs(change) < 0.02 * scale ? 'stayed near' : change > 0 ? 'rose' : 'fell';
  if (verb === 'stayed near')
    return `${label} stayed near ${formatMetric(ends.last, 3)} over ${count} steps.`;
  return `${label} ${verb} from ${formatMetric(ends.first, 3)} to ${formatMetric(ends.last, 3)} in ${count} steps.`;
}

/** "Is it learning?" in one line: reward, signal, drift; of supervised steps, which have no reward, loss and held-out scores. */
export function learningLine(steps: readonly StepRecord[]): string {
  if (edges(steps, 'reward') === undefined && edges(steps, 'loss')) return imitationLine(steps);
  const parts = [trend(steps, 'reward', 'Reward')];
  const silent = edges(steps, 'frac_reward_zero_std');
  if (silent) parts.push(`${formatPercent(1 - silent.last, 0)} of groups give a signal.`);
  const drift = edges(steps, 'kl');
  if (drift) parts.push(`Drift from start: ${formatMetric(drift.last, 3)} nats per token.`);
  return parts.join(' ');
}

function imitationLine(steps: readonly StepRecord[]): string {
  const parts = [trend(steps, 'loss', 'Loss')];
  const scored = values(steps, 'eval/war').at(-1) ?? values(steps, 'eval/score').at(-1);
  const name = values(steps, 'eval/war').length > 0 ? 'accuracy' : 'score';
  if (scored !== undefined) parts.push(`Held-out ${name}: ${formatPercent(scored)}.`);
  return parts.join(' ');
}
