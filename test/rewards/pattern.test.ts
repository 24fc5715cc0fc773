import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { commonPattern } from '../../src/rewards/pattern.ts';
import { processorTime } from '../setup/processor-time.ts';
import { mixedPattern, pick } from './strings.ts';

const SIGNS = [
  'a',
  'b',
  '1',
  '3',
  ' ',
  '\n',
  'é',
  '😀',
  '_',
  '\ud800',
  '.',
  '\u2028',
  '\x85',
  '\ufeff',
  '\x1c',
  'A',
];

const mixedSigns = (seed: number, place: number): string =>
  Array.from({ length: pick([0, 1, 2, 4, 8], seed, 5000 + place) }, (_, at) =>
    pick(SIGNS, seed, 6000 + 10 * place + at),
  ).join('');

describe('patterns', () => {
  it.each([
    ['(?<=a)b', 'lookbehind'],
    ['(?<name>a)', 'group'],
    ['(?P<name>a)', 'group'],
    ['(?i)a', 'group'],
    ['(a)\\1', 'reference'],
    ['\\p{L}', 'escape \\p'],
    ['\\Z', 'escape \\Z'],
    ['\\ud83d', 'surrogate'],
    ['[]a]', 'empty'],
    ['[^]', 'empty'],
    ['[[a]', 'sets'],
    ['[a--b]', 'sets'],
    ['[\\b]', 'escape \\b'],
    ['\\u{61}', 'escape \\u'],
    ['[\\u{61}]', 'escape \\u'],
    ['a{1001}', 'repeats'],
    ['(((a{1000}){1000}){1000}){1000}', 'more than 4000 signs'],
    [`${'('.repeat(51)}a${')'.repeat(51)}`, 'deep'],
    ['a{,3}', 'no regular expression'],
    ['a++', 'no regular expression'],
    ['(', 'no regular expression'],
    ['a]', 'no regular expression'],
  ])('%s is refused by name', (pattern, named) => {
    expect(() => commonPattern(pattern)).toThrow(InputError);
    expect(() => commonPattern(pattern)).toThrow(named);
  });

  it('match where JavaScript’s own engine matches', () => {
    for (let seed = 0; seed < 1000; seed++) {
      const pattern = mixedPattern(seed);
      const search = commonPattern(pattern);
      const engine = new RegExp(pattern.replaceAll('.', '[^\\n]'), 'u');
      for (let place = 0; place < 5; place++) {
        const text = mixedSigns(seed, place);
        if (search.test(text) !== engine.test(text))
          expect({ pattern, text, matches: search.test(text) }).toEqual({
            pattern,
            text,
            matches: engine.test(text),
          });
      }
    }
  });

  it.each([
    ['^(a+)+$', 'a', '!'],
    ['(x+x+)+y', 'x', ''],
    ['(?:a|aa|a?)+b', 'a', 'c'],
    ['^<think>.*</think>.*<answer>.*</answer>.*$', '</think><answer>', ''],
    ['(?=(a*)*b)a', 'a', ''],
    ['^(?:.*,){11}P', '1,2,3,', ''],
  ])('%s takes as long as the text is', async (pattern, repeated, end) => {
    const search = commonPattern(pattern);
    const text = `<think>${repeated.repeat(20_000)}${end}`;
    const { value, milliseconds } = await processorTime(2000, () => search.test(text));
    expect(value).toBe(false);
    // Engines that try way after way take years, or at least the third power of the length.
    expect(milliseconds).toBeLessThan(2000);
  });
});
