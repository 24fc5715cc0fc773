/** How long a step is going to take, by what is known of the device. Pure. */
import type { DeviceCeilings, MemoryPlan } from './memory.ts';
import type { MetricValues } from './metrics.ts';

export interface StepTime {
  readonly seconds: number;
  /** The pace of steps that were taken, or what the device gives at best: then it takes longer than that. */
  readonly by: 'steps' | 'device';
}

/** Steps whose pace counts. */
const LAST_STEPS = 5;

/** The mean of a metric over the last steps that have it; undefined where none has. */
function lately(
  steps: readonly { readonly metrics: MetricValues }[],
  key: keyof MetricValues,
): number | undefined {
  const values = steps
    .slice(-LAST_STEPS)
    .flatMap(({ metrics }) => metrics[key] ?? [])
    .filter((value) => Number.isFinite(value) && value > 0);
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * A step with the longest prompts and answers. By the shares of the device's ceilings that the last steps reached; where these are not
 * measured, by the tokens a second that they made; before there are steps, by the ceilings themselves.
 */
export function stepTime(
  { work }: Pick<MemoryPlan, 'work'>,
  ceilings: DeviceCeilings | undefined,
  steps: readonly { readonly metrics: MetricValues }[],
): StepTime | undefined {
  const { promptTokens, answerTokens, passFlops, prefillFlops, decodeBytes } = work;
  const [mfu, mbu] = [lately(steps, 'mfu'), lately(steps, 'mbu')];
  if (ceilings && (steps.length === 0 || mfu !== undefined)) {
    const rate = 1e9 * ceilings.gflops * (mfu ?? 1);
    const bandwidth = 1e9 * ceilings.gigabytes * (mbu ?? 1);
    const seconds = (passFlops + prefillFlops) / rate + decodeBytes / bandwidth;
    return { seconds, by: mfu === undefined ? 'device' : 'steps' };
  }
  const trained = lately(steps, 'tokens_per_second/train');
  const sampled = lately(steps, 'tokens_per_second/generate');
  if (trained === undefined || (sampled === undefined && decodeBytes > 0)) return undefined;
  const seconds = (promptTokens + answerTokens) / trained + (decodeBytes > 0 ? answerTokens / sampled! : 0);
  return { seconds, by: 'steps' };
}
