/** What other trainers are given: a model of each family under each of its names, an adapter that does something, and its merged weights. */
import { join } from 'node:path';
import type { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { inFolder } from '../../src/io/writing/file-to-write.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { loadPolicy, type Policy } from '../../src/rl/policy/policy.ts';
import { adapterFiles } from '../../src/worker/export/adapter.ts';
import { changedTensors } from '../../src/worker/export/changed.ts';
import { handoffBundle } from '../../src/worker/export/handoff.ts';
import { mergedCheckpoint } from '../../src/worker/export/weights.ts';
import { type OpenModel, openModel } from '../../src/worker/inputs/model.ts';
import type { Run } from '../../src/worker/run.ts';
import { writeTree } from '../reference/layouts.ts';
import { stirAdapters } from '../reference/omni-tiny.ts';
import { qwen25VlTree } from '../reference/qwen2-5-vl-tiny.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { runOf } from '../worker/bundle-run.ts';
import { openClipModel } from '../worker/clip-model.ts';
import { loadRun, preparedClips } from '../worker/sized-clips.ts';
import { textRun } from '../worker/text-run.ts';
import { OWN_REWARDS, OWN_RUNNER } from './own-rewards.ts';
import { writeFiles } from './write-files.ts';

export const CASES: Readonly<Record<string, () => Promise<FileTree>>> = {
  'HumanOmni, published names': () => treeFromDisk('test/golden/omni-tiny'),
  'Qwen2-VL, published names': () => qwen2VlTree('published'),
  'Qwen2-VL, newer names': () => qwen2VlTree('newer'),
  'Qwen2.5-VL, published names': () => qwen25VlTree('published'),
  'Qwen2.5-VL, newer names': () => qwen25VlTree('newer'),
  'Qwen2.5, a language model': () => treeFromDisk('test/golden/qwen-text/qwen2_5-tiny/model'),
  'Qwen3, a language model': () => treeFromDisk('test/golden/qwen-text/qwen3-tiny/model'),
};
const [HUMAN_OMNI, QWEN2_VL] = Object.keys(CASES) as [string, string];
const TEXT = 'Qwen3, a language model';

/** The run that is gone on with: three of seven steps, of two clips a step. */
export const RUN: Partial<Config> = {
  ...{ steps: 7, schedule: 'linear', warmupSteps: 5, trainProjectors: false, learningRate: 1e-3 },
  ...{ loraTargets: ['q_proj', 'v_proj', 'up_proj'], checkpointEvery: 4, rewardWeights: [1, 0.5] },
};
export const STEPS_DONE = 3;

const parts = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false };

/** Base, adapter and merged weights of a policy. */
async function writeWeights(folder: string, model: OpenModel, policy: Policy): Promise<void> {
  const merged = await mergedCheckpoint(model, changedTensors(policy), 'f32');
  await writeTree(model.tree, join(folder, 'base'));
  await writeFiles(folder, [...inFolder('adapter', adapterFiles(policy)), ...inFolder('merged', merged)]);
}

/** A stirred adapter of a model of the case; for HumanOmni the bundle of a run as well. */
async function writeCase(gpu: Gpu, name: string, folder: string): Promise<void> {
  const model = await openModel(await CASES[name]!());
  const steps = { steps: 8, promptsPerStep: 4, groupSize: 2, maxCompletionLength: 6 };
  const config = parseConfig({ ...steps, loraRank: 4, loraAlpha: 8 });
  const lora = { rank: config.loraRank, alpha: config.loraAlpha, targets: config.loraTargets };
  using policy = await loadPolicy(gpu, model.files, {
    ...parts,
    lora,
    reference: false,
    seed: 1,
    maxPositions: 64,
  });
  stirAdapters(policy);
  await writeWeights(folder, model, policy);
  if (name !== HUMAN_OMNI) return;
  using optimizer = new AdamW(gpu, policy.store);
  optimizer.stepCount = STEPS_DONE;
  await writeFiles(folder, await handoffBundle(runOf(model, policy, optimizer, config)));
}

/** Adam's moments of a run as the studio has them, by the names in the adapter's file. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Takes a run's first steps and writes what comes of it. */
async function writeSteps(run: Run, folder: string, model: OpenModel): Promise<void> {
  for (let step = 0; step < STEPS_DONE; step++) {
    const { metrics, seconds, groups } = await run.takeStep();
    run.recordStep({ step: step + 1, metrics, seconds });
    run.recordAnswers(step + 1, groups);
  }
  await writeWeights(folder, model, run.policy);
  await writeFiles(folder, await handoffBundle(run));
}

/** A real run of a language model on questions, for rewards of its own among others, two steps from its end. */
async function writeTextRun(gpu: Gpu, folder: string): Promise<void> {
  const model = await openModel(await CASES[TEXT]!());
  const config = { ...OWN_REWARDS, steps: STEPS_DONE + 2 };
  using run = await textRun(gpu, model, config, { runner: OWN_RUNNER });
  await writeSteps(run, folder, model);
}

/** A real run of Qwen2-VL under its published names, three steps long; returns its moments. */
async function writeRun(gpu: Gpu, folder: string): Promise<Map<string, Moments>> {
  const model = await openClipModel(await CASES[QWEN2_VL]!());
  const features = await preparedClips(gpu, model, memoryFeatureCache());
  using run = await loadRun(gpu, model, features, RUN);
  await run.prepareTraining();
  await writeSteps(run, folder, model);
  const moments = new Map<string, Moments>();
  for (const name of run.policy.store.names()) moments.set(name, await run.optimizer.readMoments(name));
  return moments;
}

/** Writes every case below `root`, a numbered folder each; returns the moments of the real run. */
export async function writeCases(gpu: Gpu, root: string): Promise<Map<string, Moments>> {
  let moments = new Map<string, Moments>();
  for (const [index, name] of Object.keys(CASES).entries()) {
    const folder = join(root, String(index));
    if (name === QWEN2_VL) moments = await writeRun(gpu, folder);
    else if (name === TEXT) await writeTextRun(gpu, folder);
    else await writeCase(gpu, name, folder);
  }
  return moments;
}
