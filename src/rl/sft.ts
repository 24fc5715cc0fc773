import { StepClock } from './measure/step-clock.ts';
import { joinResults, nllMetrics } from './objective/loss.ts';
import type { RunContext, RunExample } from './run-context.ts';
import { mapInOrder } from './sample-groups.ts';
import { learningRateAt, type StepReport } from './step.ts';

/** One supervised step: next-token cross-entropy of each example's answer, mean over the answers' tokens. */
export async function sftStep(
  context: RunContext,
  examples: readonly RunExample[],
  step: number,
): Promise<StepReport> {
  const { config } = context.setup;
  const clock = new StepClock(context.setup.policy.gpu);
  const media = await clock.time('media', () => mapInOrder(examples, (example) => context.mediaOf(example)));
  const learningRate = learningRateAt(config, step);
  const groups = examples.map(({ prompt, answer }, index) => ({
    prompt,
    completions: [answer],
    media: media[index]!,
    advantages: [0],
  }));
  const { micro, gradient } = await clock.time('update', () => context.updater.update(groups, learningRate));
  const times = await clock.end(step + 1);
  const tokens = examples.reduce((sum, { prompt, answer }) => sum + prompt.ids.length + answer.length, 0);
  return {
    metrics: {
      ...nllMetrics(joinResults(micro.map(({ loss }) => loss))),
      grad_norm: gradient.norm,
      learning_rate: learningRate,
      num_tokens: tokens,
      step_time: times.total,
      'tokens_per_second/train': tokens / Math.max(1e-9, times.stages.update ?? 0),
      ...context.utilisation({ passes: micro.map(({ arrays }) => arrays), iterations: 1 }, times),
      'memory/peak_bytes': context.setup.policy.gpu.ledger.peak,
    },
    seconds: times.phases,
    groups: [],
  };
}
