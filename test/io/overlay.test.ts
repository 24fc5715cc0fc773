import { describe, expect, it } from 'vitest';
import { computedSource, overlay } from '../../src/io/tensors/overlay.ts';
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';

const made = (values: Record<string, number[]>): TensorSource =>
  computedSource(
    Object.entries(values).map(([name, list]) => ({
      name,
      shape: [list.length],
      values: async () => Float32Array.from(list),
    })),
    'made',
  );

describe('an overlay', () => {
  const both = overlay(made({ a: [1, 2], b: [3] }), made({ b: [4], c: [5] }));

  it('reads what both have from the top, and hides what only the top has', async () => {
    expect(both.names()).toEqual(['a', 'b']);
    expect([both.has('b'), both.has('c')]).toEqual([true, false]);
    expect([...(await both.float32('a'))]).toEqual([1, 2]);
    expect([...(await both.float32('b'))]).toEqual([4]);
    expect(() => both.info('c')).toThrow(/"c" is missing/);
  });
});

describe('a computed source', () => {
  it('gives a range of a tensor in pieces, with offsets from its first byte', async () => {
    const source = made({ a: [0, 1, 2, 3, 4] });
    const pieces: [number, number[]][] = [];
    for await (const { offset, bytes } of source.pieces('a', 8, { start: 4, end: 16 }))
      pieces.push([offset, [...new Float32Array(bytes.buffer)]]);
    expect(pieces).toEqual([
      [4, [1, 2]],
      [12, [3]],
    ]);
    expect(source.info('a')).toMatchObject({ dtype: 'F32', shape: [5], start: 0, end: 20 });
    await expect(source.integers('a')).rejects.toThrow(/holds no integers/);
  });
});
