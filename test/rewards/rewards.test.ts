import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { type Config, checkConfig, defaultConfig, parseConfig } from '../../src/protocol/config.ts';
import { foldAnswer, matchLabel, readAnswer } from '../../src/rewards/answer.ts';
import { REWARD_NAMES, REWARD_PARAMETERS, REWARDS } from '../../src/rewards/index.ts';
import { pythonStrip } from '../../src/rewards/python-space.ts';
import { rewardRange } from '../../src/rl/objective/reward-range.ts';
import { processorTime } from '../setup/processor-time.ts';
import { contextOf } from './cases.ts';
import { rewardTable } from './table.ts';

describe.each(REWARD_NAMES)('%s', (name) => {
  const { cases, range, score } = REWARDS[name];

  it.each(cases)('scores case %#: $text', (one) => {
    const context = contextOf(one);
    const found = score(one.text, context);
    if (one.score === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(one.score, 12);
    const [low, high] = range(context);
    expect(found === null || (found >= low && found <= high)).toBe(true);
  });

  it('has cases that differ in their score', () => {
    expect(new Set(cases.map((one) => one.score)).size).toBeGreaterThan(1);
  });
});

test('the README has the table of all rewards', () => {
  expect(readFileSync('README.md', 'utf8')).toContain(rewardTable());
});

test('columns that a reward reads are told in one form, for programs that get no others', () => {
  const { multiple_choice, numeric, accuracy_video_r1 } = REWARDS;
  expect(multiple_choice.columns?.({ choices: '["calm", "sad"]' })).toEqual({ options: ['calm', 'sad'] });
  expect(multiple_choice.columns?.({ options: 'no list' })).toEqual({});
  expect(numeric.columns?.({ tolerance: '1/4' })).toEqual({ tolerance: 0.25 });
  expect(numeric.columns?.({ tolerance: true })).toEqual({});
  expect(accuracy_video_r1.columns?.({ problem_type: 'OCR', other: 1 })).toEqual({ problem_type: 'OCR' });
});

test('settings of rewards have names of their own, and their texts are judged before a run', () => {
  const keys = REWARD_PARAMETERS.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const problems = (values: Partial<Config>) => checkConfig({ ...defaultConfig(), ...values });
  expect(problems({ rewards: ['regex'] })).toMatchObject([{ field: 'regexPattern' }]);
  expect(problems({ rewards: ['regex'], regexPattern: '(?<=a)' })).toMatchObject([{ field: 'regexPattern' }]);
  expect(problems({ rewards: ['regex'], regexPattern: '^a' })).toEqual([]);
  expect(problems({ rewards: ['accuracy'], regexPattern: '(?<=a)' })).toEqual([]);
  expect(problems({ rewards: ['json_schema'], jsonSchema: '{"$ref": "#"}' })).toMatchObject([
    { field: 'jsonSchema' },
  ]);
});

test("white space is Python's", () => {
  expect(pythonStrip('\x1c\x85 a b \u2029')).toBe('a b');
  expect(pythonStrip('\ufeffa')).toBe('\ufeffa');
});

test('the tolerant accuracy forgives what the published one does not', () => {
  const { accuracy, accuracy_tolerant: tolerant } = REWARDS;
  const forgiven = tolerant.cases.filter(({ score }) => score === 1);
  expect(forgiven.map((one) => accuracy.score(one.text, contextOf(one)))).toEqual(forgiven.map(() => 0));
});

test('a long answer of marks is folded in time that grows with its length', async () => {
  const marks = '!'.repeat(2 ** 18);
  const fold = () => [`${marks}Very${marks}HAPPY${marks}`, `${marks} `].map(foldAnswer);
  const { value, milliseconds } = await processorTime(5000, fold);
  expect(value).toEqual([`very${marks}happy`, '']);
  // A search that begins anew at every mark takes minutes.
  expect(milliseconds).toBeLessThan(5000);
});

test('answers are read, folded and matched to labels', () => {
  expect(readAnswer('<think>x</think><answer>\n sad</answer> tail')).toBe('sad');
  expect(readAnswer('  plain ')).toBe('plain');
  expect(foldAnswer('“Very   Sad!”')).toBe('very sad');
  expect(foldAnswer('constructor')).toBe('constructor');
  expect(matchLabel('Sadness', ['happy', 'sad'])).toBe('sad');
  expect(matchLabel('bored', ['happy', 'sad'])).toBeNull();
  expect(matchLabel('HAPPY', ['happy', 'Happy'])).toBeNull();
  expect(matchLabel('Happy', ['happy', 'Happy'])).toBe('Happy');
});

test('a total lies between the ends of its rewards, weights and penalties counted', () => {
  const range = (values: Partial<Config>) => rewardRange(parseConfig(values));
  expect(range({})).toEqual({ low: 0, high: 2 });
  expect(range({ rewards: ['accuracy', 'repetition'], repetitionMaxPenalty: 3 })).toEqual({
    low: -3,
    high: 1,
  });
  expect(range({ rewards: ['format', 'soft_overlong'], rewardWeights: [2, -1] })).toEqual({
    low: 0,
    high: 3,
  });
});
