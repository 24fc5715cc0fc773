import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { uniform } from '../../src/math/random.ts';
import { REWARDS, type RewardName } from '../../src/rl/rewards.ts';
import { readInPython } from '../setup/python.ts';

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

it.each(PARAMETERS)('the exported rewards score every case as the studio does, with %o', (parameters) => {
  const texts = [...TEXTS, ...Array.from({ length: 400 }, (_, seed) => mixture(seed))];
  const labels = ['happy', 'Happiness', ' very happy ', null];
  const cases = texts.map(
    (text, index): Case => ({ text, label: index < 25 ? 'happy' : labels[index % 4]!, tokens: index % 45 }),
  );
  const names = Object.keys(REWARDS) as RewardName[];
  const settings = {
    max_completion_length: MAX_COMPLETION_LENGTH,
    soft_punish_cache: parameters.softPunishCache,
    repetition_ngram: parameters.repetitionNgram,
    repetition_max_penalty: parameters.repetitionMaxPenalty,
    rewards: ['accuracy', 'format', 'think_format'],
    reward_weights: [2, 1, 0.5],
  };
  const found = readInPython('score.py', {
    'cases.json': JSON.stringify(cases),
    'handoff/settings.json': JSON.stringify(settings),
    'handoff/rewards.py': readFileSync(`${PYTHON}/rewards.py`),
    'handoff/resume.py': readFileSync(`${PYTHON}/resume.py`),
    'handoff/verl/reward.py': readFileSync(`${PYTHON}/verl_reward.py`),
    'handoff/verl/to_parquet.py': readFileSync(`${PYTHON}/verl_to_parquet.py`),
  }) as { scores: Record<string, (number | null)[]>; verl: Record<string, number> };
  expect(Object.keys(found.scores)).toEqual(names);
  for (const name of names) {
    const rows = cases.map(({ text, label, tokens }) => {
      const context = { label, tokens, maxCompletionLength: MAX_COMPLETION_LENGTH, ...parameters };
      return [text, label, REWARDS[name].fn(text, context)];
    });
    expect(cases.map(({ text, label }, index) => [text, label, found.scores[name]![index]])).toEqual(rows);
    expect(new Set(found.scores[name]).size, `${name} scores only one value`).toBeGreaterThan(1);
  }
  expect(found.verl).toEqual({ score: 3.5, accuracy: 1, format: 1, think_format: 1 });
});
