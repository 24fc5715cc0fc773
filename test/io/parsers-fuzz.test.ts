/** Damaged files are refused in words or read as they are; no reader throws anything else, and none hangs. */
import { expect, test } from 'vitest';
import { memorySource } from '../../src/io/files/bytes.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { parseJson } from '../../src/io/json/json.ts';
import { openCheckpoint } from '../../src/io/sealed/checkpoint.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { InputError } from '../../src/math/errors.ts';
import { Mutator } from '../reference/mutator.ts';
import { readStrictly } from '../reference/safetensors.ts';

type Bytes = Uint8Array<ArrayBuffer>;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (value: string): Bytes => new TextEncoder().encode(value);

async function sound(): Promise<Bytes> {
  const tensor = (name: string, dtype: 'F32' | 'BF16' | 'I64' | 'U8', shape: number[], size: number) => ({
    ...{ name, dtype, shape },
    bytes: () => Uint8Array.from({ length: size }, (_, at) => (at * 37 + name.length) % 256),
  });
  const blob = await writeSafetensors(
    [
      tensor('model.a.weight', 'F32', [2, 3], 24),
      tensor('b', 'BF16', [4], 8),
      tensor('c', 'I64', [1], 8),
      tensor('nothing', 'F32', [0, 5], 0),
      tensor('e', 'U8', [8], 8),
    ],
    { format: 'pt' },
  );
  return new Uint8Array(await blob.arrayBuffer());
}

/** A file whose header was changed as text, its stated length made right again. */
function withHeader(file: Bytes, change: (header: string) => string): Bytes {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = bytesOf(change(text(file.subarray(8, 8 + length))));
  const changed = new Uint8Array(8 + header.length + file.length - 8 - length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(header.length), true);
  changed.set(header, 8);
  changed.set(file.subarray(8 + length), 8 + header.length);
  return changed;
}

/** What `read` gives, or undefined where it refuses in words. */
async function readOrRefused<T>(read: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return undefined;
  }
}

async function everything(bytes: Bytes): Promise<Map<string, unknown>> {
  const file = await openSafetensors(memorySource(bytes), 'f');
  const all = new Map<string, unknown>();
  for (const name of file.names()) {
    const { dtype, shape } = file.info(name);
    all.set(name, { dtype, shape, bytes: [...(await file.bytes(name))] });
  }
  return all;
}

test('600 damaged safetensors files are read as the format says, or refused', async () => {
  const file = await sound();
  expect(await everything(file)).toEqual(readStrictly(file));
  const mutator = new Mutator(1);
  let read = 0;
  for (let trial = 0; trial < 600; trial++) {
    const damaged =
      trial % 2 === 0 ? mutator.bytes(file) : withHeader(file, (header) => mutator.text(header));
    const found = await readOrRefused(() => everything(damaged));
    if (!found) continue;
    read++;
    expect(found, `trial ${trial}`).toEqual(readStrictly(damaged));
  }
  // Some damage (to a value, a name, a space) leaves a sound file, most does not.
  expect(read).toBeGreaterThan(10);
  expect(read).toBeLessThan(400);
});

test('300 damaged indexes give tensors of the folder, or are refused', async () => {
  const file = await sound();
  const names = [...readStrictly(file)!.keys()];
  const index = JSON.stringify({
    metadata: { total_size: 48 },
    weight_map: Object.fromEntries(names.map((name) => [name, 'm-1.safetensors'])),
  });
  const mutator = new Mutator(2);
  for (let trial = 0; trial < 300; trial++) {
    const tree = treeFromMemory('m', {
      'model.safetensors.index.json': mutator.text(index),
      'm-1.safetensors': file,
    });
    const found = await readOrRefused(() => openCheckpoint(tree));
    for (const name of found?.names() ?? []) expect(names).toContain(name);
  }
});

test('600 damaged JSON texts are what the engine reads, or refused with a place', async () => {
  const sample = JSON.stringify({ a: [1, -2.5e3, true, null, 'x\\n\u20ac"'], b: { c: {}, d: [] } });
  const mutator = new Mutator(3);
  for (let trial = 0; trial < 600; trial++) {
    const damaged = mutator.text(sample);
    const found = await readOrRefused(() => ({ value: parseJson(damaged, 'f') }));
    let expected: { value: unknown } | undefined;
    try {
      expected = { value: JSON.parse(damaged.replace(/^\uFEFF/, '')) };
    } catch {
      expected = undefined;
    }
    expect(found, damaged).toEqual(expected);
  }
});
