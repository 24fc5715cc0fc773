import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointChoice, resumption } from '../../src/cli/resumption.ts';

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
