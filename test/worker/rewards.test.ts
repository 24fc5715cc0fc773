import { expect, it } from 'vitest';
import { sha256 } from '../../src/io/sealed/hash.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { RewardFunction, RewardSource } from '../../src/rewards/contract.ts';
import { checkSources, openRewards, type RewardOpeners, withSource } from '../../src/worker/rewards.ts';

const SOURCE = 'export const mine = () => [1];';
const own = async (name: string, over: Partial<RewardSource> = {}): Promise<RewardSource> => ({
  ...{ name, language: 'js', source: SOURCE, completions: 'text', hash: await sha256(SOURCE) },
  ...over,
});
const judge = { name: 'judge', model: 'emotion', identity: 'f0', mapping: {} };

/** Opens rewards whose functions score 1, and says which were opened and closed. */
async function open(values: Partial<Config>, openers: Partial<RewardOpeners> = {}) {
  const seen: string[] = [];
  const made = (name: string): RewardFunction => {
    seen.push(`open ${name}`);
    return {
      name,
      score: ({ completions }) => ({ values: completions.map(() => 1) }),
      close: () => seen.push(`close ${name}`),
    };
  };
  const opening = openRewards(parseConfig(values), {
    runner: { open: async ({ name }) => made(name) },
    openModel: async ({ name }) => made(name),
    ...openers,
  });
  return { opening, seen };
}

it('opens built-in rewards, programs and models in the order of their names', async () => {
  const values = {
    rewards: ['judge', 'format', 'mine'],
    rewardSources: [await own('idle'), await own('mine')],
    rewardModels: [judge],
  };
  const { opening, seen } = await open(values);
  const panel = await opening;
  const { values: scores } = await panel.score({
    ...{ prompts: ['?'], completions: ['x'], completion_ids: [[1]], columns: {}, labels: [null] },
    trainer_state: {
      ...{ global_step: 0, max_steps: 1, epoch: 0, num_input_tokens_seen: 0 },
      ...({ is_local_process_zero: true, is_world_process_zero: true } as const),
    },
  });
  expect(scores).toEqual([[1, 0, 1]]);
  panel[Symbol.dispose]();
  expect(seen).toEqual(['open judge', 'open mine', 'close judge', 'close mine']);
});

it('tries the programs that count, one after the other, without any of the weights', async () => {
  const seen: string[] = [];
  const runner = {
    async open({ name }: RewardSource) {
      seen.push(`open ${name}`);
      if (name === 'broken') throw new Error('broken.js:1:1: SyntaxError: no');
      return { name, score: () => ({ values: [] }), close: () => seen.push(`close ${name}`) };
    },
  };
  const rewardSources = [await own('idle'), await own('mine'), await own('broken')];
  await checkSources({ rewards: ['mine'], rewardSources }, runner);
  const check = checkSources({ rewards: ['format', 'mine', 'broken'], rewardSources }, runner);
  await expect(check).rejects.toThrow('broken.js:1:1: SyntaxError: no');
  expect(seen).toEqual(['open mine', 'close mine', 'open mine', 'close mine', 'open broken']);
});

it('closes those that are open when one cannot be opened', async () => {
  const changed = await own('changed', { source: `${SOURCE} ` });
  const values = { rewards: ['mine', 'changed'], rewardSources: [await own('mine'), changed] };
  const { opening, seen } = await open(values);
  await expect(opening).rejects.toThrow(/^The program of the reward changed has the SHA-256 .*; expected/);
  expect(seen).toEqual(['open mine', 'close mine']);
});

it('says where nothing runs what is asked for', async () => {
  const values = { rewards: ['mine'], rewardSources: [await own('mine')] };
  await expect((await open(values, { runner: undefined })).opening).rejects.toThrow('nothing here runs one');
  const model = await open({ rewards: ['judge'], rewardModels: [judge] }, { openModel: undefined });
  await expect(model.opening).rejects.toThrow('The reward judge is a model, and nothing here runs one.');
});

it('another program takes the place of one that the run names, and of no other', async () => {
  const [mine, idle] = [await own('mine'), await own('idle')];
  const config = parseConfig({ rewards: ['format', 'mine'], rewardSources: [idle, mine] });
  const mended = { ...mine, source: 'x' };
  expect(withSource(config, mended)).toEqual({ ...config, rewardSources: [idle, mended] });
  expect(() => withSource(config, idle)).toThrow(
    'No program of this run is the reward idle; its own are mine.',
  );
  const { opening, seen } = await open(config);
  const panel = await opening;
  panel.replace({ name: 'mine', score: () => ({ values: [] }), close: () => seen.push('close another') });
  panel[Symbol.dispose]();
  expect(seen).toEqual(['open mine', 'close mine', 'close another']);
});
