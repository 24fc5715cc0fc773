/** Which rewards count, and what each weighs. */
import { describe, expect, it } from 'vitest';
import { checkConfig, defaultConfig, parseConfig } from '../../src/protocol/config.ts';
import {
  choiceIn,
  choiceWords,
  renamed,
  weightOf,
  withReward,
  withWeight,
} from '../../src/store/reward-choice.ts';

const ORDER = ['accuracy', 'format', 'wer', 'own'];
const choice = (rewards: readonly string[], ...rewardWeights: unknown[]) => ({ rewards, rewardWeights });

describe('a choice of rewards', () => {
  it('keeps each weight with its reward, and the order of the list', () => {
    const two = withWeight(choice(['accuracy', 'format']), 'format', 0.5);
    expect(two).toEqual(choice(['accuracy', 'format'], 1, 0.5));
    const three = withReward(two, 'wer', true, ORDER);
    expect(three).toEqual(choice(['accuracy', 'format', 'wer'], 1, 0.5, 1));
    const without = withReward(three, 'accuracy', false, ORDER);
    expect(without).toEqual(choice(['format', 'wer'], 0.5, 1));
    expect(withReward(without, 'accuracy', true, ORDER)).toEqual(three);
    expect(checkConfig(parseConfig({ ...three } as object))).toEqual([]);
  });

  it('has no weights where each is 1, and keeps what is no number for the check to name', () => {
    expect(withWeight(choice(['format'], 3), 'format', 1)).toEqual(choice(['format']));
    const typed = withWeight(choice(['format', 'wer']), 'wer', 'half');
    expect(weightOf(typed, 'wer')).toBe('half');
    expect(checkConfig({ ...defaultConfig(), ...(typed as object) })[0]?.message).toContain('"half"');
  });

  it('puts a name that is on no list last, and gives a reward another name', () => {
    expect(withReward(choice(['lost']), 'own', true, ORDER).rewards).toEqual(['own', 'lost']);
    expect(renamed(choice(['accuracy', 'own'], 1, 2), 'own', 'judge')).toEqual(
      choice(['accuracy', 'judge'], 1, 2),
    );
  });

  it('is said in a line, and read from a draft in which it cannot be read', () => {
    expect(choiceWords(choice(['accuracy', 'format'], 1, 0.5))).toBe('accuracy + 0.5 × format');
    expect(choiceIn({ rewards: 'x', rewardWeights: 'y' })).toEqual(choice([]));
  });
});
