import { describe, expect, it } from 'vitest';
import { WeightLoader } from '../../src/decoder/weights.ts';
import { weightSources } from '../../src/families/index.ts';
import { openQwen2VlFiles } from '../../src/families/qwen-vl/files.ts';
import { openQwen2Vl, parseQwen2VlConfig } from '../../src/families/qwen-vl/parts.ts';
import {
  freePatches,
  openQwen2VlVision,
  qwen2VlVisionTokens,
  uploadPatches,
} from '../../src/families/qwen-vl/vision.ts';
import type { ModelFiles } from '../../src/families/shared/model-files.ts';
import { type Gpu, reshape, sizeOf, type Tensor } from '../../src/gpu/index.ts';
import { readJson } from '../../src/io/files/files.ts';
import { freeRopeTable } from '../../src/ops/attention/rope.ts';
import { numbers, relativeError, runOnce, testGpu } from '../ops/harness.ts';
import { qwen25VlTree, TOWER } from '../reference/qwen2-5-vl-tiny.ts';
import { qwen25VlTokens } from '../reference/qwen2-5-vl-vision.ts';
import { ACTIVATION_BOUND } from './tiny.ts';

/** 6 by 5 tokens in each of two slices: of the windows of 4 by 4 only the first is whole. */
const GRID = [2, 12, 10] as const;
const [HEIGHT, WIDTH] = [6, 5];
const PATCH_VALUES = 3 * 2 * 14 * 14;
const PIXELS = numbers(2 * 12 * 10 * PATCH_VALUES, 5, 2);

/** The published 3B-Instruct model's sizes. */
const PUBLISHED = {
  model_type: 'qwen2_5_vl',
  ...{ hidden_size: 2048, intermediate_size: 11008, num_hidden_layers: 36, num_attention_heads: 16 },
  ...{ num_key_value_heads: 2, vocab_size: 151936, tie_word_embeddings: true },
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  vision_config: {
    ...{ hidden_size: 1280, out_hidden_size: 2048, in_chans: 3, tokens_per_second: 2, window_size: 112 },
    fullatt_block_indexes: [7, 15, 23, 31],
  },
};

/** The engine's tokens of the pixels. */
async function tokensOf(gpu: Gpu, files: ModelFiles, values: Float32Array): Promise<Float32Array> {
  using loader = new WeightLoader(gpu, weightSources(files));
  const { vision: config } = parseQwen2VlConfig(files.main.config);
  const model = openQwen2VlVision(gpu, loader, config);
  await loader.load();
  const pixels = gpu.upload('inputs', 'pixels', [values.length / PATCH_VALUES, PATCH_VALUES], values);
  const layout = uploadPatches(gpu, GRID, config);
  const [tokens] = await runOnce(gpu, 'vision', (tape) => [qwen2VlVisionTokens(tape, model, pixels, layout)]);
  freePatches(gpu, layout);
  freeRopeTable(gpu, model.rope);
  gpu.free(pixels);
  return tokens!;
}

const filesWith = async (fullBlocks: readonly number[]): Promise<ModelFiles> =>
  openQwen2VlFiles(await qwen25VlTree('published', fullBlocks));

/** The float64 reference's tokens of the pixels. */
async function referenceTokens({ main }: ModelFiles, fullBlocks: readonly number[]): Promise<Float64Array> {
  const values = new Map<string, Float32Array>();
  for (const name of main.weights.names().filter((candidate) => candidate.startsWith('visual.'))) {
    values.set(name.slice('visual.'.length), await main.weights.float32(name));
  }
  const settings = { depth: TOWER.depth, heads: TOWER.heads, merge: 2, window: 4, fullBlocks };
  return qwen25VlTokens((name) => values.get(name)!, settings, PIXELS, GRID);
}

/** Which tokens change when the patches of token (1, 1) in the second slice do: true at their index. */
async function changedTokens(fullBlocks: readonly number[]): Promise<boolean[]> {
  const [gpu, files] = [await testGpu(), await filesWith(fullBlocks)];
  const before = await tokensOf(gpu, files, PIXELS);
  const changed = Float32Array.from(PIXELS);
  const first = (HEIGHT * WIDTH + WIDTH + 1) * 4 * PATCH_VALUES;
  changed.fill(0.5, first, first + PATCH_VALUES);
  const after = await tokensOf(gpu, files, changed);
  return Array.from({ length: 2 * HEIGHT * WIDTH }, (_, token) =>
    before
      .subarray(token * TOWER.output, (token + 1) * TOWER.output)
      .some((value, i) => value !== after[token * TOWER.output + i]),
  );
}

/** Of each token of the grid whether `holds` does. */
const whereverIn = (holds: (slice: number, row: number, column: number) => boolean): boolean[] =>
  Array.from({ length: 2 * HEIGHT * WIDTH }, (_, token) =>
    holds(Math.floor(token / (HEIGHT * WIDTH)), Math.floor(token / WIDTH) % HEIGHT, token % WIDTH),
  );

describe("Qwen2.5-VL's vision tower", () => {
  it('equals its float64 reference, with and without a block that sees whole slices', async () => {
    const gpu = await testGpu();
    const kinds = [TOWER.fullBlocks, []];
    const cases = await Promise.all(
      kinds.map(async (fullBlocks) => {
        const files = await filesWith(fullBlocks);
        return { files, expected: await referenceTokens(files, fullBlocks) };
      }),
    );
    for (const { files, expected } of cases) {
      const found = await tokensOf(gpu, files, PIXELS);
      expect(relativeError(found, expected)).toBeLessThanOrEqual(ACTIVATION_BOUND);
      for (const other of cases.filter((one) => one.expected !== expected)) {
        expect(relativeError(found, other.expected)).toBeGreaterThan(0.01);
      }
    }
  });

  it('shows a patch to its window alone, without a block that sees whole slices', async () => {
    expect(await changedTokens([])).toEqual(
      whereverIn((slice, row, column) => slice === 1 && row < 4 && column < 4),
    );
  });

  it('shows a patch to its whole slice, with one', async () => {
    expect(await changedTokens([1])).toEqual(whereverIn((slice) => slice === 1));
  });
});

describe('a Qwen2.5-VL', () => {
  it('of the published 3B sizes has as many parameters as published', async () => {
    const sizes = new Map<string, number>();
    const open = (name: string, shape: readonly number[]): Tensor => {
      sizes.set(name, sizeOf(shape));
      return { label: name, shape, dtype: 'bf16', storage: { kind: 'planned', id: sizes.size } };
    };
    const openPart = (name: string, shape: readonly number[], _first: number, rows: number): Tensor => {
      const part = [rows, ...shape.slice(1)];
      return reshape({ ...open(name, shape), shape: part }, part);
    };
    const openRows = (name: string, shape: readonly number[]) => [open(name, shape)];
    const sources = { open, openPart, openRows, maxPositions: 16 };
    using model = openQwen2Vl(await testGpu(), parseQwen2VlConfig(PUBLISHED), sources);
    expect(model.vision.blocks).toHaveLength(32);
    const sum = (prefix: string) =>
      [...sizes].reduce((total, [name, size]) => total + (name.startsWith(prefix) ? size : 0), 0);
    expect([sum('visual.'), sum('model.')]).toEqual([668_684_288, 3_085_938_688]);
  });

  it('has one config in both layouts, and what it leaves out is as published', async () => {
    const [published, newer] = await Promise.all(
      (['published', 'newer'] as const).map(async (names) =>
        parseQwen2VlConfig(await readJson(await qwen25VlTree(names), 'config.json')),
      ),
    );
    expect(newer).toEqual(published);
    expect(published).toMatchObject({
      ...{ family: 'Qwen2.5-VL', tokensPerSecond: 2 },
      vision: { width: 32, mlpWidth: 20, outputWidth: 64, windows: { side: 4, fullBlocks: [1] } },
    });
    const { vision, tokensPerSecond } = parseQwen2VlConfig(PUBLISHED);
    expect([tokensPerSecond, vision.depth, vision.heads, vision.mlpWidth]).toEqual([2, 32, 16, 3420]);
    expect(vision.windows).toEqual({ side: 4, fullBlocks: [7, 15, 23, 31] });
  });

  it('names the field that is off', () => {
    const changed = (changes: object) => () =>
      parseQwen2VlConfig({ ...PUBLISHED, vision_config: { ...PUBLISHED.vision_config, ...changes } });
    expect(changed({ out_hidden_size: 1024 })).toThrow(/"out_hidden_size" is 1024, expected 2048/);
    expect(changed({ hidden_act: 'gelu' })).toThrow(/"hidden_act" is "gelu", expected silu/);
    expect(changed({ fullatt_block_indexes: [-1] })).toThrow(/"fullatt_block_indexes" is \[-1\]/);
    expect(changed({ window_size: 14 })).toThrow(/"window_size" is 14, expected at least 28/);
  });
});
