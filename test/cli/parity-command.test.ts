import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'parity-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function parity(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['src/cli/launch.mjs', 'parity', ...args], { encoding: 'utf8' });
}

describe('npm run parity', () => {
  it('prints a line a quantity and ends with 0 when all bounds hold', () => {
    const { status, stdout } = parity('test/golden/sampling');
    expect(stdout.trim().split('\n')).toHaveLength(8);
    expect(stdout).toMatch(/^ok {4}probabilities 0 temperature=0\.7 {2}error \S+ {2}bound 1\.00e-4$/m);
    expect(status).toBe(0);
  });

  it('ends with 1 when a bound is missed or a folder cannot be compared, and still does the others', () => {
    const changed = join(scratch, 'changed');
    cpSync('test/golden/sampling', changed, { recursive: true });
    const settings = JSON.parse(readFileSync(join(changed, 'case.json'), 'utf8'));
    settings.cases[1].top_k = 19;
    writeFileSync(join(changed, 'case.json'), JSON.stringify(settings));
    const broken = join(scratch, 'broken');
    cpSync('test/golden/sampling', broken, { recursive: true });
    writeFileSync(join(broken, 'case.json'), '{"kind": "sampling", ');
    const { status, stdout } = parity(changed, broken, 'test/golden/sampling', '--json');
    const report = JSON.parse(stdout) as {
      ok: boolean;
      folders: { ok: boolean; problem?: string; quantities: { ok: boolean }[] }[];
    };
    expect(report.ok).toBe(false);
    expect(report.folders.map(({ ok }) => ok)).toEqual([false, false, true]);
    expect(report.folders[0]!.quantities.map(({ ok }) => ok)).toEqual([
      true,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(report.folders[1]!.problem).toMatch(/case\.json is not JSON at line 1/);
    expect(status).toBe(1);
  });

  it('says how it is used', () => {
    const { status, stderr } = parity();
    expect(stderr).toMatch(/No folder given\. npm run parity -- DIR/);
    expect(status).toBe(1);
    expect(parity('test/nothing').stderr).toMatch(/test\/nothing: there is no such folder/);
  });
});
