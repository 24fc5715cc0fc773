/** The second family in the studio: from a dropped folder and clips of several sizes to trained weights. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pictures } from '../../src/families/api.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import type { Config } from '../../src/protocol/config.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { FeatureStore } from '../../src/worker/clips/features.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { type ClipModel, summariseModel } from '../../src/worker/inputs/model.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import type { Run } from '../../src/worker/run.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';
import { CLIPS, CONFIG, loadRun, preparedClips, quiet } from './sized-clips.ts';

let gpu: Gpu;
let model: ClipModel;
beforeAll(async () => {
  gpu = await testGpu();
  model = await openClipModel(await qwen2VlTree('published'));
});

/** Towers run once for all tests: each opens its store over what the first one kept. */
const cache = memoryFeatureCache();

const prepared = (opened = model): Promise<FeatureStore> => preparedClips(gpu, opened, cache);

const load = (features: FeatureStore, values: Partial<Config> = {}, opened = model): Promise<Run> =>
  loadRun(gpu, opened, features, values);

describe('a dropped Qwen2-VL', () => {
  it('is recognised, and every tensor is used', () => {
    const summary = summariseModel(model, { trainable: 0 });
    expect(summary).toMatchObject({ family: 'Qwen2-VL', name: 'tiny-qwen2-vl', unusedTensors: [] });
    expect(Object.keys(summary.parts).sort()).toEqual(['decoder', 'vision']);
  });

  it('shows each clip in the size it has, under the limit', async () => {
    const features = await prepared();
    expect(CLIPS.map((clip) => features.shownOf(clip))).toEqual([
      [{ grid: [2, 6, 4], sliceSeconds: 1 }],
      [{ grid: [3, 4, 8], sliceSeconds: 1 }],
    ]);
    const { vision } = await features.load(CLIPS[1]!);
    expect(vision!.length).toBe((3 * 4 * 8 * 64) / 4);
    const size = { frames: 8, height: 252, width: 224 };
    expect(model.clips.shown!({ ...size, seconds: 3 } as Pictures)).toEqual({
      grid: [4, 18, 16],
      sliceSeconds: 0.75,
    });
    const [slices, rows, columns] = model.clips.largest!;
    expect((slices * rows * columns) / 4).toBe(model.clips.counts.video);
    expect(model.clips.counts.video).toBe(4 * 73);
  });

  it('takes steps of GRPO, away from a reference that begins as itself', async () => {
    using run = await load(await prepared());
    await run.prepareTraining();
    const names = run.policy.store.names();
    expect(names.every((name) => name.includes('.lora_'))).toBe(true);
    const before = await Promise.all(names.map((name) => run.policy.store.read(name)));
    const first = await run.takeStep();
    expect(first.metrics.kl).toBeLessThan(1e-6);
    expect(first.metrics.grad_norm).toBeGreaterThan(0);
    const second = await run.takeStep();
    expect(second.metrics.kl).toBeGreaterThan(0);
    const after = await Promise.all(names.map((name) => run.policy.store.read(name)));
    const moved = after.filter((values, i) => values.some((value, j) => value !== before[i]![j]));
    expect(moved.length).toBe(names.length);
  }, 120_000);

  it('imitates answers about clips of two sizes', async () => {
    using run = await load(await prepared(), { stage: 'sft', learningRate: 1e-2 });
    await run.prepareTraining();
    const losses: number[] = [];
    for (let step = 0; step < 6; step++) losses.push((await run.takeStep()).metrics.loss!);
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
  }, 120_000);

  it('takes the memory that its plan says', async () => {
    const config = parseConfig({ ...CONFIG });
    const plan = await planMemory(model, config, runTexts(model, config, []), gpu);
    const before = gpu.ledger.total;
    using run = await load(await prepared());
    await run.prepareTraining();
    await run.takeStep();
    const taken = gpu.ledger.total - before;
    const planned = Object.values(plan.training).reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs(taken / planned - 1)).toBeLessThan(0.1);
  }, 120_000);

  it('says what cannot be asked of it', async () => {
    const features = await prepared();
    await expect(load(features, { loraRank: 0, trainProjectors: true })).rejects.toThrow('Nothing trains');
    using run = await load(features);
    const asked = run.evaluate({ split: 'train', mute: 'video' }, { ...quiet, answers: () => undefined });
    await expect(asked).rejects.toThrow('only sees');
  });
});

describe('what it exports', () => {
  it.each(['published', 'newer'] as const)(
    'goes by the %s names it came with',
    async (names) => {
      const opened = await openClipModel(await qwen2VlTree(names));
      const features = await prepared(opened);
      using run = await load(features, {}, opened);
      await run.prepareTraining();
      await run.takeStep();
      const parts = { merged: 'f32', adapter: true, checkpoint: false, handoff: true } as const;
      const files = await contentsOf(await exportFiles(run, { ...parts, metrics: false, rollouts: false }));
      const tree = treeFromMemory(
        'exported',
        Object.fromEntries(
          Object.entries(files)
            .filter(([path]) => path.startsWith('model/'))
            .map(([path, bytes]) => [path.slice('model/'.length), new Blob([new Uint8Array(bytes)])]),
        ),
      );
      const again = await openClipModel(tree);
      expect(again.unusedTensors).toEqual([]);
      expect(again.files.writtenAs === undefined).toBe(names === 'published');
      // The modules that PEFT looks for are those of transformers, whatever names the files have.
      const path = 'model.language_model.layers';
      const header = files['adapter/adapter_model.safetensors']!.toString('latin1');
      expect(header).toContain(`"base_model.model.${path}.0.self_attn.q_proj.lora_A.weight"`);
      const { target_modules: targets } = JSON.parse(files['adapter/adapter_config.json']!.toString());
      expect(new RegExp(`^${targets}$`).test(`${path}.2.mlp.up_proj`)).toBe(true);
      expect(new RegExp(`^${targets}$`).test('visual.blocks.0.attn.qkv')).toBe(false);
      expect(files['handoff/README.md']!.toString()).toContain('Qwen2-VL is the model that this trainer');
    },
    120_000,
  );
});
