/** Runs on questions alone: the golden language models, and a small set of questions with answers. */

import { readDataset } from '../../src/data/read.ts';
import type { Dataset } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { type OpenModel, openModel } from '../../src/worker/inputs/model.ts';
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

const nothing = () => undefined;

/** The weights, to be trained or only measured. */
export async function loadTextRun(
  gpu: Gpu,
  model: OpenModel,
  trains: boolean,
  values: Partial<Config> = {},
): Promise<Run> {
  return Run.load({
    ...{ gpu, model, data: await readQuestions(), config: parseConfig({ ...TEXT_CONFIG, ...values }) },
    ...{ before: [], report: { weights: nothing, kernels: nothing } },
    ...{ trains, stopped: () => false },
  });
}

export async function textRun(gpu: Gpu, model: OpenModel, values: Partial<Config> = {}): Promise<Run> {
  const run = await loadTextRun(gpu, model, true, values);
  await run.prepareTraining();
  return run;
}

export const openText = async (name: TextCase): Promise<OpenModel> => openModel(await textTree(name));
