import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
  readonly knip: Readonly<Record<string, unknown>>;
}

const ROOT = projectRoot();
const PACKAGE: Package = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** A command that uses one export of a module beside it. */
const COMMAND = { 'src/cli/add.ts': "import { add } from '../math/add.ts';\n\nconsole.log(add(1, 2));\n" };
const ADD = 'export const add = (a: number, b: number): number => a + b;\n';

/** What the stage `unused` says of a small project under this project's own rules. */
function unusedOf(files: Readonly<Record<string, string>>, dependencies: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'unused-'));
  try {
    const rules = { ...PACKAGE.knip, ignoreDependencies: [], ignoreBinaries: [] };
    const all = {
      ...files,
      'package.json': JSON.stringify({ name: 'small', type: 'module', dependencies, knip: rules }),
    };
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const args = [join(ROOT, 'node_modules/knip/bin/knip.js'), '--no-progress', '--no-config-hints'];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    return { status, stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the check for what nothing uses', () => {
  it('is a part of npm run check', () => {
    expect(PACKAGE.scripts.check?.split(' ')).toContain('unused');
  });

  it('has nothing to say where all is used', () => {
    expect(unusedOf({ ...COMMAND, 'src/math/add.ts': ADD })).toEqual({ status: 0, stdout: '' });
  });

  it('fails on an export that nothing imports', () => {
    const { status, stdout } = unusedOf({
      ...COMMAND,
      'src/math/add.ts': `${ADD}export const double = (a: number): number => add(a, a);\n`,
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/double .*src\/math\/add\.ts:2/);
  });

  it('fails on a file and on a dependency that nothing imports', () => {
    const files = { ...COMMAND, 'src/math/add.ts': ADD, 'src/math/lost.ts': 'export const lost = 1;\n' };
    const { status, stdout } = unusedOf(files, { zod: '4.6.7' });
    expect(status).toBe(1);
    expect(stdout).toContain('src/math/lost.ts');
    expect(stdout).toMatch(/zod .*package\.json/);
  });
});
