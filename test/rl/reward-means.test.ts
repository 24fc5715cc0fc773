import { expect, it } from 'vitest';
import type { RewardBatch, RewardFunction } from '../../src/rewards/contract.ts';
import { RewardPanel } from '../../src/rewards/panel.ts';
import { rewardMeans } from '../../src/rl/measure/reward-means.ts';
import type { RunExample } from '../../src/rl/run-context.ts';

const said = (...texts: string[]) => texts.map((text) => ({ text, tokens: 1, ids: [7] }));
const example = (id: string, level: number): RunExample => ({
  ...{ id, label: id, prompt: { ids: Uint32Array.of(1) }, answer: Uint32Array.of() },
  row: { prompt: [], columns: { level } },
});
const state = {
  ...{ global_step: 4, max_steps: 9, epoch: 0, num_input_tokens_seen: 0 },
  ...({ is_local_process_zero: true, is_world_process_zero: true } as const),
};

it('is over the answers that a reward applies to, in calls as large as a step’s; what fails is said', async () => {
  const calls: RewardBatch[] = [];
  const functions: RewardFunction[] = [
    {
      name: 'size',
      score: (batch) => {
        calls.push(batch);
        return { values: batch.completions.map((text) => (text === '' ? null : text.length)) };
      },
    },
    {
      name: 'fails',
      score: ({ completions }) => {
        if (completions.includes('c')) throw new Error('no c');
        return { values: completions.map(() => 2) };
      },
    },
    { name: 'never', score: ({ completions }) => ({ values: completions.map(() => null) }) },
  ];
  using panel = new RewardPanel(functions, 60);
  const names = functions.map(({ name }) => name);
  const examples = [example('x', 1), example('y', 2), example('z', 3)];
  const answers = [said('a', ''), said('bbb', 'b'), said('c', 'cc')];
  const found = await rewardMeans(panel, { names, answers: 5, state }, examples, answers);
  expect(found).toEqual([
    { name: 'size', mean: 8 / 5, n: 5 },
    { name: 'fails', mean: 2, n: 4, failure: 'The reward fails failed: no c' },
    { name: 'never', mean: null, n: 0 },
  ]);
  expect(calls.map(({ completions, columns, labels }) => ({ completions, columns, labels }))).toEqual([
    { completions: ['a', '', 'bbb', 'b'], columns: { level: [1, 1, 2, 2] }, labels: ['x', 'x', 'y', 'y'] },
    { completions: ['c', 'cc'], columns: { level: [3, 3] }, labels: ['z', 'z'] },
  ]);
  expect(calls[0]).toMatchObject({ completion_ids: [[7], [7], [7], [7]], trainer_state: state });
});
