import { beforeAll, describe, expect, it } from 'vitest';
import { rowShards, shardedName } from '../../src/decoder/row-shards.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { blobSource } from '../../src/io/files/bytes.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors, type TensorSource } from '../../src/io/tensors/safetensors.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import {
  loadTrained,
  readTrained,
  trainedName,
  trainedTensors,
} from '../../src/rl/policy/trained-tensors.ts';
import { numbers, testGpu } from '../ops/harness.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

const values = Float32Array.from(numbers(6 * 4, 3));

async function checkpoint(head: boolean): Promise<TensorSource> {
  const tensor = (name: string) => ({
    name,
    dtype: 'F32' as const,
    shape: [6, 4],
    bytes: () => f32ToBytes('F32', name === 'lm_head.weight' ? values.map((value) => -value) : values),
  });
  const names = [
    'model.embed_tokens.weight',
    'model.layers.0.mlp.up_proj.weight',
    ...(head ? ['lm_head.weight'] : []),
  ];
  return openSafetensors(blobSource(await writeSafetensors(names.map(tensor))), 'toy');
}

describe('trained tensors', () => {
  it('are those wanted; a tied head trains once, under the embedding’s name', async () => {
    const all = trainedTensors(await checkpoint(true), () => true, true);
    expect(all.map(({ name }) => name).sort()).toEqual([
      'model.embed_tokens.weight',
      'model.layers.0.mlp.up_proj.weight',
    ]);
    const untied = trainedTensors(await checkpoint(true), (name) => name === 'lm_head.weight', false);
    expect(untied.map(({ name }) => name)).toEqual(['lm_head.weight']);
  });

  it('of a tied head come from the embedding, if there is one', async () => {
    const source = await checkpoint(true);
    const trained = trainedTensors(source, (name) => !name.includes('layers'), true);
    using store = new ParameterStore(gpu, trained);
    await loadTrained(gpu, store, source, trained);
    expect(store.names()).toEqual(['model.embed_tokens.weight']);
    expect(await readTrained(store, 'model.embed_tokens.weight')).toEqual(values);
  });

  it('are loaded range by range and read back as one', async () => {
    const source = await checkpoint(false);
    const parts = [
      { name: 'table#0', shape: [4, 4], file: 'model.embed_tokens.weight', first: 0 },
      { name: 'table#4', shape: [2, 4], file: 'model.embed_tokens.weight', first: 16 },
    ];
    using store = new ParameterStore(gpu, parts);
    await loadTrained(gpu, store, source, parts);
    expect(await readTrained(store, 'table')).toEqual(values);
    expect(await store.read('table#4')).toEqual(values.slice(16));
    expect([trainedName(store, 'table', false), trainedName(store, 'other', false)]).toEqual([
      'table',
      undefined,
    ]);
    expect(await readTrained(store, 'other')).toBeUndefined();
  });
});

describe('a large table', () => {
  it('is split so that every range fits a binding as f32, and covers all rows', () => {
    const shards = rowShards('model.embed_tokens.weight', [151_936, 896]);
    expect(shards.length).toBe(5);
    expect(shards.every(({ rows }) => 4 * 896 * rows <= 128 * 2 ** 20)).toBe(true);
    expect(shards.reduce((sum, { rows }) => sum + rows, 0)).toBe(151_936);
    expect(new Set(shards.map(({ name }) => shardedName(name)))).toEqual(
      new Set(['model.embed_tokens.weight']),
    );
  });

  it('that fits keeps its name', () => {
    expect(rowShards('small', [10, 4])).toEqual([{ name: 'small', first: 0, rows: 10 }]);
  });
});
