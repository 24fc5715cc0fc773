import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import {
  namedScorers,
  type ScorerFlags,
  scorerSettings,
  scorersToResume,
  takeScorerFlag,
  withoutScorers,
} from '../../src/cli/reward-model-flags.ts';
import { ERV, FIRST_LOGIT } from '../../src/rewards/model-mapping.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reward-models-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function taken(...words: readonly (readonly [string, string?])[]) {
  const flags: ScorerFlags = { scorers: [] };
  for (const [flag, value] of words) {
    expect(takeScorerFlag(flags, flag, value, (folder) => folder ?? '')).toBe(true);
  }
  return namedScorers(flags);
}

it('names models by their folders, ERV’s by its own name, and each mapping of the model before it', () => {
  const file = join(scratch, 'mapping.json');
  writeFileSync(file, '{"text": "thinking", "label": "joy"}');
  const [plain, erv, own, inline] = taken(
    ['--rewardModel', '/models/7b-rm v2'],
    ['--rewardModel', '/models/emotions'],
    ['--rewardMapping', 'erv'],
    ['--rewardModel', '/models/emotions'],
    ['--rewardMapping', file],
    ['--rewardName', 'joy'],
    ['--rewardModel', 'x'],
    ['--rewardMapping', '{"take": "share", "topK": 2}'],
  );
  expect(plain).toEqual({ folder: '/models/7b-rm v2', name: 'model_7b_rm_v2', mapping: FIRST_LOGIT });
  expect(erv).toEqual({ folder: '/models/emotions', name: 'think_step', mapping: ERV });
  expect(own).toMatchObject({ name: 'joy', mapping: { text: 'thinking', label: 'joy', take: 'mean' } });
  expect(inline!.mapping).toEqual({ ...FIRST_LOGIT, take: 'share', topK: 2 });
});

it('gives the preset of ERV its model: the first whose mapping is not named', () => {
  const flags: ScorerFlags = { scorers: [{ folder: '/a', mapping: FIRST_LOGIT }, { folder: '/b' }] };
  expect(namedScorers(flags, 'erv')).toEqual([
    { folder: '/a', name: 'a', mapping: FIRST_LOGIT },
    { folder: '/b', name: 'think_step', mapping: ERV },
  ]);
  expect(() => namedScorers({ scorers: [] }, 'erv')).toThrow(/--preset erv needs a model that scores: add/);
});

it('says what of a mapping it does not understand', () => {
  const of = (value: string) => () => taken(['--rewardModel', 'x'], ['--rewardMapping', value]);
  expect(of('first')).toThrow(/expected first_logit, erv, a JSON file or a JSON object/);
  expect(of('{"text": ')).toThrow(/--rewardMapping is no JSON/);
  expect(of('{"topK": 0}')).toThrow(/"topK" is 0; expected a whole number from 1 on, or null/);
  expect(() => taken(['--rewardName', 'x'])).toThrow(/speaks of the model named before it/);
});

it('is the only reward where no others are named, and ERV’s stands beside accuracy and format', () => {
  const model = (name: string) => ({ name, model: '/x', identity: 'i', mapping: {} });
  expect(scorerSettings([model('rm')], {})).toEqual({ rewardModels: [model('rm')], rewards: ['rm'] });
  expect(scorerSettings([model('rm')], { rewards: ['format'] }).rewards).toEqual(['format', 'rm']);
  expect(scorerSettings([model('rm')], { rewards: ['rm', 'format'] }).rewards).toEqual(['rm', 'format']);
  expect(scorerSettings([model('think_step')], {}).rewards).toEqual(['accuracy', 'format', 'think_step']);
  expect(scorerSettings([], { rewards: ['format'] })).toEqual({});
  const scorers = [{ folder: 'x', name: 'rm', mapping: FIRST_LOGIT }];
  expect(withoutScorers({ rewards: ['rm', 'format'], rewardWeights: [1, 2], steps: 3 }, scorers)).toEqual({
    ...{ rewards: ['format'], steps: 3 },
  });
});

it('opens a run’s models again where their folders are still there, unless they are named anew', () => {
  const kept = { name: 'rm', model: scratch, identity: 'i', mapping: { text: 'answer' } };
  const config = { rewards: ['rm'], rewardModels: [kept, { ...kept, name: 'unused' }] };
  expect(scorersToResume([], config)).toEqual([
    { folder: scratch, name: 'rm', mapping: { ...FIRST_LOGIT, text: 'answer' } },
  ]);
  const moved = [{ folder: '/elsewhere', name: 'rm', mapping: FIRST_LOGIT }];
  expect(scorersToResume(moved, config)).toEqual(moved);
  expect(scorersToResume([], { ...config, rewardModels: [{ ...kept, model: '/gone' }] })).toEqual([]);
});
