import { expect, it } from 'vitest';
import { blobSource } from '../../src/io/bytes.ts';
import { f32ToBytes } from '../../src/io/dtype.ts';
import { openSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/safetensors-write.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import { loadTrained, readTrained, trainedTensors } from '../../src/rl/trained-tensors.ts';
import { testGpu } from '../ops/harness.ts';

const EMBEDDING = 'model.embed_tokens.weight';

/** A checkpoint of tables of four rows and two columns, each filled with one number. */
async function checkpoint(tables: Record<string, number>) {
  const tensors = Object.entries(tables).map(([name, value]) => ({
    name,
    dtype: 'F32' as const,
    shape: [4, 2],
    bytes: () => f32ToBytes('F32', new Float32Array(8).fill(value)),
  }));
  return openSafetensors(blobSource(await writeSafetensors(tensors)), 'model.safetensors');
}

it.each([
  ['both are there', { [EMBEDDING]: 1, 'lm_head.weight': 2 }, 1],
  ['only the head is', { 'lm_head.weight': 2 }, 2],
])('a tied head trains once, from the embedding if there is one: %s', async (_what, tables, first) => {
  const gpu = await testGpu();
  const source = await checkpoint(tables);
  const trained = trainedTensors(source, () => true, true);
  using store = new ParameterStore(gpu, trained);
  await loadTrained(gpu, store, source, trained);
  expect(store.names()).toEqual([EMBEDDING]);
  expect(await readTrained(store, EMBEDDING)).toEqual(new Float32Array(8).fill(first));
});
