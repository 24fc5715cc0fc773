import { uniform } from '../../src/math/random.ts';

/** What decides about scores, what is near a right answer, and what JavaScript and Python are apt to see differently. */
const PIECES: readonly (readonly string[])[] = [
  [
    '<think>',
    '</think>',
    '<answer>',
    '</answer>',
    '<context>',
    '</context>',
    '<THINK>',
    '</Answer>',
    '<an\u017fwer>',
  ],
  [
    '<think>\n',
    '\n</think>\n',
    '\n<answer>\n',
    '\n</answer>',
    '####',
    '\\boxed{',
    '}',
    '{',
    '$',
    '```json\n',
    '\n```',
  ],
  [
    'happy',
    'Happy',
    'HAPPINESS',
    'sad',
    'worried',
    'the cat sat',
    'The cats',
    'running',
    'flies',
    'option B',
    'yes',
  ],
  [
    'A',
    'B',
    '(b)',
    'C.',
    'A: ',
    'Calm',
    'is',
    'answer is',
    'to',
    'until',
    'and',
    ', ',
    '; ',
    '、',
    '[',
    ']',
    '"',
    "'",
  ],
  [
    '3',
    '3.0',
    '-3',
    '−3',
    '1,000',
    '1000',
    '1_000',
    '0.125',
    '2.675',
    '1e3',
    '3/4',
    '.75',
    '50%',
    '٣',
    '１２',
    '²',
    'inf',
    'nan',
  ],
  [
    '1e400',
    '4 - 8',
    '0:04',
    '1:02:03.5',
    's',
    '0',
    '00',
    '+',
    '-',
    '*',
    '/',
    '^',
    '=',
    '(',
    ')',
    '\\%',
    '1.2.3',
    '7.',
  ],
  [
    '\\frac{1}{2}',
    '\\frac12',
    '\\sqrt{2}',
    '\\sqrt[3]{8}',
    '√2',
    '\\pi',
    'π',
    '\\text{ cm}',
    'x',
    '2x',
    'x^2',
    'y',
    '\\left(',
    '°',
  ],
  [
    ' ',
    '\n',
    '\t',
    '\r',
    '\v',
    '\f',
    '\x1c',
    '\x1f',
    '\x85',
    '\xa0',
    '\u1680',
    '\u2003',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\u200b',
    '\0',
  ],
  [
    '.',
    '!',
    '…',
    '“',
    '”',
    '€',
    '_',
    '😀',
    '👩‍👧',
    '高兴',
    'か',
    'ไทย',
    'é',
    'e\u0301',
    'ſ',
    'K',
    'İ',
    'ı',
    'ß',
    'ΣΑΣ',
    'ﬁ',
    'Ⅷ',
    '½',
    '\ud800',
    '\udc00',
  ],
  [
    '{"a": 1}',
    '[1, 2.0]',
    '"x1"',
    'null',
    'true',
    '{"a": "x1", "b": []}',
    '1e999',
    '\\u0041',
    'NaN',
    ': ',
    '[[',
    ']]',
    '{}',
  ],
];

const SHAPES: readonly ((inside: string) => string)[] = [
  (inside) => inside,
  (inside) => `<answer>${inside}</answer>`,
  (inside) => `<think>a b</think><answer>${inside}</answer>`,
  (inside) => `<think>\n1\n</think>\n<answer>\n${inside}\n</answer>`,
  (inside) => `<context>x</context> <think>y</think>\n<answer> ${inside} </answer>`,
  (inside) => `<think>${inside}`,
  (inside) => `So: $\\boxed{${inside}}$.`,
];

/** One of some, by seed and place. */
export function pick<T>(some: readonly T[], seed: number, place: number): T {
  return some[Math.floor(uniform(seed, place) * some.length)]!;
}

/**
 * A text that a model might write at its worst, always the same for the same seed: about half of them hold `near`, such as the
 * right answer, whole; every eleventh is empty or nearly so.
 */
export function mixedText(seed: number, near: string): string {
  const length = seed % 11 === 0 ? seed % 2 : Math.floor(uniform(seed, 1000) * 8);
  const pieces = Array.from({ length }, (_, at) => pick(pick(PIECES, seed, 2 * at), seed, 2 * at + 1));
  if (seed % 2 === 0) pieces.splice(Math.floor(uniform(seed, 1001) * (length + 1)), 0, near);
  if (seed % 8 === 0) pieces.splice(0, pieces.length, near);
  return pick(SHAPES, seed, 2000)(pieces.join(pick(['', ' ', ', '], seed, 3000)));
}

/** Right answers of every kind, and none. */
export const LABELS: readonly (string | null)[] = [
  ...[
    'happy',
    'Happiness',
    ' very happy ',
    'sad, worried',
    'the cat sat',
    '我很高兴',
    null,
    '',
    'yes',
    'ΣΑΣ',
  ],
  ...[
    'A',
    'B',
    '(b)',
    'calm',
    '3',
    '3.0',
    '1,000',
    '0.125',
    '.75',
    'inf',
    '4 - 8',
    '[0:04, 8]',
    'x^2+2x',
    '\\frac{1}{2}',
    '#### 3',
    '50%',
  ],
  ...['<answer> A </answer>', '$\\sqrt{2}$', '2x', '−3'],
];

/** Columns of rows that rewards read. */
export const ROWS: readonly Readonly<Record<string, unknown>>[] = [
  ...[{}, { problem_type: 'numerical' }, { problem_type: 'regression', tolerance: 0.5 }],
  ...[
    { problem_type: 'OCR' },
    { problem_type: 'free-form', tolerance: '1/4' },
    { problem_type: 'unknown', tolerance: null },
  ],
  { problem_type: 'multiple choice', options: ['A. Calm', 'B. Happy', 'C. yes'] },
  { problem_type: 'multiple choice', choices: '{"text": ["calm", "happy"], "label": ["A", "B"]}' },
  { A: 'calm', B: 'happy', C: 3, tolerance: true },
  { Options: { A: 'Calm', B: 'the cat', C: ' ' } },
  { candidates: 'no list' },
];

const LEAVES = [
  'a',
  'b',
  '.',
  '\\w',
  '\\d',
  '\\s',
  '\\S',
  '[ab]',
  '[^a]',
  '\\b',
  '\\B',
  '^',
  '$',
  '\\u0061',
  '\\x41',
  'é',
];
const CLASSES = ['[\\s1-3]', '[\\s\\S]', '[^\\S1]', '[\\S^a]', '[^\\W\\d]', '[\\x80-\\u0099]', '😀', '\\n'];
const REPEATS = ['*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?', '{0,2}?'];

/** A pattern of every kind of part, always the same for the same seed. */
export function mixedPattern(seed: number): string {
  let drawn = 0;
  const choose = <T>(some: readonly T[]): T => pick(some, seed, drawn++);
  const grown = (depth: number): string => {
    const kind = depth > 0 ? choose([0, 0, 1, 2, 3, 3]) : 0;
    if (kind === 0) return choose([...LEAVES, ...CLASSES]);
    const [first, second] = [grown(depth - 1), grown(depth - 1)];
    if (kind === 1) return first + second;
    if (kind === 2)
      return choose([`(?:${first}|${second})`, `(?=${first})${second}`, `(?!${first})${second}`]);
    return `(${first})${choose(REPEATS)}${second}`;
  };
  return grown(4);
}
