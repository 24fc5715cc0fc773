/** Runs on questions alone: the golden language models, and a small set of questions with answers. */
import { createHash } from 'node:crypto';
import { readDataset } from '../../src/data/read.ts';
import type { Dataset } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { RewardRunner } from '../../src/rewards/contract.ts';
import { type OpenModel, openModel } from '../../src/worker/inputs/model.ts';
import type { RewardOpeners } from '../../src/worker/rewards.ts';
import { Run } from '../../src/worker/run.ts';

export type TextCase = 'qwen2_5-tiny' | 'qwen3-tiny';

export const textTree = (name: TextCase): Promise<FileTree> =>
  treeFromDisk(`test/golden/qwen-text/${name}/model`);

/** Prompts of several lengths; four train, two each are held out. */
const ROWS = [
  '3 or 7',
  '12 or 9',
  'of the two numbers, 100 or 5',
  '1 or 2',
  '4 or 8',
  '6 or 5',
  '9 or 3',
  '2 or 6',
].map((question, index) => ({
  question: `Which is larger, ${question}?`,
  answer: `${index}`,
  ...(index === 2 ? { system: 'Be brief.' } : {}),
  split: index < 4 ? 'train' : index < 6 ? 'val' : 'test',
}));

export const questionsTree = (): FileTree =>
  treeFromMemory('questions', { 'data.jsonl': ROWS.map((row) => JSON.stringify(row)).join('\n') });

export const readQuestions = (): Promise<Dataset> => readDataset(questionsTree(), { seed: 1 });

export const TEXT_CONFIG: Partial<Config> = {
  ...{ promptsPerStep: 2, groupSize: 3, maxCompletionLength: 6, promptPreset: 'sft-label', beta: 0.04 },
  ...{ loraRank: 4, loraAlpha: 8, learningRate: 1e-3, schedule: 'constant', warmupSteps: 0 },
  // A random model earns nothing; the bonus for entropy moves it all the same.
  entropyCoef: 0.1,
};

/** Two rewards that tell any two texts apart, as programs of a person's own. */
const SOURCE = 'export const letters = …; export const first = …;';
const SCORES: Readonly<Record<string, (text: string) => number>> = {
  letters: (text) => text.length / 8,
  first: (text) => (text.codePointAt(0) ?? 0) / 256,
  silent: () => Number.NaN,
};
export const OWN_REWARDS: Partial<Config> = {
  rewards: ['letters', 'first', 'format'],
  rewardWeights: [0.25, 2, 1],
  rewardSources: ['letters', 'first'].map((name) => ({
    ...{ name, language: 'js', source: SOURCE, completions: 'text' },
    hash: createHash('sha256').update(SOURCE).digest('hex'),
  })),
};
/** What the newest call of one of them was given. */
export const given: { ids: readonly (readonly number[])[] } = { ids: [] };
/** Stands for what runs them. */
export const OWN_RUNNER: RewardRunner = {
  open: async ({ name }) => ({
    name,
    score: ({ completions, completion_ids }) => {
      given.ids = completion_ids;
      return { values: completions.map((text) => SCORES[name]!(text)) };
    },
  }),
};

const nothing = () => undefined;

/** The weights, to be trained or only measured. */
export async function loadTextRun(
  gpu: Gpu,
  model: OpenModel,
  trains: boolean,
  values: Partial<Config> = {},
  openers: RewardOpeners = {},
): Promise<Run> {
  return Run.load({
    ...{ gpu, model, data: await readQuestions(), config: parseConfig({ ...TEXT_CONFIG, ...values }) },
    ...{ before: [], report: { weights: nothing, kernels: nothing } },
    ...{ trains, openers, stopped: () => false },
  });
}

export async function textRun(
  gpu: Gpu,
  model: OpenModel,
  values: Partial<Config> = {},
  openers: RewardOpeners = {},
): Promise<Run> {
  const run = await loadTextRun(gpu, model, true, values, openers);
  await run.prepareTraining();
  return run;
}

export const openText = async (name: TextCase): Promise<OpenModel> => openModel(await textTree(name));
