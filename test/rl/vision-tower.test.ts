/** Gradients of a tower that trains as runs take them: by the updater's passes, against those of the published code. */
import { beforeAll, describe, expect, it } from 'vitest';
import { distance, norm } from '../../src/cli/parity/quantity.ts';
import { openQwen2VlCase, type Qwen2VlCase } from '../../src/cli/parity/qwen2-vl-case.ts';
import { adapterNames } from '../../src/decoder/lora.ts';
import { shardedName } from '../../src/decoder/row-shards.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { LOSS_DEFAULTS } from '../../src/protocol/loss-config.ts';
import { VisionTower } from '../../src/rl/media/tower.ts';
import { loadPolicy, type Policy, type PolicyOptions } from '../../src/rl/policy/policy.ts';
import { type PassSize, passSize } from '../../src/rl/update/pass-arrays.ts';
import { Updater } from '../../src/rl/update/update.ts';
import { readGolden } from '../media/golden.ts';
import { numbers, testGpu } from '../ops/harness.ts';

const FOLDERS = ['test/golden/qwen2-vl-tiny', 'test/golden/qwen2_5-vl-tiny'] as const;
const NOTHING = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false };
const OPTIONS = { ...NOTHING, withTower: true, reference: false, seed: 1, maxPositions: 256 };

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

const tokensOf = ({ grid: [slices, rows, columns] }: Qwen2VlCase): number => (slices * rows * columns) / 4;

/** Of tokens that follow one another: the same on all three axes. */
const textPositions = (count: number) => ({
  positions: Uint32Array.from({ length: 3 * count }, (_, i) => Math.floor(i / 3)),
  next: count,
});

interface StepOptions {
  /** What a pass holds at most. */
  readonly most?: PassSize | undefined;
  readonly objective?: 'nll';
  readonly learningRate?: number;
  /** Whether a prompt of text alone goes first through the same pass. */
  readonly besideText?: boolean;
  /** Calls of the updater, and the steps of each on the batch. */
  readonly updates?: number;
  readonly iterations?: number;
}

/** Gradients of one step over the case's group; the number of its passes. */
async function takeStep(
  policy: Policy,
  opened: Qwen2VlCase,
  { most, objective, besideText, learningRate = 0, updates = 1, iterations = 1 }: StepOptions = {},
): Promise<number> {
  const { prompt, completions, advantages, arrays, grid } = opened;
  const rows = await arrays.float32('video_pixel_values');
  const group = {
    prompt,
    completions,
    advantages,
    media: { features: { patches: { shown: [{ grid }], rows } } },
  };
  const text = { ids: prompt.ids.slice(0, 5), positions: textPositions(5) };
  const asked = { ...group, prompt: text, media: { features: {} } };
  const groups = besideText ? [asked, group] : [group];
  using tower = new VisionTower(gpu, policy.current.vision!, { trains: true });
  using updater = await Updater.create(
    policy,
    {
      objective: objective ?? { ...LOSS_DEFAULTS, lossType: 'grpo', beta: 0 },
      promptsPerPass: groups.length,
      ...{ passesPerGroup: most ? 2 : 1, completionsPerPrompt: completions.length, checkpoint: false },
      ...{ largest: most ?? passSize(groups), temperature: 1 },
      kind: {
        mediaCounts: { video: tokensOf(opened), audio: 0 },
        ...{ senses: { video: true, audio: false }, tower },
      },
    },
    { learningRate },
  );
  let passes = 0;
  for (let update = 0; update < updates; update++) {
    passes += (await updater.update(groups, learningRate, iterations)).micro.length;
  }
  return passes;
}

/** Put together from the ranges of rows that the tensor trains in. */
async function gradientOf({ store }: Policy, name: string): Promise<Float32Array> {
  const parts = store.names().filter((part) => shardedName(part) === name);
  const values = await Promise.all(parts.map((part) => store.readGradient(part)));
  return Float32Array.from(values.flatMap((part) => [...part]));
}

describe.each(FOLDERS)('the gradients of %s', (folder) => {
  const golden = (file: string) => readGolden(`${folder}/${file}`);

  it.each([
    ['one pass', false],
    ['passes that a group is split over', true],
  ])(
    'are those of the published model, by %s',
    async (_, split) => {
      const opened = await openQwen2VlCase(await treeFromDisk(folder));
      const trained: PolicyOptions = { ...OPTIONS, trainDecoder: true, trainVision: true };
      using policy = await loadPolicy(gpu, opened.files, trained);
      const { prompt, completions } = opened;
      const half = passSize([{ prompt, completions: completions.slice(0, 2) }]);
      const passes = await takeStep(policy, opened, {
        most: split ? { ...half, tokens: half.tokens + 4 } : undefined,
      });
      expect(passes > 1).toBe(split);
      for (const file of ['grads_grpo.safetensors', 'grads_grpo_vision.safetensors']) {
        const expected = golden(file);
        const all = [...new Set(policy.store.names().map(shardedName))];
        const names = all.filter((name) => name.startsWith('visual.') === file.includes('vision'));
        const global = norm(await Promise.all(names.map(async (name) => norm(expected(name).values))));
        for (const name of names) {
          const reference = expected(name).values;
          const error = distance(await gradientOf(policy, name), reference);
          expect(error, name).toBeLessThanOrEqual(2e-3 * Math.max(norm(reference), 1e-3 * global));
        }
      }
    },
    120_000,
  );

  it('are those of the prompts with a picture, beside one of text alone', async () => {
    const opened = await openQwen2VlCase(await treeFromDisk(folder));
    using policy = await loadPolicy(gpu, opened.files, { ...OPTIONS, trainVision: true });
    expect(await takeStep(policy, opened, { besideText: true })).toBe(1);
    const name = 'visual.patch_embed.proj.weight';
    const half = golden('grads_grpo_vision.safetensors')(name).values.map((value) => value / 2);
    expect(distance(await gradientOf(policy, name), half)).toBeLessThanOrEqual(2e-3 * norm(half));
  });

  it('are those of present weights in the second of two steps on a batch', async () => {
    const opened = await openQwen2VlCase(await treeFromDisk(folder));
    const biases: Float32Array[] = [];
    for (const [updates, iterations] of [
      [1, 2],
      [2, 1],
    ] as const) {
      using policy = await loadPolicy(gpu, opened.files, { ...OPTIONS, trainVision: true });
      await takeStep(policy, opened, { objective: 'nll', learningRate: 0.01, updates, iterations });
      biases.push(await policy.store.read('visual.merger.mlp.0.bias'));
    }
    expect(biases[0]).toEqual(biases[1]);
  });

  it('reach adapters as the matrices under them say: dB = scale · dW · Aᵀ where B is 0', async () => {
    const opened = await openQwen2VlCase(await treeFromDisk(folder));
    const lora = { rank: 4, alpha: 8, targets: [], vision: true };
    using policy = await loadPolicy(gpu, opened.files, { ...OPTIONS, lora });
    await takeStep(policy, opened);
    const dW = golden('grads_grpo_vision.safetensors');
    const paths = policy.store.names().filter((name) => name.endsWith('.lora_A.weight'));
    expect(paths.length).toBe(folder === FOLDERS[0] ? 14 : 4 * 5 + 2);
    const errors: number[] = [];
    const sizes: number[] = [];
    for (const name of paths) {
      const path = name.replace('.lora_A.weight', '');
      const { a, b } = adapterNames(path);
      const [A, dB, dA] = [
        await policy.store.read(a),
        await policy.store.readGradient(b),
        await policy.store.readGradient(a),
      ];
      const { values, shape } = dW(`${path}.weight`);
      const [out, inputs] = shape as [number, number];
      const expected = Float64Array.from({ length: out * 4 }, (_, i) => {
        let sum = 0;
        const [row, rank] = [Math.floor(i / 4), i % 4];
        for (let k = 0; k < inputs; k++) sum += values[row * inputs + k]! * A[rank * inputs + k]!;
        return 2 * sum;
      });
      errors.push(distance(dB, expected));
      sizes.push(norm(expected));
      expect(norm(dA)).toBe(0);
    }
    const global = norm(sizes);
    expect(global).toBeGreaterThan(0);
    errors.forEach((error, i) => {
      expect(error, paths[i]).toBeLessThanOrEqual(2e-3 * Math.max(sizes[i]!, 1e-3 * global));
    });
  }, 120_000);

  it('reach A by way of B: dA = scale · Bᵀ · dW', async () => {
    const opened = await openQwen2VlCase(await treeFromDisk(folder));
    const lora = { rank: 4, alpha: 8, targets: [], vision: true };
    using policy = await loadPolicy(gpu, opened.files, { ...OPTIONS, lora });
    // So small that the gradients of the matrices stay what they are.
    const small = (name: string): Float32Array =>
      numbers(
        policy.store.get(name).shape.reduce((product, side) => product * side, 1),
        name.length,
        1e-5,
      );
    const names = policy.store.names();
    for (const name of names.filter((each) => each.includes('lora_B'))) policy.store.write(name, small(name));
    await takeStep(policy, opened);
    const dW = golden('grads_grpo_vision.safetensors');
    const found: { error: number; size: number; path: string }[] = [];
    for (const name of names.filter((each) => each.includes('lora_A'))) {
      const path = name.replace('.lora_A.weight', '');
      const { a, b } = adapterNames(path);
      const [B, dA] = [await policy.store.read(b), await policy.store.readGradient(a)];
      const { values, shape } = dW(`${path}.weight`);
      const [out, inputs] = shape as [number, number];
      const expected = Float64Array.from({ length: 4 * inputs }, (_, i) => {
        let sum = 0;
        const [rank, column] = [Math.floor(i / inputs), i % inputs];
        for (let row = 0; row < out; row++) sum += B[row * 4 + rank]! * values[row * inputs + column]!;
        return 2 * sum;
      });
      found.push({ error: distance(dA, expected), size: norm(expected), path });
    }
    const global = norm(found.map(({ size }) => size));
    for (const { error, size, path } of found) {
      expect(error, path).toBeLessThanOrEqual(2e-3 * Math.max(size, 1e-3 * global));
    }
  }, 120_000);
});
