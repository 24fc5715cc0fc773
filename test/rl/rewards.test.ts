import { expect, test } from 'vitest';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { rewardRange } from '../../src/rl/reward-range.ts';
import {
  foldAnswer,
  matchLabel,
  pythonStrip,
  REWARDS,
  type RewardName,
  readAnswer,
  scoreCompletion,
} from '../../src/rl/rewards.ts';

const context = (label: string | null, tokens = 10, maxCompletionLength = 100) => ({
  label,
  tokens,
  maxCompletionLength,
});
const score = (name: RewardName, text: string, label: string | null = 'happy') =>
  REWARDS[name].fn(text, context(label));
const published = (text: string, label = 'happy') =>
  scoreCompletion(['accuracy', 'format'], text, context(label));

test.each([
  ['<think>a</think><answer>happy</answer>', [1, 1]],
  ['<think>a</think><answer>happy</answer>\n', [1, 0]],
  ['happy', [1, 0]],
  ['<answer>Happy</answer>', [0, 0]],
  ['<think>a</think><answer>\nhappy</answer>', [0, 1]],
  ['<think>a\nb</think>\n\n<answer> happy </answer>', [1, 1]],
  [' <think>a</think><answer>happy</answer>', [1, 0]],
  ['<think>a</think>x<answer>happy</answer>', [1, 0]],
  ['<think>a</think><answer>sad</answer><answer>happy</answer>', [0, 1]],
  ['<think>a</think><answer>happy.</answer>', [0, 1]],
  ['<think></think><answer></answer>', [0, 1]],
  ['\u00a0happy\u3000\n', [1, 0]],
  ['', [0, 0]],
])('published accuracy and format of %j', (text, expected) => {
  expect(published(text)).toEqual(expected);
});

test("white space is Python's, and its dot stops at a line feed only", () => {
  expect(pythonStrip('\x1c\x85 a b \u2029')).toBe('a b');
  expect(pythonStrip('\ufeffa')).toBe('\ufeffa');
  expect(published('<think>a</think>\x1f\x85<answer>happy</answer>')).toEqual([1, 1]);
  expect(published('<think>a</think>\ufeff<answer>happy</answer>')).toEqual([1, 0]);
  expect(score('accuracy', '<answer>\rhappy\u2028</answer>')).toBe(1);
  expect(score('accuracy', '\ufeffhappy')).toBe(0);
});

test('a label that itself has spaces or tags around it is read like an answer', () => {
  expect(published('<answer>very happy</answer>', ' very happy ')[0]).toBe(1);
  expect(score('accuracy', 'anything', null)).toBeNull();
  expect(score('accuracy_tolerant', 'anything', null)).toBeNull();
});

test('a long answer of marks is folded in time that grows with its length', () => {
  const marks = '!'.repeat(2 ** 18);
  const start = process.cpuUsage();
  expect(foldAnswer(`${marks}Very${marks}HAPPY${marks}`)).toBe(`very${marks}happy`);
  expect(foldAnswer(`${marks} `)).toBe('');
  const { user, system } = process.cpuUsage(start);
  // A search that begins anew at every mark takes minutes.
  expect((user + system) / 1000).toBeLessThan(5000);
});

test('the tolerant twins forgive what the published ones do not', () => {
  for (const text of [
    '<answer>Happy.</answer>',
    '<answer>\n happiness \n</answer>',
    '<ANSWER>happy</ANSWER>',
    ' HAPPY! ',
  ]) {
    expect([text, score('accuracy', text), score('accuracy_tolerant', text)]).toEqual([text, 0, 1]);
  }
  expect(score('accuracy_tolerant', '<answer>unhappy</answer>')).toBe(0);
  expect(score('accuracy_tolerant', '<answer>anger</answer>', 'Angry')).toBe(1);
  expect(score('format_tolerant', '\n<Think>a</Think> <answer>b</answer>  ')).toBe(1);
  expect(score('format_tolerant', 'so: <think>a</think><answer>b</answer>')).toBe(0);
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

test('think format: one block, at the start', () => {
  expect(score('think_format', '<think>a\nb</think> and then\nsome')).toBe(1);
  expect(score('think_format', ' <think>a</think>')).toBe(0);
  expect(score('think_format', '<think>a<think>b</think>')).toBe(0);
  expect(score('think_format', '<think>a')).toBe(0);
});

test('soft overlong punishment falls in a line and stays at -1', () => {
  const at = (tokens: number) =>
    REWARDS.soft_overlong.fn('', { ...context(null, tokens, 100), softPunishCache: 20 });
  expect([80, 85, 90, 100, 101].map(at)).toEqual([0, -0.25, -0.5, -1, -1]);
  expect(REWARDS.soft_overlong.fn('', context(null, 90, 100))).toBe(-0.5);
});

test('repetition is minus the share of repeated three-word groups', () => {
  expect(score('repetition', 'one two')).toBe(0);
  expect(score('repetition', 'a b c d e')).toBe(0);
  expect(score('repetition', 'A b c a B c')).toBeCloseTo(-0.25, 12);
  expect(score('repetition', 'no '.repeat(12))).toBeCloseTo(-0.9, 12);
});

test('repetition takes another number of words and another largest penalty', () => {
  const at = (text: string, repetitionNgram: number, repetitionMaxPenalty: number) =>
    REWARDS.repetition.fn(text, { ...context(null), repetitionNgram, repetitionMaxPenalty });
  expect(at('a b a b', 2, 1)).toBeCloseTo(-1 / 3, 12);
  expect(at('a b a b', 2, 0.5)).toBeCloseTo(-1 / 6, 12);
  expect(at('a b a b', 5, 1)).toBe(0);
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
