import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WeightLoader } from '../../src/decoder/weights.ts';
import { bertAliases } from '../../src/families/humanomni/bert.ts';
import { siglipAliases } from '../../src/families/humanomni/siglip.ts';
import { whisperAliases } from '../../src/families/humanomni/whisper.ts';
import { type Gpu, reshape } from '../../src/gpu/index.ts';
import { memorySource } from '../../src/io/files/bytes.ts';
import { type FloatDtype, f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors, type TensorSource } from '../../src/io/tensors/safetensors.ts';
import { safetensorsParts } from '../../src/io/tensors/safetensors-write.ts';
import { quantise } from '../../src/math/quantise.ts';
import { numbers, testGpu } from '../ops/harness.ts';

/** A file in memory; values are numbers that bf16 and f16 hold exactly, unless made otherwise. */
async function file(
  label: string,
  tensors: Readonly<Record<string, readonly [FloatDtype, readonly number[]]>>,
  make = values,
): Promise<TensorSource> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const entries = Object.entries(tensors).map(([name, [dtype, shape]]) => ({
    name,
    dtype,
    shape,
    bytes: () => f32ToBytes(dtype, make(shape)),
  }));
  for await (const part of safetensorsParts(entries)) parts.push(part);
  return openSafetensors(memorySource(new Uint8Array(await new Blob(parts).arrayBuffer())), label);
}

const values = (shape: readonly number[]): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (i % 17) - 8);

let gpu: Gpu;
let source: TensorSource;
let loader: WeightLoader;
beforeAll(async () => {
  gpu = await testGpu();
  source = await file('model.safetensors', {
    matrix: ['BF16', [3, 5]],
    half: ['F16', [2, 3]],
    vector: ['BF16', [5]],
    wide: ['F32', [4, 4]],
    extra: ['F32', [1]],
  });
  loader = new WeightLoader(gpu, [{ source, aliases: (name) => [name] }]);
});
afterAll(() => {
  loader[Symbol.dispose]();
});

describe('WeightLoader', () => {
  it('keeps matrices as published and widens vectors and what is asked for', async () => {
    const matrix = loader.open('matrix', [3, 5]);
    const half = loader.open('half', [2, 3], { as: 'f32' });
    const vector = loader.open('vector', [5]);
    await loader.load();
    expect([matrix.dtype, half.dtype, vector.dtype]).toEqual(['bf16', 'f32', 'f32']);
    const bits = new Uint8Array(await gpu.readBytes(matrix)).slice(0, 30);
    expect(bits).toEqual(await source.bytes('matrix'));
    expect(await gpu.read(half)).toEqual(values([2, 3]));
    expect(await gpu.read(vector)).toEqual(values([5]));
  });

  it.each([
    ['F32', 'f32'],
    ['F16', 'f16'],
    ['BF16', 'bf16'],
  ] as const)('names a tensor of %s that holds what is no number, and counts', async (dtype, as) => {
    const broken = await file('broken.safetensors', { x: [dtype, [4, 5]], y: [dtype, [4, 5]] }, (shape) => {
      const all = values(shape);
      all.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 7);
      return all;
    });
    using opening = new WeightLoader(gpu, [{ source: broken, aliases: (name) => [name] }]);
    expect(opening.open('x', [4, 5]).dtype).toBe(as);
    await expect(opening.load()).rejects.toThrow(
      'broken.safetensors: tensor "x" holds 3 of 20 values that are not finite (NaN or infinite), the first at index 7.',
    );
    using widening = new WeightLoader(gpu, [{ source: broken, aliases: (name) => [name] }]);
    widening.open('y', [4, 5], { as: 'f32' });
    await expect(widening.load()).rejects.toThrow(/tensor "y" holds 3 of 20 values/);
  });

  it('uploads each tensor once', () => {
    const first = loader.open('wide', [4, 4]);
    const before = gpu.ledger.total;
    expect(loader.open('wide', [4, 4]).storage).toEqual(first.storage);
    expect(gpu.ledger.total).toBe(before);
  });

  it('reports progress and what nobody opened', async () => {
    const seen: [number, number][] = [];
    await loader.load((done, total) => seen.push([done, total]));
    expect(seen.at(-1)).toEqual([64, 64]);
    expect(loader.unused()).toEqual(['extra']);
  });

  it('notes for each tensor of bf16, and all its views, whether f16 holds its values', async () => {
    const before = gpu.traits;
    gpu.traits = { ...before, halves: true };
    const tensors = { wide: ['BF16', [3, 2]], narrow: ['BF16', [4, 2]], half: ['F16', [4, 2]] } as const;
    const file16 = await file('16 bits', tensors, (shape) =>
      values(shape).fill(shape[0] === 3 ? 65536 : 65280, 4, 5),
    );
    using other = new WeightLoader(gpu, [{ source: file16, aliases: (name) => [name] }]);
    const wide = other.open('wide', [3, 2]);
    const opened = [
      wide,
      reshape(wide, [6]),
      other.openPart('wide', [3, 2], 0, 2),
      other.open('narrow', [4, 2]),
      other.open('half', [4, 2]),
    ];
    await other.load();
    expect(opened.map(({ range }) => range?.withinF16)).toEqual([false, false, true, true, undefined]);
    expect(gpu.traits).toEqual({ ...before, halves: true });
    gpu.traits = before;
  });

  it('names file, tensor, found and expected shape', () => {
    expect(() => loader.open('extra', [2, 2])).toThrow(
      'model.safetensors: tensor "extra" has the shape [1], expected [2, 2].',
    );
    expect(() => loader.open('absent', [1])).toThrow('Tensor "absent" is missing in model.safetensors.');
  });

  it('prefers tensors that were placed elsewhere', () => {
    const trained = {
      ...gpu.tensor('trainable', 'matrix', [3, 5]),
      grad: gpu.tensor('gradients', 'd', [3, 5]),
    };
    using other = new WeightLoader(gpu, [{ source, aliases: (name) => [name] }], (name) =>
      name === 'matrix' ? trained : undefined,
    );
    expect(other.open('matrix', [3, 5]).grad).toBeDefined();
    expect(other.unused()).not.toContain('matrix');
    gpu.free(trained, trained.grad);
  });

  it('gives its memory back', async () => {
    const before = gpu.ledger.total;
    const other = new WeightLoader(gpu, [{ source, aliases: (name) => [name] }]);
    other.open('matrix', [3, 5]);
    other.open('wide', [4, 4]);
    await other.load();
    expect(gpu.ledger.total).toBeGreaterThan(before);
    other[Symbol.dispose]();
    expect(gpu.ledger.total).toBe(before);
  });

  it('splits what does not fit one binding by rows', async () => {
    const rows = 3;
    const cols = 12 << 20;
    const bytes = numbers(rows * 4, 9);
    const big: TensorSource = {
      ...source,
      has: () => true,
      info: (name) => ({ name, dtype: 'F32', shape: [rows, cols], start: 0, end: 4 * rows * cols }),
      async *pieces(_name, _bytes, range) {
        for (let row = 0; row < rows; row++) {
          if (4 * cols * row < range!.start || 4 * cols * row >= range!.end) continue;
          const piece = new Uint8Array(16);
          piece.set(new Uint8Array(bytes.buffer, 16 * row, 16));
          yield { offset: 4 * cols * row, bytes: piece };
        }
      },
    };
    using other = new WeightLoader(gpu, [{ source: big, aliases: (name) => [name] }]);
    const shards = other.openRows('big', [rows, cols]);
    await other.load();
    expect(shards.map(({ shape }) => shape[0])).toEqual([2, 1]);
    const start = new Float32Array(await gpu.readBytes(shards[1]!, 16));
    expect(start).toEqual(bytes.slice(8));
  });
});

describe('WeightLoader, quantising', () => {
  const shapes = { even: [5, 96], odd: [4, 40], map: [32, 3, 32] };
  const wide = (shape: readonly number[]): Float32Array<ArrayBuffer> =>
    Float32Array.from(
      numbers(
        shape.reduce((a, b) => a * b),
        3,
      ),
    );
  const aliases = (name: string): string[] => [name];

  /** The source in pieces that end anywhere between two elements. */
  const choppy = (source: TensorSource): TensorSource => ({
    ...source,
    async *pieces(name) {
      const bytes = await source.bytes(name);
      for (let offset = 0; offset < bytes.length; offset += 148)
        yield { offset, bytes: bytes.slice(offset, offset + 148) };
    },
  });

  it.each(['F32', 'BF16', 'F16'] as const)(
    '%s matrices piece by piece, rows of other widths not',
    async (dtype) => {
      const published = await file(
        'model.safetensors',
        Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, [dtype, shape]])),
        wide,
      );
      for (const format of ['q8', 'q4'] as const) {
        using other = new WeightLoader(
          gpu,
          [{ source: choppy(published), aliases }],
          undefined,
          () => format,
        );
        const even = other.open('even', shapes.even);
        const others = [other.open('odd', shapes.odd), other.open('map', shapes.map)];
        await other.load();
        expect(even).toMatchObject({ dtype: format, shape: shapes.even });
        const bits = format === 'q8' ? 8 : 4;
        const expected = quantise(await published.float32('even'), bits, 'even');
        expect(await gpu.readU32(even)).toEqual(expected);
        for (const tensor of others) expect(tensor.dtype).toBe(dtype.toLowerCase());
        expect(other.notQuantised()).toEqual(['odd [4, 40]', 'map [32, 3, 32]']);
      }
    },
  );

  it('names file and tensor of a weight that is not a number', async () => {
    const broken = await file('model.safetensors', { w: ['F32', [4, 32]] }, (shape) =>
      wide(shape).fill(Number.NaN, 77, 78),
    );
    using other = new WeightLoader(gpu, [{ source: broken, aliases }], undefined, () => 'q8');
    other.open('w', [4, 32]);
    await expect(other.load()).rejects.toThrow(
      'model.safetensors: tensor "w" holds 1 of 128 values that are not finite',
    );
  });
});

describe('names in folders of their own', () => {
  it('drop what the main file puts in front', () => {
    expect(siglipAliases('model.vision_tower.vision_tower.vision_model.head.probe')).toEqual([
      'vision_model.head.probe',
    ]);
    expect(whisperAliases('model.audio_tower.audio_tower.encoder.conv1.bias')).toContain(
      'model.encoder.conv1.bias',
    );
    expect(bertAliases('model.bert_model.embeddings.LayerNorm.bias')).toContain(
      'bert.embeddings.LayerNorm.beta',
    );
    expect(bertAliases('model.bert_gate.0.weight')).toEqual([]);
    expect(siglipAliases('model.mm_projector.readout_video.0.bias')).toEqual([]);
  });
});
