import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEBIAN_PYTHON, missingPython, missingPythonPackages } from '../../src/cli/setup/paths.mjs';

/**
 * Runs a program of test/reference with Debian's Python in a folder that holds `files`, and returns what it printed, read
 * as JSON. Throws what the program had to say when it fails, or which packages it lacks.
 */
export function readInPython(program: string, files: Readonly<Record<string, Uint8Array | string>>): unknown {
  if (missingPythonPackages().length > 0) throw new Error(missingPython());
  const folder = mkdtempSync(join(tmpdir(), 'studio-python-'));
  try {
    for (const [path, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), contents);
    }
    const script = join(import.meta.dirname, '..', 'reference', program);
    const env = { ...process.env, PYTHONPATH: '', PYTHONDONTWRITEBYTECODE: '1' };
    const options = { cwd: folder, env, encoding: 'utf8' as const, maxBuffer: 2 ** 26 };
    const { status, stdout, stderr, error } = spawnSync(DEBIAN_PYTHON, [script], options);
    if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
