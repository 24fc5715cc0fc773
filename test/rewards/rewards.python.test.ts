import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { uniform } from '../../src/math/random.ts';
import { REWARD_NAMES, REWARDS, type RewardSettings } from '../../src/rewards/index.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import { readInPython } from '../setup/python.ts';
import { contextOf } from './cases.ts';

const PYTHON = 'src/worker/export/python';
const MAX_COMPLETION_LENGTH = 37;

interface Case {
  readonly text: string;
  readonly label: string | null;
  readonly tokens: number;
}

/** The published examples, and what JavaScript and Python are apt to see differently. */
const TEXTS = [
  '<think>a</think><answer>happy</answer>',
  '<think>a</think><answer>happy</answer>\n',
  'happy',
  '<answer>Happy</answer>',
  '<think>a</think><answer>\nhappy</answer>',
  '<think>a\nb</think>\n\n<answer> happy </answer>',
  '<think>a</think>\x1f\x85<answer>happy</answer>',
  '<think>a</think>\ufeff<answer>happy</answer>',
  '<answer>\rhappy\u2028</answer>',
  '\ufeffhappy',
  '\u00a0happy\u3000\n',
  '<Think>a</Think> <ANSWER>HAPPINESS!</answer> ',
  '\x1c<think>a</think><answer>b</answer>',
  '<thin\u212a>a</thin\u212a><an\u017fwer>happy</an\u017fwer>',
  '“Happy…”',
  'ＨＡＰＰＹ',
  '€happy©',
  'very   happy',
  'İstanbul ΣΑΣ ß',
  '<think>a<think>b</think>',
  '<think>a</think> tail',
  'no no no no no no',
  'A b c a B c',
  'one\u200atwo\ufeffthree one two\x85three one two three',
  '',
];

/** Seeded mixtures of the tags and signs that decide. */
function mixture(seed: number): string {
  const pieces = [
    '<think>',
    '</think>',
    '<answer>',
    '</answer>',
    'happy',
    'Happy',
    '.',
    ' ',
    '\n',
    '\x85',
    '\ufeff',
    'a b',
  ];
  return Array.from(
    { length: 1 + (seed % 9) },
    (_, i) => pieces[Math.floor(uniform(seed, i) * pieces.length)],
  ).join('');
}

const PARAMETERS = [
  { softPunishCache: 0, repetitionNgram: 3, repetitionMaxPenalty: 1 },
  { softPunishCache: 12, repetitionNgram: 2, repetitionMaxPenalty: 0.25 },
];

type Scores = Record<string, (number | null)[]>;

/** What the exported Python makes of `cases` under the run's settings. */
function scoreInPython(
  cases: readonly Case[],
  studio: RewardSettings,
): { scores: Scores; verl: Record<string, number> } {
  const settings = {
    studio,
    rewards: ['accuracy', 'format', 'think_format'],
    reward_weights: [2, 1, 0.5],
  };
  return readInPython('score.py', {
    'cases.json': JSON.stringify(cases),
    'handoff/settings.json': JSON.stringify(settings),
    'handoff/rewards.py': rewardsPython(),
    'handoff/resume.py': readFileSync(`${PYTHON}/resume.py`),
    'handoff/verl/reward.py': readFileSync(`${PYTHON}/verl_reward.py`),
    'handoff/verl/to_parquet.py': readFileSync(`${PYTHON}/verl_to_parquet.py`),
  }) as ReturnType<typeof scoreInPython>;
}

it.each(PARAMETERS)('the exported rewards score every case as the studio does, with %o', (parameters) => {
  const texts = [...TEXTS, ...Array.from({ length: 400 }, (_, seed) => mixture(seed))];
  const labels = ['happy', 'Happiness', ' very happy ', null];
  const cases = texts.map(
    (text, index): Case => ({ text, label: index < 25 ? 'happy' : labels[index % 4]!, tokens: index % 45 }),
  );
  const settings = { maxCompletionLength: MAX_COMPLETION_LENGTH, ...parameters };
  const found = scoreInPython(cases, settings);
  expect(Object.keys(found.scores)).toEqual(REWARD_NAMES);
  for (const name of REWARD_NAMES) {
    const rows = cases.map(({ text, label, tokens }) => [
      text,
      label,
      REWARDS[name].score(text, { label, tokens, row: {}, ...settings }),
    ]);
    expect(cases.map(({ text, label }, index) => [text, label, found.scores[name]![index]])).toEqual(rows);
    expect(new Set(found.scores[name]).size, `${name} scores only one value`).toBeGreaterThan(1);
  }
  expect(found.verl).toEqual({ score: 3.5, accuracy: 1, format: 1, think_format: 1 });
});

it('the exported program is laid out as Python is', () => {
  const lines = rewardsPython().split('\n');
  const definitions = lines.flatMap((line, index) => (line.startsWith('def ') ? [index] : []));
  expect(definitions.filter((at) => lines[at - 1] !== '' || lines[at - 2] !== '')).toEqual([]);
  expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
});

it('the exported rewards score the cases that stand beside each reward', () => {
  const all = REWARD_NAMES.flatMap((name) =>
    REWARDS[name].cases.map((one) => {
      const { label, tokens, row: _, ...settings } = contextOf(one);
      return { name, score: one.score, input: { text: one.text, label, tokens }, settings };
    }),
  );
  let seen = 0;
  for (const key of new Set(all.map(({ settings }) => JSON.stringify(settings)))) {
    const cases = all.filter(({ settings }) => JSON.stringify(settings) === key);
    const inputs = cases.map(({ input }) => input);
    const { scores } = scoreInPython(inputs, cases[0]!.settings);
    cases.forEach(({ name, input, score }, index) => {
      const found = scores[name]![index]!;
      if (score === null) expect(found, `${name} of ${input.text}`).toBeNull();
      else expect(found, `${name} of ${input.text}`).toBeCloseTo(score, 12);
      seen++;
    });
  }
  expect(seen).toBe(all.length);
});
