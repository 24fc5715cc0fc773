/** Models that score, as rewards of the form. */
import { describe, expect, it } from 'vitest';
import { checkConfig, parseConfig } from '../../src/protocol/config.ts';
import { presetConfig } from '../../src/protocol/presets.ts';
import type { RewardModelSummary } from '../../src/protocol/reward-models.ts';
import { ERV, FIRST_LOGIT } from '../../src/rewards/model-mapping.ts';
import { withOpened } from '../../src/store/reward-choice.ts';
import {
  addedReward,
  changedReward,
  nameHindrance,
  removedRewards,
  unopened,
} from '../../src/store/reward-models.ts';
import { choosePreset, type Edits, editFields, firstForm } from '../../src/store/settings.ts';

const model = (name: string, labels = 1): RewardModelSummary => ({
  ...{ identity: `of ${name}`, name, type: 'bert', hasTemplate: false, mostTokens: 512, bytes: 8, notes: [] },
  labels: Array.from({ length: labels }, (_, number) => `label ${number}`),
});
const form = (...edits: Edits[]) => edits.reduce((now, each) => editFields(now, each), firstForm());
const opened = (name: string, now = firstForm()) => editFields(now, addedReward(now.draft, model(name)));

describe('a model as a reward of the form', () => {
  it('counts as soon as it is one, read as trainers read it, under a name of its own', () => {
    const { draft } = opened('judge v2', opened('judge v2', form({ rewardWeights: [1, 0.5] })));
    expect(draft.rewards).toEqual(['accuracy', 'format', 'judge_v2', 'judge_v2_2']);
    expect(draft.rewardWeights).toEqual([1, 0.5, 1, 1]);
    const entry = { model: 'judge v2', identity: 'of judge v2', mapping: FIRST_LOGIT };
    expect(draft.rewardModels).toEqual([
      { name: 'judge_v2', ...entry },
      { name: 'judge_v2_2', ...entry },
    ]);
    expect(checkConfig(parseConfig(draft))).toEqual([]);
  });

  it('keeps place and weight under another name, which must be free and an identifier', () => {
    const before = editFields(opened('judge'), { rewardWeights: [1, 1, 3] });
    const { draft } = editFields(before, changedReward(before.draft, 'judge', { name: 'warm' }));
    expect([draft.rewards, draft.rewardWeights]).toEqual([
      ['accuracy', 'format', 'warm'],
      [1, 1, 3],
    ]);
    expect(nameHindrance(draft, 'warm', 'warm')).toBeUndefined();
    expect(nameHindrance(draft, 'wer', 'warm')).toContain('already');
    expect(nameHindrance(draft, '2nd', 'warm')).toContain('no digit first');
  });

  it('goes with its weight, and a run is not begun while one that counts is not open', () => {
    const { draft } = editFields(opened('judge'), { rewardWeights: [1, 2, 3] });
    expect(unopened({ rewardModels: [] }, draft)?.name).toBe('judge');
    expect(unopened({ rewardModels: [model('judge')] }, draft)).toBeUndefined();
    const gone = removedRewards(draft, ({ identity }) => identity === 'of judge');
    expect(gone).toEqual({ rewardModels: [], rewards: ['accuracy', 'format'], rewardWeights: [1, 2] });
  });

  it('is checked where it counts: a mapping that cannot be used is named', () => {
    const before = opened('judge');
    const { draft } = editFields(before, changedReward(before.draft, 'judge', { mapping: { topK: 'x' } }));
    expect(() => parseConfig(draft)).toThrow(
      'The mapping of the reward judge: "topK" is "x"; expected a whole number from 1 on, or null.',
    );
    expect(parseConfig({ ...draft, rewards: ['accuracy'] }).rewardModels).toHaveLength(1);
  });

  it('stands once among those that are open', () => {
    const two = withOpened([model('a'), model('b')], { ...model('a'), notes: ['again'] });
    expect(two.map(({ name }) => name)).toEqual(['b', 'a']);
  });
});

describe('the preset of ERV', () => {
  it('takes the open model that has its labels as its share of sentences', () => {
    const models = [model('toy'), model('emotions', 28)];
    const { draft } = choosePreset(opened('toy'), 'erv', models);
    expect(draft.rewards).toEqual(['accuracy', 'format', 'think_step']);
    expect(draft.rewardModels).toEqual([
      expect.objectContaining({ name: 'toy' }),
      { name: 'think_step', model: 'emotions', identity: 'of emotions', mapping: ERV },
    ]);
    const again = choosePreset({ ...firstForm(), draft }, 'erv', models).draft;
    expect(again.rewardModels).toEqual(draft.rewardModels);
  });

  it('is accuracy and format alone where there is none', () => {
    expect(choosePreset(firstForm(), 'erv', [model('toy')]).draft).toEqual(presetConfig('erv'));
  });

  it('and any other keep the models and programs that are at hand', () => {
    const chosen = { defaults: ['accuracy', 'format'], sft: ['accuracy', 'format'], dapo: undefined };
    for (const name of ['defaults', 'sft', 'dapo'] as const) {
      const before = opened('judge');
      const { draft } = choosePreset(before, name);
      // A paper's objective says nothing of what is rewarded.
      expect(draft.rewards).toEqual(chosen[name] ?? before.draft.rewards);
      expect(draft.rewardModels).toHaveLength(1);
    }
  });
});
