import { describe, expect, it } from 'vitest';
import {
  bareNumber,
  bareSpan,
  holdsWords,
  readItems,
  readNumber,
  readOption,
  readSpan,
  readYesNo,
  rougeTokens,
  saidAnswer,
} from '../../src/rewards/readings.ts';
import { processorTime } from '../setup/processor-time.ts';

it.each([
  ['<think>a</think><answer> 42 </answer>', '42'],
  ['<think>a 7</think> so it is 42.', 'so it is 42.'],
  ['<ANSWER>b</ANSWER>', 'b'],
  ['12 + 30 = 42\n#### 42', '42'],
  ['thus $\\boxed{42}$.', '42'],
  ['<answer>\\boxed{42}</answer>', '42'],
  ['<think>never done 42', null],
  ['<think>a</think><think>b', null],
  ['<think>a</think>', null],
  [' \n', null],
])('the answer of %j', (text, said) => {
  expect(saidAnswer(text)).toBe(said);
});

describe('numbers', () => {
  it.each([
    ['42', 42],
    ['-3.50', -3.5],
    ['−3', -3],
    ['1,234,567.8', 1234567.8],
    ['$5', 5],
    ['12 %', 12],
    ['7.', 7],
    ['.5', 0.5],
    ['3/4', 0.75],
    ['1e-3', 0.001],
    ['3,5', 3.5],
    ['x = 3', null],
    ['3 apples', null],
    ['1 2', null],
    ['3-5', null],
    ['', null],
    ['1/0', null],
  ])('%j alone', (text, value) => {
    expect(bareNumber(text)).toBe(value);
  });

  it.each([
    ['The answer is 1,000.', 1000],
    ['from 3 to 12 apples', 12],
    ['between 3-5', 5],
    ['it fell by -4 degrees', -4],
    ['about 3/4 of them', 0.75],
    ['none', null],
  ])('in %j', (text, value) => {
    expect(readNumber(text)).toBe(value);
  });
});

describe('spans', () => {
  it.each([
    ['3.5 - 7.2', [3.5, 7.2]],
    ['[3.5, 7.2]', [3.5, 7.2]],
    ['from 3 to 7 seconds', [3, 7]],
    ['at 9, then 0:12 to 1:05', [12, 65]],
    ['1:00:00.5–1:00:02', [3600.5, 3602]],
    ['7 to 3', null],
    ['at 7', null],
  ])('of %j', (text, span) => {
    expect(readSpan(text)).toEqual(span);
  });

  it('alone', () => {
    expect(['3.5 - 7.2', '[3.5, 7.2]', '(3, 7 s)', '0:12 to 0:15'].map((text) => bareSpan(text))).toEqual([
      [3.5, 7.2],
      [3.5, 7.2],
      [3, 7],
      [12, 15],
    ]);
    expect(['it is 3 to 7', '3', 'a - b', '1 - 2 - 3'].map((text) => bareSpan(text))).toEqual(
      Array(4).fill(null),
    );
  });

  it.each(['1'.repeat(100_000), `1${' '.repeat(20_000)}`])(
    'are looked for in time that grows with the text',
    async (text) => {
      const { value, milliseconds } = await processorTime(1000, () => readSpan(`${text}x`));
      expect(value).toBeNull();
      // A search that begins anew at every digit, or parts white space in every way, takes a minute for the first.
      expect(milliseconds).toBeLessThan(1000);
    },
  );
});

describe('options', () => {
  const OPTIONS = ['A. Calm', 'B. Sad', 'C. Very sad', 'D. A dog'];
  it.each([
    ['B', 'B'],
    ['b', 'B'],
    ['(B)', 'B'],
    ['B.', 'B'],
    ['B. Sad', 'B'],
    ['The answer is B.', 'B'],
    ['Option C', 'C'],
    ['I would say (D), the dog', 'D'],
    ['sad', 'B'],
    ['Very sad!', 'C'],
    ['A dog', 'D'],
    ['She looks calm to me', 'A'],
    ['(A) or (B)', null],
    ['E', null],
    ['angry', null],
    // Two options stand in it: which is meant is not said.
    ['Very sad, not calm', null],
  ])('%j', (said, letter) => {
    expect(readOption(said, OPTIONS)).toBe(letter);
  });

  it('without letters go by their place, and without a list by the letter alone', () => {
    expect([readOption('sad', ['calm', 'sad']), readOption('B', ['calm', 'sad'])]).toEqual(['B', 'B']);
    const figures = ['1. calm', '2. sad'];
    expect(['2', 'sad', '(2)', '3', '2.5'].map((said) => readOption(said, figures))).toEqual([
      ...['2', '2', '2'],
      ...[null, null],
    ]);
    expect([readOption('b', []), readOption('Answer: C', []), readOption('sad', [])]).toEqual([
      'B',
      'C',
      null,
    ]);
  });
});

it.each([
  ["['Excited', 'joyful']", ['excited', 'joyful']],
  ['happy, sad；calm', ['happy', 'sad', 'calm']],
  ['joy', ['joy']],
  [' , ', []],
])('the items of %j', (text, items) => {
  expect(readItems(text)).toEqual(items);
});

it.each([
  ['a red car', 'red car', true],
  ['a redder car', 'red', false],
  ['red', 'red', true],
  ['cared', 'red', false],
  ['他很高兴', '高兴', true],
  ['bored, red', 'red', true],
  ['a', '', false],
])('whether %j holds %j', (text, part, holds) => {
  expect(holdsWords(text, part)).toBe(holds);
});

it('tokens of ROUGE are runs of letters and digits, and single characters where no spaces part words', () => {
  // As rouge_score: re.sub(r"[^a-z0-9]+", " ", text.lower()).split().
  expect(rougeTokens("The log-file's 2nd line_1.")).toEqual(['the', 'log', 'file', 's', '2nd', 'line', '1']);
  expect(rougeTokens('Café 他很 ok')).toEqual(['café', '他', '很', 'ok']);
});

it.each([
  ['Yes, it is', 'yes'],
  ['no', 'no'],
  ['Nobody', null],
  ['yes and no', null],
])('yes or no of %j', (text, read) => {
  expect(readYesNo(text)).toBe(read);
});
