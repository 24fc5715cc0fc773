/** A family that only this file knows is opened, planned and trained by its line in FAMILIES alone. */
import { expect, it } from 'vitest';
import type { Family, ModelConfig } from '../../src/families/api.ts';
import { FAMILIES, isModel } from '../../src/families/index.ts';
import { qwen2Vl } from '../../src/families/qwen-vl/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { type FileTree, readJson } from '../../src/io/files/files.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { summariseModel } from '../../src/worker/inputs/model.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { testGpu } from '../ops/harness.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';
import { CONFIG, loadRun, preparedClips } from './sized-clips.ts';

/** The tree with another model_type in its config.json. */
async function withType(tree: FileTree, type: string): Promise<FileTree> {
  const text = JSON.stringify({ ...(await readJson(tree, 'config.json')), model_type: type });
  const blob = async () => new Blob([text]);
  return {
    ...tree,
    files: tree.files.map((file) =>
      file.path === 'config.json' ? { ...file, size: text.length, blob } : file,
    ),
  };
}

const asQwen = (config: ModelConfig): ModelConfig => ({ ...config, family: qwen2Vl.name });

/** Computes as a Qwen2-VL does, under a name and a model_type of its own. */
const madeUp: Family = {
  ...qwen2Vl,
  name: 'Made-up',
  modelType: 'made_up',
  recognises: ({ model_type }) => model_type === 'made_up',
  openFiles: async (tree, path) => ({
    ...(await qwen2Vl.openFiles(await withType(tree, 'qwen2_vl'), path)),
    family: 'Made-up',
  }),
  readConfig: (files, loader) => ({ ...qwen2Vl.readConfig(files, loader), family: 'Made-up' }),
  openAll: (gpu, config, ...rest) => qwen2Vl.openAll(gpu, asQwen(config), ...rest),
  towerConfig: (config) => qwen2Vl.towerConfig(asQwen(config)),
  clips: (config, files) => qwen2Vl.clips!(asQwen(config), files),
  openText: (tree, files, config) => qwen2Vl.openText(tree, files, asQwen(config)),
  openEncoder: (gpu, { files, config }, progress) =>
    qwen2Vl.openEncoder!(gpu, { files, config: asQwen(config) }, progress),
  handoff: { ...qwen2Vl.handoff, r1OmniNotes: ['It is made up.'] },
};

it('a fourth family needs no other line than its own', async () => {
  const tree = await withType(await qwen2VlTree('published'), 'made_up');
  expect(isModel(await readJson(tree, 'config.json'))).toBe(false);
  (FAMILIES as Family[]).push(madeUp);
  const model = await openClipModel(tree);
  expect(summariseModel(model, { trainable: 0 })).toMatchObject({ family: 'Made-up', unusedTensors: [] });
  const gpu = await testGpu();
  const config = parseConfig({ ...CONFIG });
  const plan = await planMemory(model, config, runTexts(model, config, []), gpu);
  expect(plan.peak.training).toBeGreaterThan(0);
  using run = await loadRun(gpu, model, await preparedClips(gpu, model, memoryFeatureCache()), {});
  await run.prepareTraining();
  const { metrics } = await run.takeStep();
  expect(metrics.grad_norm).toBeGreaterThan(0);
  const parts = { merged: null, adapter: true, checkpoint: false, handoff: true } as const;
  const files = await exportFiles(run, { ...parts, metrics: false, rollouts: false });
  const readme = files.find(({ path }) => path === 'handoff/README.md')!;
  const pieces: Uint8Array[] = [];
  for await (const piece of readme.pieces()) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toContain('It is made up.');
}, 120_000);
