import { describe, expect, it } from 'vitest';
import { type Compared, differences, groupDiff, piecesOf } from '../../src/math/group-diff.ts';
import { longestCommon } from '../../src/math/overlap.ts';
import { uniform } from '../../src/math/random.ts';

const answer = (text: string, advantage: number, count = 1): Compared => ({
  pieces: piecesOf(text),
  advantage,
  count,
});

describe('pieces of an answer', () => {
  it.each([
    ['<think>a smile, a lively voice</think>\n<answer>happy</answer>', 22],
    ['Er ist  wütend.\n\n\tDon’t, x_1!', 14],
    ['两个人在笑 now', 6],
    ['😀 é', 2],
    ['', 0],
  ])('joined are the text %j', (text, count) => {
    const pieces = piecesOf(text);
    expect(pieces.join('')).toBe(text);
    expect(pieces, JSON.stringify(pieces)).toHaveLength(count);
  });
});

describe('planted pairs', () => {
  /** Made words: no two of them the same. */
  const words = (from: number, count: number) => Array.from({ length: count }, (_, i) => ` w${from + i}`);

  it.each([0, 1, 7, 63, 200])('part where they were made to, at piece %i', (at) => {
    const shared = words(0, at);
    // After the split they come together again, as answers do: the split is the first piece all the same.
    const end = words(9000, 20);
    const won = [...shared, ' won', ...words(1000, at % 5), ...end];
    const lost = [...shared, ' lost', ...words(2000, at % 3), ...end];
    const { partings, split } = groupDiff([
      { pieces: lost, advantage: -1, count: 1 },
      { pieces: won, advantage: 1, count: 1 },
    ]);
    expect(partings.map((parting) => parting.at)).toEqual([at, at]);
    expect(split).toEqual({
      at,
      before: shared,
      ways: [
        { next: ' lost', won: 0, lost: 1, neither: 0 },
        { next: ' won', won: 1, lost: 0, neither: 0 },
      ],
    });
    const marked = partings[1]!.differs.flatMap((differs, i) => (differs ? [won[i]] : []));
    expect(marked).toEqual([' won', ...words(1000, at % 5)]);
  });

  it('the known split of the text is the piece that is marked', () => {
    const { partings, split } = groupDiff([
      answer('<think>a frown, a loud voice</think><answer>angry</answer>', 1.5),
      answer('<think>a smile, a loud voice</think><answer>happy</answer>', -0.5, 3),
    ]);
    expect(split?.before.join('')).toBe('<think>a');
    expect(split?.ways[0]).toEqual({ next: ' smile', won: 0, lost: 3, neither: 0 });
    const lost = piecesOf('<think>a smile, a loud voice</think><answer>happy</answer>');
    expect(lost.filter((_, i) => partings[1]!.differs[i])).toEqual([' smile', 'happy']);
  });
});

describe('a group', () => {
  it('each answer is compared with the nearest that came out the other way, and leaves all of them there', () => {
    const { partings, split } = groupDiff([
      answer('a b c d', 1),
      answer('a b c x', -1),
      answer('a y', -1),
      answer('a b', 0),
    ]);
    expect(partings.map(({ beside, at }) => [beside, at])).toEqual([
      [1, 3],
      [0, 3],
      [0, 1],
      [0, undefined],
    ]);
    expect(split?.at).toBe(1);
    // Two of the three that go on alike won or did neither: the one word after which all lost is the first split.
    expect(split?.ways).toEqual([
      { next: ' b', won: 1, lost: 1, neither: 1 },
      { next: ' y', won: 0, lost: 1, neither: 0 },
    ]);
  });

  it('an answer that ends where another goes on parts there', () => {
    const { partings, split } = groupDiff([answer('so it is', 1, 2), answer('so', -2)]);
    expect(partings.map(({ at }) => at)).toEqual([1, 1]);
    expect(split?.ways).toEqual([
      { next: ' it', won: 2, lost: 0, neither: 0 },
      { next: undefined, won: 0, lost: 1, neither: 0 },
    ]);
  });

  it('has no split where all came out the same, nor where the same answer came out both ways', () => {
    const silent = groupDiff([answer('a b', 0, 3), answer('a c', 0)]);
    expect(silent.split).toBeUndefined();
    expect(silent.partings.map(({ beside }) => beside)).toEqual([1, 0]);
    expect(silent.partings[1]!.differs).toEqual([false, true]);
    expect(groupDiff([answer('a b', 1), answer('a b', -1)]).split).toBeUndefined();
    expect(groupDiff([answer('a', Number.NaN), answer('b', 1)]).split).toBeUndefined();
    expect(groupDiff([answer('a', 1)]).partings).toEqual([
      { beside: undefined, at: undefined, differs: [false] },
    ]);
    expect(groupDiff([])).toEqual({ partings: [], split: undefined });
  });
});

describe('the alignment', () => {
  it('leaves as many pieces unmarked as the longest common subsequence has, and these stand in both in that order', () => {
    for (let turn = 0; turn < 200; turn++) {
      const draw = (salt: number) =>
        Array.from({ length: (turn * 7 + salt) % 13 }, (_, i) =>
          'abcd'.charAt(Math.floor(4 * uniform(turn, salt, i))),
        );
      const [a, b] = [draw(1), draw(2)];
      const differs = differences(a, b);
      const kept = a.filter((_, i) => !differs[i]);
      expect(kept).toHaveLength(longestCommon(a, b));
      expect(kept).toHaveLength(longestCommon(kept, b));
    }
  });

  it('of answers too long for its table says that everything between what they share at both ends differs', () => {
    const long = (name: string) => Array.from({ length: 2100 }, (_, i) => `${name}${i}`);
    const differs = differences(['s', ...long('a'), 'x', 'e'], ['s', ...long('b'), 'x', ...long('c'), 'e']);
    expect(differs.filter((one) => !one)).toHaveLength(2);
    expect([differs[0], differs.at(-1)]).toEqual([false, false]);
  });
});
