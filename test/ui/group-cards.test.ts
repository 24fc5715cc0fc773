import { describe, expect, it } from 'vitest';
import type { Completion, RolloutGroup } from '../../src/protocol/messages.ts';
import { beforeSplit, groupCards, stretchesOf, waySentence } from '../../src/ui/rollouts/group-cards.ts';

const completion = (text: string, advantage: number, more: Partial<Completion> = {}): Completion => ({
  ...{ text, advantage, rawText: text, tokens: 3, ended: 'eos', rewards: { accuracy: 1 }, total: 1 },
  ...{ answer: null, ...more },
});
const group = (...completions: Completion[]): RolloutGroup => ({ exampleId: 'c', label: 'sad', completions });

describe('the cards of a group', () => {
  it('merge the same answers, and only those that earned the same; the best come first', () => {
    const { cards } = groupCards(
      group(
        completion('a b', -1),
        completion('a c', 1),
        completion('a b', -1),
        completion('a b', -1, { ended: 'length' }),
        completion('a b', -1, { rewards: { accuracy: 0 } }),
      ),
      false,
    );
    expect(cards.map(({ places }) => places)).toEqual([[1], [0, 2], [3], [4]]);
  });

  it('say the answer of a run without tags by the whole text', () => {
    const bare = group(completion(' sad ', 1), completion('', -1));
    expect(groupCards(bare, true).cards.map(({ answer }) => answer)).toEqual(['sad', null]);
    expect(groupCards(bare, false).cards.map(({ answer }) => answer)).toEqual([null, null]);
  });

  it('joined the stretches are the answer, and one of them is where it parts', () => {
    const { cards, split } = groupCards(
      group(completion('a b c d', 1), completion('a x y d', -1), completion('a x y d', -1)),
      false,
    );
    expect(stretchesOf(cards[1]!)).toEqual([
      { text: 'a', differs: false, parts: false },
      { text: ' x', differs: true, parts: true },
      { text: ' y', differs: true, parts: false },
      { text: ' d', differs: false, parts: false },
    ]);
    for (const card of cards) {
      expect(
        stretchesOf(card)
          .map(({ text }) => text)
          .join(''),
      ).toBe(card.completion.text);
    }
    expect(split!.ways.map(waySentence)).toEqual(['2 answers, all lost', '1 answer, won']);
  });
});

it('a long beginning is shown by its end', () => {
  const before = ['x'.repeat(50), ' end'];
  expect(beforeSplit({ at: 2, before, ways: [] })).toBe(`…${'x'.repeat(36)} end`);
  expect(beforeSplit({ at: 1, before: ['a'], ways: [] })).toBe('a');
});

it('a way says how its answers came out', () => {
  expect(waySentence({ next: 'x', won: 3, lost: 2, neither: 1 })).toBe(
    '6 answers: 3 won, 2 lost, 1 did neither',
  );
});
