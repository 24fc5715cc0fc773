/** How much of a large tensor is in memory while it is loaded: it comes piece by piece, and no piece is kept. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, expect, it } from 'vitest';
import { type QuantisedAs, WeightLoader } from '../../src/decoder/weights.ts';
import { dryDevice, Gpu } from '../../src/gpu/index.ts';
import type { ByteSource } from '../../src/io/files/bytes.ts';
import { openSafetensors, type TensorSource } from '../../src/io/tensors/safetensors.ts';
import { safetensorsParts } from '../../src/io/tensors/safetensors-write.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import { loadTrained, trainedTensors } from '../../src/rl/policy/trained-tensors.ts';

const MIB = 2 ** 20;
/** The embedding of the 0.5B model: 260 MiB of BF16 in the file. */
const NAME = 'model.embed_tokens.weight';
const SHAPE = [151_936, 896] as const;
const VALUES = SHAPE[0] * SHAPE[1];
/** A few pieces of 16 MiB, or their values in f32. */
const MOST_HELD = 80 * MIB;
/** Uploaded bytes between two looks: a collection takes a moment. */
const LOOK_EVERY = 32 * MIB;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A file with that one tensor, all zero; only its header exists. */
async function zeros(): Promise<TensorSource> {
  const entry = { name: NAME, dtype: 'BF16', shape: SHAPE, bytes: () => new Uint8Array(0) } as const;
  const { value: header } = await safetensorsParts([entry])[Symbol.asyncIterator]().next();
  const source: ByteSource = {
    size: header!.byteLength + 2 * VALUES,
    slice: async (start, end) =>
      end <= header!.byteLength ? header!.slice(start, end) : new Uint8Array(end - start),
  };
  return openSafetensors(source, 'model.safetensors');
}

let source: TensorSource;
beforeAll(async () => {
  source = await zeros();
});

/** Bytes uploaded, and the most bytes in array buffers that a collection on the way could not free. */
async function watch(load: (gpu: Gpu) => Promise<void>): Promise<{ uploaded: number; held: number }> {
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  const seen = { uploaded: 0, held: 0 };
  let next = LOOK_EVERY;
  const writeBuffer = (_buffer: GPUBuffer, _at: number, _data: Uint8Array, _from: number, bytes: number) => {
    seen.uploaded += bytes;
    if (seen.uploaded < next) return;
    next += LOOK_EVERY;
    collectGarbage();
    seen.held = Math.max(seen.held, process.memoryUsage().arrayBuffers - before);
  };
  const { features, limits } = dryDevice();
  const device = dryDevice({ features, limits: { ...limits, maxStorageBufferBindingSize: 2 ** 30 } });
  await load(new Gpu({ ...device, queue: { ...device.queue, writeBuffer } } as unknown as GPUDevice));
  return seen;
}

const frozen = (quantisedAs: QuantisedAs) => (gpu: Gpu) => {
  const loader = new WeightLoader(gpu, [{ source, aliases: (name) => [name] }], undefined, quantisedAs);
  loader.openRows(NAME, SHAPE);
  return loader.load();
};

function widened(gpu: Gpu): Promise<void> {
  const loader = new WeightLoader(gpu, [{ source, aliases: (name) => [name] }]);
  loader.open(NAME, SHAPE, { as: 'f32' });
  return loader.load();
}

function trained(gpu: Gpu): Promise<void> {
  const tensors = trainedTensors(source, () => true, true);
  return loadTrained(gpu, new ParameterStore(gpu, tensors), source, tensors);
}

it.each([
  ['as published', 2, frozen(() => undefined)],
  ['in 8 bits', 34 / 32, frozen(() => 'q8')],
  ['in 4 bits', 18 / 32, frozen(() => 'q4')],
  ['widened to f32', 4, widened],
  ['as parameters', 4, trained],
])('an embedding %s is never in memory as a whole', async (_, bytesPerValue, load) => {
  const { uploaded, held } = await watch(load);
  expect(uploaded).toBe(bytesPerValue * VALUES);
  expect(held).toBeLessThan(MOST_HELD);
});
