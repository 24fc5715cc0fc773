/** Which rewards the form offers, in which groups. */
import { describe, expect, it } from 'vitest';
import { REWARD_NAMES, REWARD_PARAMETERS } from '../../src/rewards/index.ts';
import { offeredGroups } from '../../src/ui/train/rewards/reward-list.ts';

describe('the rewards that the form offers', () => {
  const nothing = { rewards: [], rewardSources: [], rewardModels: [] };

  it('are every built-in one, once, with all of its settings', () => {
    const rewards = offeredGroups(nothing).flatMap((group) => group.rewards);
    expect(rewards.map(({ name }) => name).sort()).toEqual([...REWARD_NAMES].sort());
    const parameters = rewards.flatMap((reward) => reward.parameters);
    expect(parameters.sort()).toEqual(REWARD_PARAMETERS.map(({ key }) => key).sort());
    // As sentences; marks of a document would stand there as they are.
    const isSentence = (words: string) => /^\S[^`]*\.$/.test(words);
    expect(rewards.filter(({ help, source }) => !isSentence(help) || !isSentence(source))).toEqual([]);
  });

  it('are those of the person, too, and names that are known nowhere', () => {
    const source = { name: 'mine', language: 'py', source: '', completions: 'text', hash: '' };
    const model = { name: 'judge', model: 'folder', identity: '', mapping: {} };
    const groups = offeredGroups({
      rewards: ['gone', 'mine', 'wer'],
      rewardSources: [source],
      rewardModels: [model],
    });
    expect(groups.slice(-3).map(({ rewards }) => rewards.map(({ name }) => name))).toEqual([
      ['mine'],
      ['judge'],
      ['gone'],
    ]);
  });
});
