import { describe, expect, it } from 'vitest';
import {
  type GroupShape,
  layoutGroups,
  type PackedRows,
  packFullSegments,
  packRows,
  packSegments,
} from '../../src/decoder/rows.ts';
import { RandomStream } from '../reference/random-stream.ts';

/** Keys that query i sees, in order. */
function keysOf({ spans }: PackedRows, i: number): number[] {
  const [a, b, c, d] = spans.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
  const range = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
  return [...range(a, b), ...range(c, d)];
}

/** Checks that query i sees key j exactly when key j is seen by query i, and that no key is seen twice. */
function checkSymmetry(rows: PackedRows): void {
  for (let i = 0; i < rows.capacity; i++) {
    const keys = keysOf(rows, i);
    expect(new Set(keys).size).toBe(keys.length);
    const seen = new Set(keys);
    for (let j = 0; j < rows.capacity; j++) {
      const [first, end] = [rows.keySpans[2 * j]!, rows.keySpans[2 * j + 1]!];
      // A key's range of queries is contiguous only inside its group, so what lies in it must see the key.
      expect(first <= i && i < end, `query ${i}, key ${j}`).toBe(seen.has(j));
    }
  }
}

/** What each packed token is: its group, its completion (-1 in the prompt) and its place in its own sequence. */
function tokensOf(groups: readonly GroupShape[]) {
  return groups.flatMap(({ promptLength, completionLengths }, group) => [
    ...Array.from({ length: promptLength }, (_, at) => ({ group, completion: -1, at })),
    ...completionLengths.flatMap((length, completion) =>
      Array.from({ length }, (_, t) => ({ group, completion, at: promptLength + t })),
    ),
  ]);
}

function randomGroups(random: RandomStream): GroupShape[] {
  return Array.from({ length: 1 + random.below(3) }, () => ({
    promptLength: 1 + random.below(6),
    completionLengths: Array.from({ length: random.below(4) }, () => random.below(5)),
  }));
}

describe('packed groups', () => {
  it('see exactly what each sequence by itself would see, on random groups', () => {
    const random = new RandomStream(1);
    for (let trial = 0; trial < 60; trial++) {
      const groups = randomGroups(random);
      const tokens = tokensOf(groups);
      const rows = packRows(layoutGroups(groups), tokens.length + random.below(5));
      expect(rows.length).toBe(tokens.length);
      tokens.forEach((query, i) => {
        expect(rows.positions[i]).toBe(query.at);
        const expected = tokens.flatMap((key, j) => {
          const sameSequence = key.completion === -1 || key.completion === query.completion;
          return key.group === query.group && sameSequence && key.at <= query.at ? [j] : [];
        });
        expect(keysOf(rows, i)).toEqual(expected);
      });
      for (let i = tokens.length; i < rows.capacity; i++) expect(keysOf(rows, i)).toEqual([]);
    }
  });

  it("have key spans that only hold queries of the key's own sequences", () => {
    const groups = [
      { promptLength: 3, completionLengths: [2, 4] },
      { promptLength: 2, completionLengths: [1] },
    ];
    const rows = packRows(layoutGroups(groups), 14);
    for (let j = 0; j < rows.capacity; j++) {
      const [first, end] = [rows.keySpans[2 * j]!, rows.keySpans[2 * j + 1]!];
      const queries = Array.from({ length: rows.capacity }, (_, i) => i).filter((i) =>
        keysOf(rows, i).includes(j),
      );
      expect(Array.from({ length: end - first }, (_, i) => first + i)).toEqual(queries);
    }
  });

  it('query and key ranges agree, on random groups', () => {
    const random = new RandomStream(2);
    for (let trial = 0; trial < 60; trial++) {
      const groups = randomGroups(random);
      checkSymmetry(packRows(layoutGroups(groups), tokensOf(groups).length + random.below(4)));
    }
  });

  it('on three axes stand as their prompt says, completions going on behind it on all axes', () => {
    const prompt = { positions: Uint32Array.of(0, 0, 0, 1, 1, 1, 1, 1, 2), next: 3 };
    const groups = [
      { promptLength: 3, completionLengths: [2, 1], promptPositions: prompt },
      { promptLength: 2, completionLengths: [1] },
    ];
    const rows = packRows(layoutGroups(groups), 10, 3);
    const all = [0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3];
    expect([...rows.positions]).toEqual([...all, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0]);
    expect(() => packRows(layoutGroups(groups), 10)).toThrow('packRows: 9 positions of 3 tokens on 1 axes.');
  });

  it('do not fit fewer places than tokens', () => {
    const layout = layoutGroups([{ promptLength: 3, completionLengths: [2] }]);
    expect(() => packRows(layout, 4)).toThrow('packRows: 5 tokens do not fit 4.');
  });
});

describe('full segments', () => {
  it('see themselves whole and nothing else', () => {
    for (const [count, length] of [
      [1, 1],
      [3, 4],
      [2, 7],
    ] as const) {
      const rows = packFullSegments(count, length);
      checkSymmetry(rows);
      for (let i = 0; i < rows.capacity; i++) {
        const start = Math.floor(i / length) * length;
        expect(keysOf(rows, i)).toEqual(Array.from({ length }, (_, k) => start + k));
        expect(rows.positions[i]).toBe(i - start);
      }
    }
  });

  it('may be of several lengths', () => {
    const rows = packSegments([2, 3, 1]);
    checkSymmetry(rows);
    expect(Array.from({ length: rows.capacity }, (_, i) => keysOf(rows, i))).toEqual([
      [0, 1],
      [0, 1],
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
      [5],
    ]);
    expect([...rows.positions]).toEqual([0, 1, 0, 1, 2, 0]);
  });
});
