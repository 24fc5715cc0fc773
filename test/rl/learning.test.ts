import { expect, it } from 'vitest';
import { grpoStep } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { textRun } from '../reference/text-run.ts';

const STEPS = 60;
const SETTINGS = {
  groupSize: 16,
  learningRate: 0.003,
  maxCompletionLength: 2,
  loraRank: 0,
  trainDecoder: true,
} as const;

it('GRPO raises the reward of a toy task: accuracy and format of four prompts', async () => {
  using run = await textRun(await testGpu(), { ...SETTINGS, seed: 4 });
  const rewards: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const { metrics } = await grpoStep(run.context, run.examples, step);
    rewards.push(metrics.reward!);
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  // Chance is 1/4 for the label and 1/2 for the format.
  expect(mean(rewards.slice(0, 5))).toBeLessThan(1);
  const curve = rewards.map((reward) => reward.toFixed(2)).join(' ');
  expect(mean(rewards.slice(-5)), curve).toBeGreaterThan(1.5);
});
