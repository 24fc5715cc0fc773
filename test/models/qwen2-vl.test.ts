import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { holds } from '../../src/cli/parity/quantity.ts';
import { qwen2VlQuantities } from '../../src/cli/parity/qwen2-vl.ts';
import { WeightLoader } from '../../src/decoder/weights.ts';
import { weightSources } from '../../src/families/index.ts';
import { newerQwen2VlName, openQwen2VlFiles, qwen2VlName } from '../../src/families/qwen-vl/files.ts';
import { openQwen2Vl, parseQwen2VlConfig } from '../../src/families/qwen-vl/parts.ts';
import {
  freePatches,
  openQwen2VlVision,
  patchPositions,
  patchValues,
  qwen2VlVisionTokens,
  uploadPatches,
} from '../../src/families/qwen-vl/vision.ts';
import type { ModelFiles } from '../../src/families/shared/model-files.ts';
import { reshape, sizeOf, type Tensor } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { readGolden } from '../media/golden.ts';
import { relativeError, runOnce, testGpu } from '../ops/harness.ts';
import { checkTraining } from './tiny.ts';

const FOLDER = 'test/golden/qwen2-vl-tiny';
const golden = readGolden(`${FOLDER}/case.safetensors`);
const readConfig = (name: string) => JSON.parse(readFileSync(`${FOLDER}/model/${name}`, 'utf8'));

/** The published 2B-Instruct model's sizes. */
const PUBLISHED = {
  model_type: 'qwen2_vl',
  hidden_size: 1536,
  intermediate_size: 8960,
  num_hidden_layers: 28,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  vocab_size: 151936,
  tie_word_embeddings: true,
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  vision_config: { in_chans: 3, hidden_size: 1536 },
};

const openCase = async (): Promise<ModelFiles> => openQwen2VlFiles(await treeFromDisk(FOLDER));

/** The case's checkpoint as newer transformers would save it. */
async function newerFiles(): Promise<ModelFiles> {
  const { weights } = (await openCase()).main;
  const tensors = weights.names().map((name): TensorToWrite => {
    const { dtype, shape } = weights.info(name);
    return { name: newerQwen2VlName(name), dtype, shape, bytes: () => weights.bytes(name) };
  });
  const config = JSON.stringify(readConfig('config.nested.json'));
  return openQwen2VlFiles(
    treeFromMemory('newer', { 'config.json': config, 'model.safetensors': await writeSafetensors(tensors) }),
  );
}

/** Tokens of the golden video by a checkpoint, and what of it was not used. */
async function videoTokens(
  files: ModelFiles,
  change: (pixels: Float32Array) => void = () => undefined,
): Promise<{ tokens: Float32Array; unused: string[] }> {
  const gpu = await testGpu();
  using loader = new WeightLoader(gpu, weightSources(files));
  using model = openQwen2Vl(gpu, parseQwen2VlConfig(readConfig('config.json')), {
    ...loader,
    maxPositions: 64,
  });
  await loader.load();
  const { shape, values } = golden('video_pixel_values');
  const data = Float32Array.from(values);
  change(data);
  const pixels = gpu.upload('inputs', 'pixels', shape, data);
  const grid = [2, 6, 10] as const;
  const patches = uploadPatches(gpu, grid, model.config.vision);
  const [tokens] = await runOnce(gpu, 'vision', (tape) => [
    qwen2VlVisionTokens(tape, model.vision, pixels, patches),
  ]);
  freePatches(gpu, patches);
  gpu.free(pixels);
  return { tokens: tokens!, unused: loader.unused() };
}

describe('Qwen2-VL', () => {
  it('equals the published model on every quantity of the case, under both configs', async () => {
    const quantities = await qwen2VlQuantities(await treeFromDisk(FOLDER), await testGpu());
    expect(quantities.filter(({ name }) => name.includes('pixel_values'))).toHaveLength(4);
    for (const file of ['config.json', 'config.nested.json']) {
      expect(quantities.filter(({ name }) => name.startsWith(`${file}: `))).toHaveLength(
        1 + 4 * (4 + 38 + 43),
      );
    }
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  }, 240_000);

  it('has the same vision tokens under the names of newer transformers, and uses every tensor', async () => {
    const files = await newerFiles();
    expect(files.main.weights.names()).toEqual((await openCase()).main.weights.names());
    expect(files.writtenAs?.('visual.merger')).toBe('model.visual.merger');
    const { tokens, unused } = await videoTokens(files);
    expect(unused).toEqual([]);
    expect(relativeError(tokens, golden('video_tokens').values)).toBeLessThanOrEqual(1e-4);
  });

  it('looks at each slice of time by itself', async () => {
    const files = await openCase();
    const { tokens: before } = await videoTokens(files);
    const { tokens: after } = await videoTokens(files, (pixels) => pixels.fill(0, 0, pixels.length / 2));
    const half = before.length / 2;
    expect(after.subarray(half)).toEqual(before.subarray(half));
    expect(relativeError(after.subarray(0, half), before.subarray(0, half))).toBeGreaterThan(0.01);
  });

  it('of Qwen2.5 equals the published model on every quantity of its case, its tower included', async () => {
    const tree = await treeFromDisk('test/golden/qwen2_5-vl-tiny');
    const quantities = await qwen2VlQuantities(tree, await testGpu());
    expect(quantities.filter(({ name }) => name.startsWith('mrope_'))).toHaveLength(2);
    expect(quantities.filter(({ name }) => name.startsWith('config.json: '))).toHaveLength(
      1 + 4 * (4 + 38 + 54),
    );
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  }, 240_000);

  it('can be trained, but for queries, keys and values', async () => {
    const gpu = await testGpu();
    using loader = new WeightLoader(gpu, weightSources(await openCase()));
    const { vision: config } = parseQwen2VlConfig(readConfig('config.json'));
    const { values } = golden('video_pixel_values');
    const data = Float32Array.from(values.subarray(0, 16 * patchValues(config)));
    const pixels = gpu.upload('inputs', 'pixels', [16, patchValues(config)], data);
    const patches = uploadPatches(gpu, [2, 2, 4], config);
    await checkTraining({ gpu, loader }, (tape, open) => {
      const model = openQwen2VlVision(gpu, { open, openPart: loader.openPart }, config);
      return qwen2VlVisionTokens(tape, model, pixels, patches);
    });
    freePatches(gpu, patches);
    gpu.free(pixels);
  });

  it('of the published 2B sizes has as many parameters as published', async () => {
    const sizes = new Map<string, number>();
    const open = (name: string, shape: readonly number[]): Tensor => {
      sizes.set(name, sizeOf(shape));
      return { label: name, shape, dtype: 'bf16', storage: { kind: 'planned', id: sizes.size } };
    };
    const openPart = (name: string, shape: readonly number[], _first: number, rows: number): Tensor => {
      const whole = open(name, shape);
      const part = [rows, ...shape.slice(1)];
      return reshape({ ...whole, shape: part }, part);
    };
    using model = openQwen2Vl(await testGpu(), parseQwen2VlConfig(PUBLISHED), {
      open,
      openPart,
      openRows: (name, shape) => [open(name, shape)],
      maxPositions: 16,
    });
    expect(model.decoder.layers).toHaveLength(28);
    const sum = (prefix: string) =>
      [...sizes].reduce((total, [name, size]) => total + (name.startsWith(prefix) ? size : 0), 0);
    expect([sum('visual.'), sum('model.')]).toEqual([665_271_296, 1_543_714_304]);
  });
});

describe('its config', () => {
  it('is the same in both layouts', () => {
    const config = parseQwen2VlConfig(readConfig('config.json'));
    expect(parseQwen2VlConfig(readConfig('config.nested.json'))).toEqual(config);
    expect(config).toMatchObject({ imageId: 310, videoId: 311, visionStartId: 308, visionEndId: 309 });
    expect(config.decoder).toMatchObject({ layers: 3, mropeSections: [2, 3, 3], tieWordEmbeddings: true });
    expect(config.vision).toMatchObject({ depth: 3, width: 48, mlpWidth: 192, heads: 3, outputWidth: 64 });
  });

  it('names the field that is off', () => {
    const config = readConfig('config.json');
    const changed = (changes: object) => () => parseQwen2VlConfig({ ...config, ...changes });
    expect(changed({ model_type: 'llava' })).toThrow(
      /"model_type" is "llava", expected qwen2_vl or qwen2_5_vl/,
    );
    expect(changed({ rope_scaling: null })).toThrow(/"mrope_section" is missing/);
    expect(changed({ rope_scaling: { mrope_section: [2, 3, 4] } })).toThrow(
      /"mrope_section" is \[2,3,4\], expected numbers that add up to 8, half a head/,
    );
    expect(changed({ vision_config: { ...config.vision_config, hidden_size: 32 } })).toThrow(
      /vision_config: "hidden_size" is 32, expected 64/,
    );
    expect(changed({ vision_config: { ...config.vision_config, in_chans: 1 } })).toThrow(
      /"in_channels" is 1/,
    );
  });
});

describe('its names', () => {
  it('go from published to newer and back', () => {
    for (const [published, newer] of [
      ['visual.merger.ln_q.bias', 'model.visual.merger.ln_q.bias'],
      ['model.layers.0.mlp.up_proj.weight', 'model.language_model.layers.0.mlp.up_proj.weight'],
    ] as const) {
      expect(newerQwen2VlName(published)).toBe(newer);
      expect(qwen2VlName(newer)).toBe(published);
      expect(qwen2VlName(published)).toBe(published);
    }
  });

  it('are looked for in a folder whose config says qwen2_vl', async () => {
    const found = await openCase();
    expect(found.main.tree.name).toBe('model');
    expect(found.writtenAs).toBeUndefined();
    const other = treeFromMemory('other', { 'config.json': '{"model_type": "llama"}' });
    await expect(openQwen2VlFiles(other)).rejects.toThrow(
      /other: no Qwen2-VL checkpoint; found other \(llama\)/,
    );
  });
});

it('patches stand by row and column, token by token', () => {
  expect([...patchPositions([2, 2, 4], 2)]).toEqual(
    [0, 1].flatMap(() => [0, 0, 0, 1, 1, 0, 1, 1, 0, 2, 0, 3, 1, 2, 1, 3]),
  );
});
