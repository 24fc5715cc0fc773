import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { REWARD_NAMES, REWARDS, type RewardName } from '../../src/rewards/index.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import { readInPython } from '../setup/python.ts';
import { contextOf } from './cases.ts';
import { type Call, expectAlike, mixedCalls } from './mixed-calls.ts';

const PYTHON = 'src/worker/export/python';

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

it('the exported rewards score 2,000 mixed texts as the studio does', async () => {
  const calls = mixedCalls();
  const found = scoreInPython(calls);
  expect(Object.keys(found.scores[0]!)).toEqual(REWARD_NAMES);
  await expectAlike(calls, found.scores);
  expect(found.verl).toEqual({ score: 3.5, accuracy: 1, format: 1, think_format: 1 });
});

it('the exported program is laid out as Python is', () => {
  const lines = rewardsPython().split('\n');
  const definitions = lines.flatMap((line, index) => (/^(?:def|class) /.test(line) ? [index] : []));
  const isApart = (at: number) =>
    lines[at - 1]!.startsWith('@') || (lines[at - 1] === '' && lines[at - 2] === '');
  expect(definitions.filter((at) => !isApart(at))).toEqual([]);
  expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
  const names = lines.flatMap((line) => /^(?:(?:def|class) )?(\w+)(?:\(| = |:$)/.exec(line)?.[1] ?? []);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
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
