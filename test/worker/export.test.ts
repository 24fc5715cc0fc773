import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { memorySource } from '../../src/io/files/bytes.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, findFile, treeFromMemory } from '../../src/io/files/files.ts';
import { openCheckpoint } from '../../src/io/sealed/checkpoint.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { bf16ToF32, f32ToBf16 } from '../../src/math/half.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { MergedDtype } from '../../src/protocol/messages.ts';
import type { MediaTokens } from '../../src/rl/media/media-input.ts';
import { sftStep } from '../../src/rl/sft.ts';
import { adapterFiles } from '../../src/worker/export/adapter.ts';
import { changedTensors } from '../../src/worker/export/changed.ts';
import { mergedCheckpoint } from '../../src/worker/export/weights.ts';
import { relativeError, testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { type TinyRun, tinyRun } from './tiny-run.ts';

const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1, step: 0 };
const LORA: Partial<Config> = { stage: 'sft', learningRate: 0.02, schedule: 'constant', loraRank: 4 };
const FULL: Partial<Config> = {
  ...LORA,
  learningRate: 0.002,
  loraRank: 0,
  trainDecoder: true,
  trainProjectors: true,
};

type Contents = Awaited<ReturnType<typeof contentsOf>>;

let gpu: Gpu;
let published: FileTree;
/** An adapter that was trained on the published weights. */
let adapted: TinyRun;

beforeAll(async () => {
  gpu = await testGpu();
  published = await treeFromDisk('test/golden/omni-tiny');
  adapted = await trained(published, LORA);
});
afterAll(() => adapted[Symbol.dispose]());

/** The greedy answers with the log-probability of each of their tokens. */
async function answers({ context, examples }: TinyRun): Promise<{ ids: number[][]; logProbs: number[] }> {
  const two = examples.slice(0, 2);
  const generator = await context.rolloutGenerator();
  const media: MediaTokens[] = [];
  for (const example of two) media.push((await context.mediaOf(example)).tokens);
  const groups = await generator.generate(
    two.map(({ prompt }) => prompt),
    GREEDY,
    (index) => media[index]!,
  );
  const all = groups.flat();
  return { ids: all.map(({ ids }) => [...ids]), logProbs: all.flatMap(({ logProbs }) => [...logProbs]) };
}

async function train({ context, examples }: TinyRun): Promise<void> {
  for (let step = 0; step < 2; step++) await sftStep(context, examples.slice(2 * step, 2 * step + 2), step);
}

async function trained(tree: FileTree, config: Partial<Config>): Promise<TinyRun> {
  const run = await tinyRun(gpu, tree, config);
  await train(run);
  return run;
}

const exported = async ({ model, policy }: TinyRun, dtype: MergedDtype = 'f32', shardBytes?: number) =>
  contentsOf(await mergedCheckpoint(model, changedTensors(policy), dtype, shardBytes));

function reopened(files: Contents): FileTree {
  return treeFromMemory('again', files);
}

/** The toy checkpoint with its main weights as BF16 in two shards with an index. */
async function shardedBf16(): Promise<FileTree> {
  const source = await openCheckpoint({
    ...published,
    files: published.files
      .filter(({ path }) => path.startsWith('model/'))
      .map((file) => ({ ...file, path: file.path.slice(6) })),
  });
  const names = [...source.names()].sort();
  const shards: Record<string, string[]> = {
    'model-00001-of-00002.safetensors': names.slice(0, 40),
    'model-00002-of-00002.safetensors': names.slice(40),
  };
  const contents: Record<string, Blob> = {};
  for (const file of published.files) {
    if (/^(model|siglip|whisper|bert)\//.test(file.path) && file.path !== 'model/model.safetensors')
      contents[file.path] = await file.blob();
  }
  const map: Record<string, string> = {};
  for (const [shard, inside] of Object.entries(shards)) {
    const tensors = inside.map(
      (name): TensorToWrite => ({
        name,
        dtype: 'BF16',
        shape: source.info(name).shape,
        bytes: async () => f32ToBytes('BF16', await source.float32(name)),
      }),
    );
    contents[`model/${shard}`] = await writeSafetensors(tensors);
    for (const name of inside) map[name] = shard;
  }
  contents['model/model.safetensors.index.json'] = new Blob([
    JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }),
  ]);
  return treeFromMemory('sharded', contents);
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

describe('an exported model', () => {
  it('answers exactly as the trained one when its own weights were trained, and has no adapter', async () => {
    using run = await tinyRun(gpu, published, FULL);
    const start = await answers(run);
    await train(run);
    const files = await exported(run);
    using again = await tinyRun(gpu, reopened(files), FULL);
    const found = await answers(run);
    expect(await answers(again)).toEqual(found);
    expect(start.ids).not.toEqual(found.ids);
    expect(adapterFiles(run.policy)).toEqual([]);
  });

  it('answers as the trained one with its adapter merged', async () => {
    using again = await tinyRun(gpu, reopened(await exported(adapted)), LORA);
    const [found, read] = [await answers(adapted), await answers(again)];
    expect(read.ids).toEqual(found.ids);
    expect(largestDifference(read.logProbs, found.logProbs)).toBeLessThan(1e-4);
  });

  it('trained on quantised weights is the published weights and the adapter, nothing rounded', async () => {
    using run = await trained(published, { ...LORA, frozenWeights: 'int4' });
    const { files } = run.model;
    const { store } = run.policy;
    const weights = await openCheckpoint(subtreeOf(await exported(run), 'model/'));
    for (const path of ['model.layers.0.self_attn.k_proj', 'model.layers.2.mlp.down_proj']) {
      const before = await files.main.weights.float32(`${path}.weight`);
      const [a, b] = [await store.read(`${path}.lora_A.weight`), await store.read(`${path}.lora_B.weight`)];
      const scale = run.policy.options.lora!.alpha / 4;
      const columns = a.length / 4;
      const expected = before.map((x, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        return (
          x + scale * [0, 1, 2, 3].reduce((sum, k) => sum + b[4 * row + k]! * a[k * columns + column]!, 0)
        );
      });
      const found = await weights.float32(`${path}.weight`);
      expect(relativeError(found, expected)).toBeLessThan(1e-7);
      expect(relativeError(found, before)).toBeGreaterThan(1e-3);
    }
    const embedding = 'model.embed_tokens.weight';
    expect(await weights.bytes(embedding)).toEqual(await files.main.weights.bytes(embedding));
  });

  it('keeps names, files and all bytes that training did not touch', async () => {
    const files = await exported(adapted);
    const wanted = published.files
      .map(({ path }) => path)
      .filter((path) => /^(model|siglip|whisper|bert)\/[^/]+$/.test(path));
    expect(Object.keys(files).sort()).toEqual(wanted.sort());
    for (const [name, bytes] of Object.entries(files)) {
      if (name === 'model/model.safetensors') continue;
      const before = await findFile(published, name)!.blob();
      expect(bytes.equals(Buffer.from(await before.arrayBuffer())), name).toBe(true);
    }
    const { files: opened, config } = adapted.model;
    const [before, after] = [opened.main.weights, await openCheckpoint(subtreeOf(files, 'model/'))];
    expect([...after.names()].sort()).toEqual([...before.names()].sort());
    const same: string[] = [];
    for (const name of before.names()) {
      if (Buffer.from(await before.bytes(name)).equals(Buffer.from(await after.bytes(name)))) same.push(name);
    }
    expect(
      before
        .names()
        .filter((name) => !same.includes(name))
        .every((name) => /_proj\.weight$/.test(name)),
    ).toBe(true);
    expect(before.names().length - same.length).toBe(7 * config.decoder.layers);
  });

  it('of a sharded BF16 checkpoint loses nothing of what was learned as f32', async () => {
    const tree = await shardedBf16();
    using run = await trained(tree, LORA);
    const files = await exported(run);
    expect(Object.keys(files).filter((name) => /safetensors/.test(name) && /^model/.test(name))).toEqual([
      'model/model.safetensors',
    ]);
    using again = await tinyRun(gpu, reopened(files), LORA);
    const [found, read] = [await answers(run), await answers(again)];
    expect(read.ids).toEqual(found.ids);
    expect(largestDifference(read.logProbs, found.logProbs)).toBeLessThan(1e-4);
  });

  it('as bf16 is cut into shards that hold every tensor once, and says its type', async () => {
    const { main } = adapted.model.files;
    const files = await exported(adapted, 'bf16', 100_000);
    const index = JSON.parse(files['model/model.safetensors.index.json']!.toString());
    const shards = Object.keys(files).filter((name) =>
      /^model\/model-\d{5}-of-\d{5}\.safetensors$/.test(name),
    );
    expect(shards.length).toBeGreaterThan(2);
    expect([...new Set(Object.values(index.weight_map))].sort()).toEqual(
      shards.map((name) => name.slice('model/'.length)).sort(),
    );
    expect(Object.keys(index.weight_map).sort()).toEqual([...main.weights.names()].sort());
    const weights = await openCheckpoint(subtreeOf(files, 'model/'));
    const sizes = weights.names().map((name) => weights.info(name).end - weights.info(name).start);
    expect(index.metadata.total_size).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(new Set(weights.names().map((name) => weights.info(name).dtype))).toEqual(new Set(['BF16']));
    expect(JSON.parse(files['model/config.json']!.toString()).torch_dtype).toBe('bfloat16');
    const name = 'model.layers.0.input_layernorm.weight';
    expect(await weights.float32(name)).toEqual(bf16ToF32(f32ToBf16(await main.weights.float32(name))));
  });

  it('is planned with its exact size', async () => {
    const files = await mergedCheckpoint(adapted.model, changedTensors(adapted.policy), 'bf16', 100_000);
    const contents = await contentsOf(files);
    expect(files.map(({ bytes }) => bytes)).toEqual(files.map(({ path }) => contents[path]!.length));
  });
});

describe('an exported adapter', () => {
  it("has PEFT's names and shapes and the present values", async () => {
    using run = await trained(published, { ...LORA, loraTargets: ['q_proj', 'down_proj'] });
    const files = await contentsOf(adapterFiles(run.policy));
    const weights = await openSafetensors(memorySource(files['adapter_model.safetensors']!), 'adapter');
    expect(weights.names().length).toBe(4 * run.model.config.decoder.layers);
    const name = 'model.layers.1.mlp.down_proj.lora_B.weight';
    expect(weights.info(`base_model.model.${name}`).shape).toEqual([64, 4]);
    expect(await weights.float32(`base_model.model.${name}`)).toEqual(
      Float32Array.from(await run.policy.store.read(name)),
    );
    const config = JSON.parse(files['adapter_config.json']!.toString());
    expect(config).toMatchObject({ peft_type: 'LORA', r: 4, lora_alpha: 32 });
    expect(new RegExp(`^(${config.target_modules})$`).test('model.layers.1.self_attn.k_proj')).toBe(false);
  });
});

function subtreeOf(files: Contents, folder: string): FileTree {
  const inside = Object.entries(files).filter(([name]) => name.startsWith(folder));
  return treeFromMemory(
    'folder',
    Object.fromEntries(inside.map(([name, bytes]) => [name.slice(folder.length), bytes])),
  );
}
