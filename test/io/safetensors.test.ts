import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { blobSource, memorySource } from '../../src/io/files/bytes.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { openCheckpoint } from '../../src/io/sealed/checkpoint.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { safetensorsParts, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { describeError, InputError } from '../../src/math/errors.ts';

const golden = (path: string) => fileURLToPath(new URL(`../golden/omni-tiny/${path}`, import.meta.url));

/** A file from a header (object or text) and `dataBytes` bytes counting up from 0. */
function fileOf(header: unknown, dataBytes = 16, length?: number): Uint8Array<ArrayBuffer> {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i;
  return bytes;
}

async function failure(bytes: Uint8Array): Promise<string> {
  const error = await openSafetensors(memorySource(bytes), 'folder/w.safetensors').catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  return describeError(error);
}

const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('reading', () => {
  test('a published adapter', async () => {
    const file = await openSafetensors(
      blobSource(await openAsBlob(golden('lora/adapter_model.safetensors'))),
      'adapter',
    );
    expect(file.names().length).toBe(3 * 7 * 2);
    const name = 'base_model.model.model.layers.0.mlp.down_proj.lora_A.weight';
    expect(file.info(name)).toMatchObject({ dtype: 'F32', shape: [4, 160] });
    const values = await file.float32(name);
    expect(values.length).toBe(640);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(values.some((value) => value !== 0)).toBe(true);
  });

  test('pieces are the bytes in order', async () => {
    const file = await openSafetensors(memorySource(fileOf({ v: entry(0, 4), w: entry(4, 16) })), 'f');
    const pieces: number[] = [];
    const offsets: number[] = [];
    for await (const { offset, bytes } of file.pieces('w', 5)) {
      offsets.push(offset);
      pieces.push(...bytes);
    }
    expect(offsets).toEqual([0, 5, 10]);
    expect(pieces).toEqual([...(await file.bytes('w'))]);
    expect(pieces[0]).toBe(4);
  });

  test('integers, halves and scalars', async () => {
    const header = {
      i: entry(0, 8, [1], 'I64'),
      h: entry(8, 12, [2], 'F16'),
      s: entry(12, 16, []),
      z: entry(16, 16, [0, 5]),
    };
    const bytes = fileOf(header);
    const data = new DataView(bytes.buffer, bytes.length - 16);
    data.setBigInt64(0, -201n, true);
    data.setUint16(8, 0x3c00, true);
    data.setUint16(10, 0xc000, true);
    data.setFloat32(12, 2.5, true);
    const file = await openSafetensors(memorySource(bytes), 'f');
    expect(await file.integers('i')).toEqual([-201]);
    expect([...(await file.float32('h'))]).toEqual([1, -2]);
    expect([...(await file.float32('s'))]).toEqual([2.5]);
    expect((await file.float32('z')).length).toBe(0);
  });

  test('a tensor that is not there', async () => {
    const file = await openSafetensors(memorySource(fileOf({ w: entry(0, 16) })), 'w.safetensors');
    await expect(file.float32('model.norm.weight')).rejects.toThrow(
      /w\.safetensors: tensor "model\.norm\.weight" is missing/,
    );
  });
});

describe('a bad header names file and tensor', () => {
  test('empty file', async () =>
    expect(await failure(new Uint8Array(0))).toMatch(/folder\/w\.safetensors: 0 bytes long/));
  test('length past the end', async () =>
    expect(await failure(fileOf({ w: entry(0, 16) }, 16, 5000))).toMatch(
      /says it is 5000 bytes long, but the file has \d+/,
    ));
  test('a length beyond 2^53', async () =>
    expect(await failure(new Uint8Array(40).fill(255))).toMatch(/the file has 40 bytes in all/));
  test('not JSON', async () =>
    expect(await failure(fileOf('{"w": nope}'))).toMatch(/the header is not JSON/));
  test('not UTF-8', async () => {
    const bytes = fileOf('{"w": 1234}');
    bytes[10] = 0xff;
    expect(await failure(bytes)).toMatch(/the header is not JSON/);
  });
  test('a list', async () => expect(await failure(fileOf('[1]'))).toMatch(/not an object of tensors/));
  test('no description', async () =>
    expect(await failure(fileOf({ w: 3 }))).toMatch(/tensor "w" has no description/));
  test('unknown dtype', async () =>
    expect(await failure(fileOf({ w: entry(0, 16, [16], 'F8_E4M3') }))).toMatch(
      /tensor "w" has dtype "F8_E4M3"; known are/,
    ));
  test('bad shape', async () =>
    expect(await failure(fileOf({ w: entry(0, 16, [-4]) }))).toMatch(/tensor "w" has shape \[-4\]/));
  test('bad offsets', async () =>
    expect(await failure(fileOf({ w: { dtype: 'F32', shape: [4], data_offsets: [0] } }))).toMatch(
      /data_offsets \[0\], expected/,
    ));
  test('out of range', async () =>
    expect(await failure(fileOf({ w: entry(0, 64) }))).toMatch(
      /"w" has data_offsets \[0, 64\], out of range of the file's 16/,
    ));
  test('backwards', async () =>
    expect(await failure(fileOf({ w: entry(8, 4, [1]) }))).toMatch(/out of range/));
  test('bytes that do not fit the shape', async () =>
    expect(await failure(fileOf({ w: entry(0, 16, [3]) }))).toMatch(
      /"w" of shape \[3\] and dtype F32 needs 12 bytes, .* give 16/,
    ));
  test('overlap', async () =>
    expect(await failure(fileOf({ b: entry(4, 16), a: entry(0, 8) }))).toMatch(
      /"b" starts at data offset 4, inside tensor "a", which ends at 8/,
    ));
});

describe('a file is refused, as by the format itself,', () => {
  test('for bytes after its last tensor', async () => {
    expect(await failure(fileOf({ w: entry(0, 16) }, 19))).toMatch(
      /found 3 bytes after the last tensor \("w"\), expected the file to end there, at byte \d+\./,
    );
    expect(await failure(fileOf({}, 1))).toMatch(/found 1 bytes after the last tensor, expected/);
  });
  test('for a hole before or between tensors', async () => {
    expect(await failure(fileOf({ w: entry(4, 16) }))).toMatch(
      /"w" starts at data offset 4, expected 0, the first byte of the data: the file has a hole/,
    );
    expect(await failure(fileOf({ b: entry(8, 16), a: entry(0, 4) }))).toMatch(
      /"b" starts at data offset 8, expected 4, where tensor "a" ends: the file has a hole/,
    );
    expect(await failure(fileOf({ a: entry(0, 16), e: entry(8, 8) }))).toMatch(/"e" .* inside tensor "a"/);
  });
  test('for a key that is there twice, of the file or of a tensor', async () => {
    const w = JSON.stringify(entry(0, 16));
    expect(await failure(fileOf(`{"w":${w},"w":${w}}`))).toMatch(
      /the header: found the key "w" a second time/,
    );
    expect(await failure(fileOf(`{"w":${w},"\\u0077":${w}}`))).toMatch(/found the key "w" a second time/);
    expect(await failure(fileOf(`{"w":${w.replace('{', '{"dtype":"F16",')}}`))).toMatch(
      /found the key "dtype" a second time/,
    );
  });
  test('for metadata that are no text, a mark before the header, and a shape beyond counting', async () => {
    const w = entry(0, 16);
    expect(await failure(fileOf({ __metadata__: { format: ['pt'] }, w }))).toMatch(
      /"__metadata__", key "format", is no text/,
    );
    expect(await failure(fileOf({ __metadata__: 3, w }))).toMatch(/"__metadata__" is no text/);
    expect(await failure(fileOf(`\uFEFF${JSON.stringify({ w })}`))).toMatch(/not an object of tensors/);
    expect(await failure(fileOf({ w: entry(0, 0, [0, 2 ** 40, 2 ** 40]) }, 0))).toMatch(/more elements than/);
  });
});

describe('writing', () => {
  const tensors = [
    {
      name: 'b',
      dtype: 'F32' as const,
      shape: [2, 1],
      bytes: () => f32ToBytes('F32', Float32Array.of(1, 2)),
    },
    {
      name: 'c',
      dtype: 'BF16' as const,
      shape: [3],
      bytes: () => f32ToBytes('BF16', Float32Array.of(1, -2, 0.5)),
    },
    { name: 'a', dtype: 'F32' as const, shape: [], bytes: async () => f32ToBytes('F32', Float32Array.of(9)) },
  ];

  test('is read back equal', async () => {
    const blob = await writeSafetensors(tensors);
    const file = await openSafetensors(blobSource(blob), 'written');
    expect(file.metadata).toEqual({ format: 'pt' });
    expect(file.names()).toEqual(['a', 'b', 'c']);
    expect([...(await file.float32('b'))]).toEqual([1, 2]);
    expect([...(await file.float32('c'))]).toEqual([1, -2, 0.5]);
    expect(file.info('c')).toMatchObject({ dtype: 'BF16', shape: [3] });
  });

  test('pads the header to 8 bytes and leaves no gap', async () => {
    const parts: Uint8Array[] = [];
    for await (const part of safetensorsParts(tensors)) parts.push(part);
    expect(parts[0]!.byteLength % 8).toBe(0);
    expect(parts.slice(1).map((part) => part.byteLength)).toEqual([4, 8, 6]);
  });

  test('rewrites a published file byte for byte', async () => {
    const blob = await openAsBlob(golden('lora/adapter_model.safetensors'));
    const file = await openSafetensors(blobSource(blob), 'adapter');
    const again = await writeSafetensors(
      file
        .names()
        .map((name) => ({ name, dtype: 'F32', shape: file.info(name).shape, bytes: () => file.bytes(name) })),
      file.metadata,
    );
    const [a, b] = await Promise.all([blob.arrayBuffer(), again.arrayBuffer()]);
    const stripped = (buffer: ArrayBuffer) => {
      const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
      return Buffer.from(buffer, start);
    };
    expect(stripped(b).equals(stripped(a))).toBe(true);
  });

  test('refuses wrong sizes and equal names', async () => {
    await expect(writeSafetensors([{ ...tensors[0]!, shape: [3] }])).rejects.toThrow(
      /"b" of shape \[3\].*needs 12 bytes, was given 8/,
    );
    await expect(writeSafetensors([tensors[0]!, tensors[0]!])).rejects.toThrow(/same name/);
  });
});

describe('checkpoints', () => {
  const shard = (name: string, value: number) =>
    writeSafetensors([
      { name, dtype: 'F32', shape: [1], bytes: () => f32ToBytes('F32', Float32Array.of(value)) },
    ]);
  const index = (map: Record<string, string>) => JSON.stringify({ weight_map: map });

  test('sharded, single and loose files', async () => {
    const [one, two] = [await shard('x', 1), await shard('y', 2)];
    const map = index({ x: 'm-1.safetensors', y: 'm-2.safetensors' });
    const sharded = treeFromMemory('m', {
      'model.safetensors.index.json': map,
      'm-1.safetensors': one,
      'm-2.safetensors': two,
    });
    const loose = treeFromMemory('m', { 'm-1.safetensors': one, 'm-2.safetensors': two });
    for (const tree of [sharded, loose]) {
      const source = await openCheckpoint(tree);
      expect([...source.names()].sort()).toEqual(['x', 'y']);
      expect([...(await source.float32('y'))]).toEqual([2]);
      expect(() => source.info('z')).toThrow(/m: tensor "z" is missing/);
    }
    expect((await openCheckpoint(treeFromMemory('m', { 'model.safetensors': one }))).names()).toEqual(['x']);
  });

  test('missing shard, lying index, nothing at all', async () => {
    const one = await shard('x', 1);
    const open = (contents: Record<string, string | Blob>) => openCheckpoint(treeFromMemory('m', contents));
    await expect(open({ 'model.safetensors.index.json': index({ x: 'gone.safetensors' }) })).rejects.toThrow(
      /shard gone\.safetensors/,
    );
    await expect(
      open({ 'model.safetensors.index.json': index({ q: 'm-1.safetensors' }), 'm-1.safetensors': one }),
    ).rejects.toThrow(/tensor "q" should be in m-1\.safetensors/);
    await expect(open({ 'model.safetensors.index.json': '{"weight_map": {' })).rejects.toThrow(
      /is not JSON at line 1/,
    );
    await expect(open({ 'pytorch_model.bin': 'x' })).rejects.toThrow(/no model\.safetensors/);
  });

  test('an index that names a tensor twice, nothing, or a file outside the folder', async () => {
    const one = await shard('x', 1);
    const open = (indexText: string) =>
      openCheckpoint(
        treeFromMemory('m', { 'model.safetensors.index.json': indexText, 'm-1.safetensors': one }),
      );
    const twice = '{"weight_map": {"x": "m-1.safetensors", "x": "m-2.safetensors"}}';
    await expect(open(twice)).rejects.toThrow(/index\.json: found the key "x" a second time at line 1/);
    await expect(open('{"weight_map": {}, "weight_map": {"x": "m-1.safetensors"}}')).rejects.toThrow(
      /found the key "weight_map" a second time/,
    );
    await expect(open(index({}))).rejects.toThrow(/"weight_map" is empty/);
    await expect(open('{"weight_map": ["m-1.safetensors"]}')).rejects.toThrow(/no "weight_map" object/);
    for (const path of ['../m-1.safetensors', 'a/../../m-1.safetensors', '..\\m-1.safetensors', '']) {
      await expect(open(index({ x: path }))).rejects.toThrow(/expected the name of a file in this folder/);
    }
    for (const path of ['/m-1.safetensors', 'C:\\m-1.safetensors', '\\\\host\\m-1.safetensors']) {
      await expect(open(index({ x: path }))).rejects.toThrow(/expected the name of a file in this folder/);
    }
    expect((await open(index({ x: './m-1.safetensors' }))).names()).toEqual(['x']);
  });
});
