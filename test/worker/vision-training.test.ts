/** The vision tower of a Qwen2-VL in training: from settings to weights that other programs read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapterNames, isAdapterName } from '../../src/decoder/lora.ts';
import { shardedName } from '../../src/decoder/row-shards.ts';
import { familyOf } from '../../src/families/index.ts';
import { openAdapter } from '../../src/families/shared/adapter-files.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { openSealed, writeSealed } from '../../src/io/sealed/sealed.ts';
import { type Config, checkConfig, defaultConfig, parseConfig } from '../../src/protocol/config.ts';
import { readTrained } from '../../src/rl/policy/trained-tensors.ts';
import type { FeatureStore } from '../../src/worker/clips/features.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { checkpointProblem } from '../../src/worker/export/trl-checkpoint.ts';
import { type ClipModel, modelUnder } from '../../src/worker/inputs/model.ts';
import { weightsToLeave } from '../../src/worker/left-weights.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import type { Run } from '../../src/worker/run.ts';
import { policyOptions, runTexts } from '../../src/worker/run-options.ts';
import { checkpointFiles, restoreCheckpoint } from '../../src/worker/runs/checkpoint.ts';
import type { TrainState } from '../../src/worker/runs/records.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { qwen25VlTree } from '../reference/qwen2-5-vl-tiny.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';
import { CLIPS, CONFIG, loadRun, preparedClips, quiet } from './sized-clips.ts';

const FULL: Partial<Config> = { loraRank: 0, trainDecoder: true, trainVision: true };
const LORA: Partial<Config> = { loraVision: true };
const WAYS = [
  ['all weights', FULL],
  ['adapters', LORA],
] as const;

let gpu: Gpu;
let published: ClipModel;
beforeAll(async () => {
  gpu = await testGpu();
  published = await openClipModel(await qwen2VlTree('published'));
});

const cache = memoryFeatureCache();
const configOf = (values: Partial<Config>): Config => parseConfig({ ...CONFIG, ...values });

async function load(values: Partial<Config>, opened = published): Promise<Run> {
  const model = modelUnder(opened, configOf(values));
  const features: FeatureStore = await preparedClips(gpu, model, cache);
  const run = await loadRun(gpu, model, features, values);
  await run.prepareTraining();
  return run;
}

const ofTower = (name: string): boolean => name.startsWith('visual.');

async function valuesOf({ policy: { store } }: Run): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of store.names()) values.set(name, Float32Array.from(await store.read(name)));
  return values;
}

/** What one step reports, without clocks and memory. */
async function take(run: Run) {
  const { metrics, groups } = await run.takeStep();
  const { loss, kl, entropy, grad_norm } = metrics;
  return { loss, kl, entropy, grad_norm, groups };
}

/** Bytes that a run has taken are those of its plan; with a frozen tower it would take fewer. */
async function expectPlanned(values: Partial<Config>, taken: number): Promise<void> {
  const planned = async (config: Config): Promise<number> => {
    const plan = await planMemory(published, config, runTexts(published, config, []), gpu);
    if (config.trainVision || config.loraVision) expect(plan.encoding).toBe(0);
    return Object.values(plan.training).reduce((sum, bytes) => sum + bytes, 0);
  };
  const wanted = await planned(configOf(values));
  expect(Math.abs(taken / wanted - 1)).toBeLessThan(0.1);
  const frozen = values === FULL ? { ...FULL, trainVision: false } : {};
  expect(wanted).toBeGreaterThan(await planned(configOf(frozen)));
}

/** A run of two steps: what it took of the device and stored after the first, and its weights before and after both. */
async function takeTwo(values: Partial<Config>) {
  const held = gpu.ledger.total;
  const run = await load(values);
  const before = await valuesOf(run);
  const first = await take(run);
  const taken = gpu.ledger.total - held;
  const stored = new MemoryStore();
  const state = { format: 1, ...run.standing } as TrainState;
  await writeSealed(stored, 'step-1', checkpointFiles(run.trained, state));
  const second = await take(run);
  return { run, taken, before, first, stored, state, second, after: await valuesOf(run) };
}

describe.each(WAYS)('a tower that trains by %s', (_, values) => {
  let whole: Awaited<ReturnType<typeof takeTwo>>;
  beforeAll(async () => {
    whole = await takeTwo(values);
  }, 240_000);
  afterAll(() => whole.run[Symbol.dispose]());

  it('moves with every tensor of it, away from a reference that begins as itself', () => {
    const { before, first, second, after } = whole;
    const tower = [...before.keys()].filter(ofTower);
    // 3 blocks of 12 tensors, queries, keys and values apart, merger and patches; 3 blocks of 4 linear layers, and 2.
    expect(tower.length).toBe(values === FULL ? 3 * 16 + 7 : 2 * (3 * 4 + 2));
    expect(first.kl).toBeLessThan(1e-6);
    expect(second.kl).toBeGreaterThan(0);
    const still = [...before].filter(([name, old]) => after.get(name)!.every((value, i) => value === old[i]));
    expect(still.map(([name]) => name)).toEqual([]);
  });

  it('takes the memory that its plan says, and goes on from a checkpoint as if nothing had been', async () => {
    const { taken, stored, state, second, after } = whole;
    await expectPlanned(values, taken);
    using again = await load(values);
    await restoreCheckpoint(again.trained, (await openSealed(stored, 'step-1')).files);
    again.stand(state);
    expect(await take(again)).toEqual(second);
    expect(await valuesOf(again)).toEqual(after);
  }, 240_000);

  it('leaves its weights to the next run', async () => {
    const left = weightsToLeave(whole.run);
    using next = await load(values, { ...published, left });
    expect(await valuesOf(next)).toEqual(whole.after);
    const { metrics } = await next.takeStep();
    expect(metrics.kl).toBeLessThan(1e-6);
  }, 240_000);
});

/** Files of an export below a folder, as a tree. */
function folder(files: Record<string, Buffer>, path: string): FileTree {
  const inside = Object.entries(files).filter(([name]) => name.startsWith(`${path}/`));
  const blobs = inside.map(([name, bytes]) => [
    name.slice(path.length + 1),
    new Blob([new Uint8Array(bytes)]),
  ]);
  return treeFromMemory(path, Object.fromEntries(blobs));
}

const PARTS = { merged: 'f32', adapter: true, checkpoint: false, handoff: true } as const;
const exported = async (run: Run) =>
  contentsOf(await exportFiles(run, { ...PARTS, metrics: false, rollouts: false }));

describe('its export', () => {
  it.each(['published', 'newer'] as const)(
    'has all weights by the %s names',
    async (names) => {
      using run = await load(FULL, await openClipModel(await qwen2VlTree(names)));
      await run.takeStep();
      const again = await openClipModel(folder(await exported(run), 'model'));
      expect(again.unusedTensors).toEqual([]);
      const { weights } = again.files.main;
      for (const name of new Set(run.policy.store.names().map(shardedName))) {
        expect(await weights.float32(name), name).toEqual(await readTrained(run.policy.store, name));
      }
      expect(checkpointProblem(run)).toBe('the run has no LoRA');
    },
    240_000,
  );

  it.each([
    ['Qwen2-VL', qwen2VlTree, 'mlp.fc1'],
    ['Qwen2.5-VL', qwen25VlTree, 'mlp.gate_proj'],
  ] as const)(
    'has the adapter of a %s by the names that transformers gives its modules',
    async (_, treeOf, mlp) => {
      const model = await openClipModel(await treeOf('published'));
      using run = await load(LORA, model);
      await run.takeStep();
      const files = await exported(run);
      const adapter = folder(files, 'adapter');
      const { tensors, lora } = await openAdapter(adapter, '', model.config.decoder, towerOf(model));
      const { store } = run.policy;
      expect([...tensors.names()].sort()).toEqual([...store.names()].sort());
      for (const name of store.names()) expect(await tensors.float32(name)).toEqual(await store.read(name));
      expect(lora).toEqual({ rank: 4, alpha: 8, targets: configOf(LORA).loraTargets, vision: true });
      const { target_modules: targets } = JSON.parse(files['adapter/adapter_config.json']!.toString());
      const header = files['adapter/adapter_model.safetensors']!.toString('latin1');
      for (const path of ['blocks.0.attn.qkv', `blocks.1.${mlp}`, 'merger.mlp.2']) {
        expect(new RegExp(`^(?:${targets})$`).test(`model.visual.${path}`), path).toBe(true);
        expect(header).toContain(`"base_model.model.model.visual.${path}.lora_B.weight"`);
      }
      expect(new RegExp(`^(?:${targets})$`).test('model.visual.patch_embed.proj')).toBe(false);
      expect(checkpointProblem(run)).toMatch(/its adapter sits on the vision tower/);
      // Merged, the adapter is in the tower's matrices: W + alpha / r · B · A.
      const path = 'visual.merger.mlp.2';
      const merged = (await openClipModel(folder(files, 'model'))).files.main.weights;
      const [a, b] = await Promise.all(Object.values(adapterNames(path)).map((name) => store.read(name)));
      const base = await model.files.main.weights.float32(`${path}.weight`);
      const inputs = a!.length / 4;
      const expected = base.map((value, i) => {
        let sum = 0;
        for (let r = 0; r < 4; r++)
          sum += b![Math.floor(i / inputs) * 4 + r]! * a![r * inputs + (i % inputs)]!;
        return value + 2 * sum;
      });
      const found = await merged.float32(`${path}.weight`);
      expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-6);
      expect(Math.max(...found.map((value, i) => Math.abs(value - base[i]!)))).toBeGreaterThan(1e-6);
    },
    240_000,
  );
});

const towerOf = ({ files, config }: ClipModel) => familyOf(files.family).tower!.linears(config);

describe('what is not done', () => {
  it('is refused by name', async () => {
    expect(checkConfig({ ...defaultConfig(), ...FULL })).toEqual([]);
    const problem = (values: Partial<Config>) => checkConfig({ ...defaultConfig(), ...values })[0]?.message;
    expect(problem({ trainVision: true, loraVision: true })).toMatch(/expected one of the two ways/);
    expect(problem({ loraRank: 0, trainDecoder: true, loraVision: true })).toMatch(/expected a rank/);
    expect(problem({ loraTargets: [], loraVision: true })).toBeUndefined();
    expect(problem({ loraRank: 0, trainVision: true })).toBeUndefined();
    for (const family of ['HumanOmni', 'Qwen2']) {
      expect(() => policyOptions(family, configOf(LORA), 64)).toThrow(
        `loraVision is true; it says how the vision tower of a Qwen2-VL or Qwen2.5-VL sees and trains, and this is a ${family}.`,
      );
    }
    // 48 values of queries by a rank of 1 would begin where no binding may.
    await expect(load({ ...LORA, loraRank: 1 })).rejects.toThrow(/product is 48, expected a multiple of 64/);
  });

  it('an adapter on a part of the tower is refused', async () => {
    using run = await load(LORA);
    const files = await exported(run);
    const header = files['adapter/adapter_model.safetensors']!.toString('latin1');
    files['adapter/adapter_model.safetensors'] = Buffer.from(
      header.replaceAll('visual.merger.mlp.2', 'visual.merger.mlp.3'),
      'latin1',
    );
    await expect(
      openAdapter(folder(files, 'adapter'), '', published.config.decoder, towerOf(published)),
    ).rejects.toThrow(/visual.merger.mlp.2.lora_A.weight found nothing, expected \[4,192\]/);
  });

  it('a tower that is frozen is given what it was given before', async () => {
    const model = modelUnder(published, configOf({}));
    expect(model.clips.identity).toEqual(published.clips.identity);
    const features = await preparedClips(gpu, model, cache);
    const { vision } = await features.load(CLIPS[0]!);
    expect(vision!.length).toBe((2 * 6 * 4 * 64) / 4);
    using run = await loadRun(gpu, model, features, {});
    await run.prepareTraining();
    expect(run.policy.store.names().every((name) => isAdapterName(name) && !ofTower(name))).toBe(true);
    const evaluated = await run.evaluate({ split: 'train' }, { ...quiet, answers: () => undefined });
    expect(evaluated.n).toBe(2);
  }, 120_000);
});
