import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { builtIn } from '../../src/rewards/built-in.ts';
import { REWARD_NAMES, REWARDS, type RewardName, type RewardSettings } from '../../src/rewards/index.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import { readInPython } from '../setup/python.ts';
import { batchOf, contextOf, type Scored, SETTINGS } from './cases.ts';
import { LABELS, mixedText, pick, ROWS } from './strings.ts';

const PYTHON = 'src/worker/export/python';

/** One call of every reward. */
interface Call {
  readonly settings: RewardSettings;
  readonly cases: readonly Scored[];
}
type Scores = Record<RewardName, (number | null)[]>;

/** What the exported Python makes of calls. */
function scoreInPython(batches: readonly Call[]): { scores: Scores[]; verl: Record<string, number> } {
  const settings = {
    studio: {},
    rewards: ['accuracy', 'format', 'think_format'],
    reward_weights: [2, 1, 0.5],
  };
  return readInPython('score.py', {
    'batches.json': JSON.stringify(batches),
    'handoff/settings.json': JSON.stringify(settings),
    'handoff/rewards.py': rewardsPython(),
    'handoff/resume.py': readFileSync(`${PYTHON}/resume.py`),
    'handoff/verl/reward.py': readFileSync(`${PYTHON}/verl_reward.py`),
    'handoff/verl/to_parquet.py': readFileSync(`${PYTHON}/verl_to_parquet.py`),
  }) as ReturnType<typeof scoreInPython>;
}

const OTHER_SETTINGS: RewardSettings = {
  ...SETTINGS,
  ...{ maxCompletionLength: 9, softPunishCache: 3, lengthBudget: 6, lengthBudgetFall: 5, cosineMaxLength: 7 },
  ...{ repetitionNgram: 1, repetitionOf: 'tokens', repetitionMaxPenalty: 0.25, tagCountLineBreaks: false },
  ...{ videoR1Type: 'row', numericAbsolute: 0.25, symbolicTolerance: 0.1 },
  setF1Synonyms: 'cat, cats, the cat sat; happy, yes',
  ...{ regexPattern: '^[^\\s.]+|\\d$|\\S{3,}?(?=a)|.\\W', regexScope: 'completion' },
  jsonSchema: JSON.stringify({
    anyOf: [
      { type: ['integer', 'string'], pattern: '^x\\d$|^.{2,9}$' },
      { required: ['a'], properties: { a: { minimum: 1 } } },
      { minItems: 2, items: { type: 'number' } },
    ],
  }),
};
const CHOSEN_SETTINGS: RewardSettings = {
  ...SETTINGS,
  regexPattern: '[\\s\\-]|\\bcat\\b',
  maxCompletionLength: 12,
};
const STRINGS = 2000;
const ROWS_OF_A_CALL = 8;

/** Texts by their seeds, each with a right answer that is near many of them, in calls of a few rows. */
function mixedCalls(): Call[] {
  return Array.from({ length: STRINGS / ROWS_OF_A_CALL }, (_, call) => ({
    settings: call % 2 === 0 ? CHOSEN_SETTINGS : OTHER_SETTINGS,
    cases: Array.from({ length: ROWS_OF_A_CALL }, (_, place) => {
      const seed = call * ROWS_OF_A_CALL + place;
      const label = pick(LABELS, seed, 4000);
      const near = pick([label, label, pick(LABELS, seed, 4001), '{"a": 1}', '<think>'], seed, 4002) ?? '';
      const ids = Array.from({ length: seed % 14 }, (_, at) => (at * at + seed) % 5);
      return { text: mixedText(seed, near), label, ids, row: pick(ROWS, seed, 4003) };
    }),
  }));
}

it('the exported rewards score 2,000 mixed texts as the studio does', async () => {
  const calls = mixedCalls();
  const found = scoreInPython(calls);
  expect(Object.keys(found.scores[0]!)).toEqual(REWARD_NAMES);
  for (const name of REWARD_NAMES) {
    const seen = new Set<number | null>();
    for (const [index, { settings, cases }] of calls.entries()) {
      const { values } = await builtIn(name, settings).score(batchOf(cases), new AbortController().signal);
      cases.forEach((one, place) => {
        const [here, there] = [values[place]!, found.scores[index]![name][place]!];
        seen.add(here);
        if (here === null || there === null || Math.abs(here - there) > 1e-12)
          expect({ ...one, score: there }, `${name} in Python, beside the studio's`).toEqual({
            ...one,
            score: here,
          });
      });
    }
    expect(seen.size, `${name} scores only one value`).toBeGreaterThan(1);
  }
  expect(found.verl).toEqual({ score: 3.5, accuracy: 1, format: 1, think_format: 1 });
});

it('the exported program is laid out as Python is', () => {
  const lines = rewardsPython().split('\n');
  const definitions = lines.flatMap((line, index) => (/^(?:def|class) /.test(line) ? [index] : []));
  const isApart = (at: number) =>
    lines[at - 1]!.startsWith('@') || (lines[at - 1] === '' && lines[at - 2] === '');
  expect(definitions.filter((at) => !isApart(at))).toEqual([]);
  expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
});

it('the exported rewards score the cases that stand beside each reward', () => {
  const all = REWARD_NAMES.flatMap((name) => REWARDS[name].cases.map((one) => ({ name, one })));
  const calls = all.map(({ one }): Call => {
    const { label, tokens, ids, row, first, ...settings } = contextOf(one);
    const known = { label, ids: ids.length > 0 ? ids : Array<number>(tokens).fill(0) };
    return {
      settings,
      cases: [
        { text: '', ...known, row: first },
        { text: one.text, ...known, row },
      ],
    };
  });
  const { scores } = scoreInPython(calls);
  expect(scores).toHaveLength(all.length);
  all.forEach(({ name, one: { text, score } }, index) => {
    const found = scores[index]![name][1]!;
    if (score === null) expect(found, `${name} of ${text}`).toBeNull();
    else expect(found, `${name} of ${text}`).toBeCloseTo(score, 12);
  });
});
