import { describe, expect, it } from 'vitest';
import { inMultiplesOf } from '../../src/io/files/bytes.ts';

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

async function* cut(lengths: readonly number[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (const length of lengths) {
    yield BYTES.slice(at, at + length);
    at += length;
  }
}

describe('inMultiplesOf', () => {
  it.each([[[1000]], [[64, 64, 872]], [[1, 2, 3, 994]], [[63, 0, 130, 807]]])(
    'cuts pieces of %j anew and loses nothing',
    async (lengths) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of inMultiplesOf(cut(lengths), 64)) pieces.push(piece);
      expect(pieces.flatMap((piece) => [...piece])).toEqual([...BYTES]);
      expect(pieces.slice(0, -1).every(({ length }) => length % 64 === 0)).toBe(true);
      expect(pieces.every(({ byteOffset }) => byteOffset % 8 === 0)).toBe(true);
    },
  );

  it('gives nothing for nothing', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of inMultiplesOf(cut([0]), 64)) pieces.push(piece);
    expect(pieces).toEqual([]);
  });
});
