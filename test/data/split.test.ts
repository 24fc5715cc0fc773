import { describe, expect, test } from 'vitest';
import { quotas } from '../../src/data/hold-out.ts';
import { divide } from '../../src/data/split.ts';
import type { Example, Undivided } from '../../src/data/types.ts';
import { uniform } from '../../src/math/random.ts';
import type { Split } from '../../src/protocol/messages.ts';

const clip = (path: string, label: string, more: Partial<Undivided> = {}): Undivided => ({
  id: path,
  media: [{ kind: 'video', path, files: [] }],
  label,
  writtenLabel: label,
  question: null,
  answer: label,
  speaker: null,
  split: null,
  ...more,
});
const clips = (counts: Record<string, number>) =>
  Object.entries(counts).flatMap(([label, n]) =>
    Array.from({ length: n }, (_, i) => clip(`${label}${i}`, label)),
  );
const sizes = (examples: readonly Example[], label?: string) => {
  const of = (split: Split) =>
    examples.filter((each) => each.split === split && (label === undefined || each.label === label)).length;
  return [of('train'), of('val'), of('test')];
};
const labelsOf = (examples: readonly { label: string }[]) => new Set(examples.map(({ label }) => label));
/** Speakers that turn up in more than one split. */
const leaks = (examples: readonly Example[]) => {
  const splits = new Map<string, Set<Split>>();
  for (const { speaker, split } of examples) {
    if (speaker !== null) splits.set(speaker, (splits.get(speaker) ?? new Set()).add(split));
  }
  return [...splits.values()].filter((each) => each.size > 1).length;
};

describe('by clip', () => {
  test('a tenth of every label for val and for test, the same for the same seed', () => {
    const all = clips({ a: 40, b: 20, c: 1 });
    const { examples, division } = divide(all, { seed: 3 });
    expect([sizes(examples, 'a'), sizes(examples, 'b'), sizes(examples, 'c')]).toEqual([
      [32, 4, 4],
      [16, 2, 2],
      [1, 0, 0],
    ]);
    expect(division).toBe('By clip, seed 3: a tenth of every label each for val and test.');
    expect(divide(all, { seed: 3 }).examples).toEqual(examples);
    expect(divide(all, { seed: 4 }).examples).not.toEqual(examples);
  });

  test.each([
    [{ a: 7, b: 7, c: 6 }, [16, 2, 2]],
    [{ a: 15, b: 15, c: 15, d: 15 }, [48, 6, 6]],
    [{ a: 2, b: 2 }, [3, 0, 1]],
    [{ a: 1, b: 1 }, [2, 0, 0]],
    [{ a: 3 }, [2, 0, 1]],
  ])('%j → train, val, test %j, and no label leaves train', (counts, expected) => {
    const { examples } = divide(clips(counts), { seed: 0 });
    expect(sizes(examples)).toEqual(expected);
    expect(labelsOf(examples.filter(({ split }) => split === 'train')).size).toBe(Object.keys(counts).length);
  });

  test('where nothing can be held out, it says so', () => {
    expect(divide(clips({ a: 1, b: 1 }), { seed: 0 }).division).toMatch(/^Everything trains: .* too few/);
  });

  test('all questions about one clip go together', () => {
    const twice = clips({ a: 30, b: 30 }).flatMap((one) => [
      one,
      { ...one, id: `${one.id}#2`, question: 'Why?', label: 'c' },
    ]);
    const { examples } = divide(twice, { seed: 1 });
    const splits = new Map(examples.map(({ media, split }) => [media[0]?.path, split]));
    expect(examples.every(({ media, split }) => splits.get(media[0]?.path) === split)).toBe(true);
    expect(sizes(examples)).toEqual([96, 12, 12]);
  });

  test('quotas: floors, then the largest remainders, within capacities', () => {
    expect(quotas([1.5, 1.75, 0.75], [9, 9, 9], 4)).toEqual([1, 2, 1]);
    expect(quotas([1.5, 1.75, 0.75], [9, 1, 0], 4)).toEqual([2, 1, 0]);
  });
});

describe('by speaker', () => {
  const actors = (count: number, labels: string[], each: number) =>
    Array.from({ length: count }, (_, actor) =>
      labels.flatMap((label) =>
        Array.from({ length: each }, (_, i) =>
          clip(`${actor}-${label}-${i}`, label, { speaker: `s${actor}` }),
        ),
      ),
    ).flat();

  test('24 actors of equal size: nobody in two splits, sizes near 80/10/10', () => {
    const { examples, division } = divide(actors(24, ['a', 'b', 'c'], 20), { seed: 42 });
    expect(leaks(examples)).toBe(0);
    expect(sizes(examples)).toEqual([1200, 120, 120]);
    expect(division).toBe('By speaker, seed 42: 20 train, 2 val, 2 test, nobody in two splits.');
    expect(divide(actors(24, ['a', 'b', 'c'], 20), { seed: 42 }).examples).toEqual(examples);
  });

  test.each(Array.from({ length: 40 }, (_, i) => i))('drawn sizes and labels, case %i', (seed) => {
    const draw = (i: number, j: number) => uniform(seed, i, j);
    const all = Array.from({ length: 2 + Math.floor(30 * draw(0, 0)) }, (_, s) =>
      Array.from({ length: 1 + Math.floor(60 * draw(1, s) ** 3) }, (_, i) =>
        clip(
          `${s}/${i}`,
          i === 0 && s % 4 === 0 ? `only of ${s}` : `label${Math.floor(8 * draw(2 + s, i) ** 2)}`,
          { speaker: String(s) },
        ),
      ),
    ).flat();
    const { examples } = divide(all, { seed });
    const largest = Math.max(
      ...[...new Set(all.map(({ speaker }) => speaker))].map(
        (s) => all.filter(({ speaker }) => speaker === s).length,
      ),
    );
    const [, val = 0, test = 0] = sizes(examples);
    expect(leaks(examples)).toBe(0);
    expect(examples.length).toBe(all.length);
    expect(labelsOf(examples.filter(({ split }) => split === 'train'))).toEqual(labelsOf(all));
    expect(val).toBeLessThanOrEqual(0.1 * all.length + largest / 2);
    expect(test).toBeLessThanOrEqual(0.1 * all.length + largest);
  });

  test('two speakers: one is held out; where each has a label of its own, nobody is', () => {
    const two = divide(actors(2, ['a', 'b'], 5), { seed: 1 }).examples;
    expect(sizes(two)).toEqual([10, 0, 10]);
    const own = [clip('1', 'a', { speaker: 'x' }), clip('2', 'b', { speaker: 'y' })];
    expect(divide(own, { seed: 1 })).toMatchObject({
      division: expect.stringMatching(/^Everything trains: no speaker/),
    });
  });

  test('clips without a speaker count as one each; a single speaker is divided by clip, and it says so', () => {
    const some = [...actors(5, ['a', 'b'], 10), ...clips({ a: 20 })];
    const { examples, division } = divide(some, { seed: 5 });
    expect(leaks(examples)).toBe(0);
    expect(division).toMatch(/20 clips without a speaker count as one each\.$/);
    const alone = divide(actors(1, ['a', 'b'], 10), { seed: 5 });
    expect(sizes(alone.examples)).toEqual([16, 2, 2]);
    expect(alone.division).toMatch(/All clips are of one speaker/);
  });
});

describe('given by the data', () => {
  test('it is kept, and what is unmarked trains', () => {
    const given = [clip('1', 'a', { split: 'test' }), clip('2', 'a')];
    const { examples, division } = divide(given, { seed: 0 });
    expect(examples.map(({ split }) => split)).toEqual(['test', 'train']);
    expect(division).toBe('As the data says. 1 without a split train.');
  });

  test('speakers on both sides and an empty held-out side are named; a fold is too', () => {
    const shared = [
      clip('1', 'a', { split: 'test', speaker: 'x' }),
      clip('2', 'a', { split: 'train', speaker: 'x' }),
      clip('3', 'a', { split: 'train', speaker: 'y' }),
    ];
    const folds = { chosen: 2, available: [1, 2] };
    expect(divide(shared, { seed: 0, folds }).division).toBe(
      "Fold 2, by the data set's own lists. 1 of 2 speakers are in more than one split.",
    );
    expect(divide([clip('1', 'a', { split: 'train' })], { seed: 0 }).division).toBe(
      'As the data says. Nothing is held out.',
    );
  });
});
