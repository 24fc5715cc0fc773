/** Writes the folder of a real-size checkpoint with random weights. */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { safetensorsParts, type TensorToWrite } from '../../io/tensors/safetensors-write.ts';
import { numberToBf16 } from '../../math/half.ts';
import { deriveSeed, normal, uniform } from '../../math/random.ts';
import { smallFiles } from './files.ts';
import { publishedShapes, type Shapes } from './tensors.ts';

/** Standard deviation of the published initialisation. */
const STD = 0.02;
/** Random values are drawn once and every tensor takes them from another place. */
const BLOCK = 1 << 22;

function randomBlock(seed: number): Uint16Array {
  return Uint16Array.from({ length: BLOCK }, (_, index) => numberToBf16(STD * normal(seed, index)));
}

/** Norm weights 1, biases 0, everything else drawn. */
function valuesOf(
  name: string,
  shape: readonly number[],
  block: Uint16Array,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = new Uint16Array(size);
  if (shape.length === 1) values.fill(/bias$/.test(name) ? 0 : numberToBf16(1));
  else {
    const first = Math.floor(uniform(deriveSeed(seed, name), 0) * BLOCK);
    for (let at = 0; at < size; ) {
      const from = (first + at) % BLOCK;
      const part = block.subarray(from, Math.min(BLOCK, from + size - at));
      values.set(part, at);
      at += part.length;
    }
  }
  return new Uint8Array(values.buffer);
}

async function writeWeights(path: string, shapes: Shapes, seed: number, empty: boolean): Promise<number> {
  const block = empty ? new Uint16Array(0) : randomBlock(seed);
  const tensors = [...shapes].map(
    ([name, shape]): TensorToWrite => ({
      name,
      dtype: 'BF16',
      shape,
      bytes: () => valuesOf(name, shape, block, seed),
    }),
  );
  const bytes = tensors.reduce((sum, { shape }) => sum + 2 * shape.reduce((a, b) => a * b, 1), 0);
  const file = openSync(path, 'w');
  try {
    let written = 0;
    for await (const part of safetensorsParts(tensors)) {
      writeSync(file, part);
      written += part.byteLength;
      if (empty) {
        ftruncateSync(file, written + bytes);
        break;
      }
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

/** Writes the folder; returns the bytes of its tensors. */
export async function makeCheckpoint(
  folder: string,
  options: { readonly seed: number; readonly empty: boolean },
): Promise<number> {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(smallFiles())) writeFileSync(join(folder, name), text);
  return writeWeights(join(folder, 'model.safetensors'), publishedShapes(), options.seed, options.empty);
}
