/** What several rewards are made of. */
import { describe, expect, it, test } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { isSameMaths, readMaths, writtenMaths } from '../../src/rewards/maths.ts';
import { pythonFloat, roundHundredths } from '../../src/rewards/python-number.ts';
import { fitsSchema, readSchema } from '../../src/rewards/schema.ts';
import { stem } from '../../src/rewards/stem.ts';

/** Words and their stems by NLTK 3.10.4's PorterStemmer. */
const STEMS = `caresses>caress ponies>poni ties>tie dies>die skies>sky dying>die news>news innings>inning howe>howe proceed>proceed
  cats>cat gas>ga feed>feed agreed>agre plastered>plaster bled>bled motoring>motor sing>sing died>die spied>spi conflated>conflat
  troubled>troubl sized>size hopping>hop falling>fall hissing>hiss fizzed>fizz failing>fail filing>file happy>happi sky>sky
  enjoy>enjoy relational>relat conditional>condit rational>ration valenci>valenc digitizer>digit radically>radic
  differently>differ analogously>analog predication>predic operator>oper feudalism>feudal decisiveness>decis hopefulness>hope
  formality>formal sensitivity>sensit sensibility>sensibl geology>geolog hopefully>hope triplicate>triplic formative>form
  formalize>formal electrical>electr goodness>good revival>reviv allowance>allow inference>infer adjustable>adjust
  replacement>replac adjustment>adjust dependent>depend adoption>adopt communism>commun effective>effect probate>probat
  rate>rate cease>ceas controlling>control roll>roll yyy>yyy syzygy>syzygi a1s>a1 123s>123 bing>bing eed>eed`;

test("stems are NLTK's", () => {
  const pairs = STEMS.split(/\s+/).map((pair) => pair.split('>'));
  expect(pairs.map(([word = '']) => [word, stem(word)])).toEqual(pairs);
});

describe("Python's numbers", () => {
  it.each([
    [' \x1c12\u3000', 12],
    ['1_000.5_0e1_0', 1000.5e10],
    ['.5', 0.5],
    ['5.', 5],
    ['+1E3', 1000],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['٣٫١', null],
    ['٣.١', 3.1],
    ['𝟘𝟙𝟡', 19],
    ['1__0', null],
    ['_1', null],
    ['1_', null],
    ['1_.5', null],
    ['0x10', null],
    ['\ufeff1', null],
    ['1 2', null],
    ['²', null],
    ['', null],
  ])('float(%j) is %d', (text, value) => {
    expect(pythonFloat(text)).toBe(value);
  });

  it.each([
    [2.675, 2.67],
    [0.125, 0.12],
    [0.375, 0.38],
    [-0.125, -0.12],
    [-0.375, -0.38],
    [1234.625, 1234.62],
    [1e21, 1e21],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('round(%d, 2) is %d', (value, rounded) => {
    expect(roundHundredths(value)).toBe(rounded);
  });
});

describe('schemas', () => {
  it.each([
    ['{"type": "text"}', '"text" as its type'],
    ['{"$ref": "#/a"}', '"$ref", which is not checked'],
    ['{"items": {"format": "date"}}', 'items of the schema has "format"'],
    ['{"minLength": -1}', '-1 as its minLength'],
    ['{"pattern": "(?<=a)"}', 'lookbehind'],
    ['{"anyOf": []}', 'anyOf'],
    ['[]', 'expected an object'],
    ['{', 'cannot be read'],
  ])('%s is refused by name', (schema, named) => {
    expect(() => readSchema(schema)).toThrow(InputError);
    expect(() => readSchema(schema)).toThrow(named);
  });

  it.each([
    ['{"title": "any"}', 1, true],
    ['false', 1, false],
    ['{"type": ["null", "integer"]}', 2, true],
    ['{"const": {"a": [1], "b": 2}}', { b: 2, a: [1] }, true],
    ['{"const": [1]}', [true], false],
    ['{"exclusiveMaximum": 2, "minimum": 1}', 2, false],
    ['{"minItems": 1, "items": {"enum": ["a"]}}', ['a', 'a'], true],
    ['{"properties": {"a": true}, "additionalProperties": false}', { a: 1, toString: 1 }, false],
    ['{"allOf": [{"minLength": 1}, {"not": {"const": "b"}}]}', 'b', false],
  ])('%s on %j: %s', (schema, value, fits) => {
    expect(fitsSchema(value, readSchema(schema))).toBe(fits);
  });
});

describe('mathematics', () => {
  it.each([
    ['2^{10}', '1024'],
    ['3 \\cdot 10^{2}', '300'],
    ['-x^2', '-(x^2)'],
    ['2^-1', '0.5'],
    ['\\sqrt[3]{8}', '2'],
    ['90^\\circ', '90'],
    ['1{,}000', '1000'],
    ['\\left(\\frac34\\right)^2', '9/16'],
    ['0.1+0.2', '0.3'],
    ['007', '7'],
    ['\\frac{x^2-1}{x-1}', 'x+1'],
  ])('%s is %s', (a, b) => {
    expect(isSameMaths(readMaths(a)!, readMaths(b)!, 1e-9)).toBe(true);
  });

  it.each([
    ['x', '2x'],
    ['x', 'y'],
    ['1/0', '1/0'],
    ['\\sqrt{x^2}', 'x'],
    ['0.3333', '1/3'],
    ['10^{20}', '10^{20}+10^{12}'],
  ])('%s is not %s', (a, b) => {
    expect(isSameMaths(readMaths(a)!, readMaths(b)!, 1e-9)).toBe(false);
  });

  it.each([
    '',
    'happy',
    '1 2',
    '1.2.3',
    '(1',
    '1)',
    '2 +',
    '\\sin x',
    '[1, 2)',
    'x = y = 2',
    '('.repeat(200),
    '1'.repeat(301),
  ])('%j is none', (text) => {
    expect(readMaths(text)).toBeNull();
  });

  it('stands where answers put it', () => {
    expect(writtenMaths('a #### 3 #### 4')).toBe(' 4');
    expect(writtenMaths('so \\boxed{1} or \\boxed{\\frac{1}{2}}.')).toBe('\\frac{1}{2}');
    expect(writtenMaths('as $a$ and \\(b\\) say')).toBe('b');
    expect(writtenMaths('\\boxed{1')).toBe('\\boxed{1');
  });
});
