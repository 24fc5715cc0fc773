/** Qwen2.5-VL in the studio: what differs from Qwen2-VL on the way from a dropped folder to trained weights. */
import { expect, it } from 'vitest';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { summariseModel } from '../../src/worker/inputs/model.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { qwen25VlTree } from '../reference/qwen2-5-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';
import { CLIPS, CONFIG, decode, loadRun, preparedClips } from './sized-clips.ts';

it('is recognised, stands by the time of its clips, trains, and goes by its own names', async () => {
  const gpu = await testGpu();
  const model = await openClipModel(await qwen25VlTree('newer'));
  expect(summariseModel(model, { trainable: 0 })).toMatchObject({
    ...{ family: 'Qwen2.5-VL', name: 'tiny-qwen2-5-vl', unusedTensors: [] },
  });

  // What the first store noted, the second reads.
  const cache = memoryFeatureCache();
  await preparedClips(gpu, model, cache);
  const features = await preparedClips(gpu, model, cache);
  expect(features.encoded).toBe(0);
  const shown = features.shownOf(CLIPS[1]!)!;
  expect(shown).toEqual([{ grid: [3, 4, 8], sliceSeconds: 1 }]);

  const config = parseConfig({ ...CONFIG });
  const plan = await planMemory(model, config, runTexts(model, config, []), gpu);
  const before = gpu.ledger.total;
  using run = await loadRun(gpu, model, features);
  const { positions, video: [video] = [] } = run.prompts.shown.tokensOf(shown);
  const times = Array.from({ length: 3 }, (_, slice) => positions!.positions[3 * (video!.start + 8 * slice)]);
  expect(times).toEqual([0, 2, 4].map((time) => video!.start + time));
  await run.prepareTraining();
  const { metrics } = await run.takeStep();
  expect(metrics.kl).toBeLessThan(1e-6);
  expect(metrics.grad_norm).toBeGreaterThan(0);
  const planned = Object.values(plan.training).reduce((sum, bytes) => sum + bytes, 0);
  expect(Math.abs((gpu.ledger.total - before) / planned - 1)).toBeLessThan(0.1);

  const parts = { merged: 'f32', adapter: true, checkpoint: false, handoff: true } as const;
  const files = await contentsOf(await exportFiles(run, { ...parts, metrics: false, rollouts: false }));
  const merged = Object.entries(files).filter(([path]) => path.startsWith('model/'));
  const tree = treeFromMemory(
    'exported',
    Object.fromEntries(merged.map(([path, bytes]) => [path.slice('model/'.length), new Blob([bytes])])),
  );
  const again = await openClipModel(tree);
  expect(again.files.family).toBe('Qwen2.5-VL');
  expect(again.unusedTensors).toEqual([]);
  expect(again.files.writtenAs?.('visual.merger')).toBe('model.visual.merger');
  const { target_modules: targets } = JSON.parse(files['adapter/adapter_config.json']!.toString());
  const isTarget = (path: string): boolean => new RegExp(`^${targets}$`).test(path);
  expect(isTarget('model.language_model.layers.2.mlp.up_proj')).toBe(true);
  // Its tower's layers are called as the decoder's are.
  expect(isTarget('model.visual.blocks.0.mlp.up_proj')).toBe(false);
  expect(files['handoff/README.md']!.toString()).toContain('Qwen2.5-VL is newer than this trainer');
}, 120_000);

it('lists a clip that is too long for its positions', async () => {
  const model = await openClipModel(await qwen25VlTree('published'));
  const long: typeof decode = async (clip, spec) => ({
    ...(await decode(clip, spec)),
    durationSeconds: 3601,
  });
  const features = await preparedClips(await testGpu(), model, memoryFeatureCache(), long);
  expect(features.issues.map(({ message }) => message)).toEqual(
    CLIPS.map(({ id }) => `${id}: found 3601 s, expected at most 3600 s.`),
  );
});
