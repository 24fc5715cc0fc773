import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointChoice, resumption } from '../../src/cli/resumption.ts';
import type { RewardSource } from '../../src/rewards/contract.ts';
import { describeRun } from '../worker/stored-run.ts';

describe('the option --from', () => {
  it('takes what is special about a checkpoint, or its step', () => {
    expect(['best', 'good', '20'].map(checkpointChoice)).toEqual(['best', 'good', 20]);
  });

  it.each([
    [undefined, 'nothing'],
    ['last', 'last'],
    ['-1', '-1'],
  ])('of %s names what there is', (value, found) => {
    expect(() => checkpointChoice(value)).toThrow(
      `--from names ${found}; expected best, good or the step of a checkpoint.`,
    );
  });
});

it('a run is gone on with where one lies', () => {
  const out = mkdtempSync(join(tmpdir(), 'no-run-'));
  const how = { from: 'best', rest: true } as const;
  expect(() => resumption(undefined, {}, how)).toThrow('--resume needs --out DIR');
  expect(() => resumption(out, {}, how)).toThrow('there is no run with a checkpoint to go on from');
  rmSync(out, { recursive: true });
});

it('a run is gone on with by the programs that it keeps: another is told from them without its text', () => {
  const out = mkdtempSync(join(tmpdir(), 'run-with-programs-'));
  const kept: RewardSource = {
    ...{ name: 'mine', language: 'py', source: 'a', completions: 'messages' },
    hash: '0'.repeat(64),
  };
  const run = describeRun('fox-1');
  const config = { ...run.config, rewards: ['format', 'mine'], rewardSources: [kept] };
  mkdirSync(join(out, 'runs/fox-1/checkpoints/step-5'), { recursive: true });
  writeFileSync(join(out, 'runs/fox-1/config.json'), JSON.stringify({ ...run, config }));
  writeFileSync(join(out, 'runs/fox-1/checkpoints/step-5/manifest.json'), '{}');
  const withPrograms = (...rewardSources: RewardSource[]) =>
    resumption(out, { rewardSources }, { rest: false }).stored.config.rewardSources;
  // What its file is called is no part of a program.
  expect(withPrograms({ ...kept, file: 'renamed.py' })).toEqual([kept]);
  const changed = { ...kept, file: 'mine.py', source: 'secret', hash: 'f'.repeat(64) };
  expect(() => withPrograms(changed)).toThrow(
    /^--reward mine\.py: the run in .* has mine with the SHA-256 0{12}…, and the file now has f{12}…\.$/,
  );
  expect(() => withPrograms({ ...kept, name: 'other' })).toThrow(/has no program other; its own are mine\.$/);
  expect(() => withPrograms({ ...kept, completions: 'text' })).toThrow(
    /has mine with --rewardCompletions messages, not text\.$/,
  );
  rmSync(out, { recursive: true });
});
