import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { InlineConfig } from 'vite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keptBuild } from '../../src/cli/kept-build.ts';
import { cachePath, projectRoot } from '../../src/cli/setup/paths.mjs';

const NAME = 'kept-build-test';
let root: string;
let built: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kept-build-'));
  built = 0;
  page('first');
});
afterEach(() => {
  for (const folder of [root, cachePath(NAME)]) rmSync(folder, { recursive: true, force: true });
});

const page = (text: string) => writeFileSync(join(root, 'index.html'), `<!doctype html><p>${text}</p>`);

function build(): Promise<string> {
  const counter = {
    name: 'counter',
    buildStart() {
      built++;
    },
  };
  const config: InlineConfig = { root, configFile: false, logLevel: 'warn', plugins: [counter] };
  return keptBuild({ name: NAME, sources: [relative(projectRoot(), root)], config });
}

const textOf = (folder: string) => readFileSync(join(folder, 'index.html'), 'utf8');

it('is made once for those who ask at the same time, and again when a source has changed', async () => {
  const [one, other] = await Promise.all([build(), build()]);
  expect([other, await build(), built]).toEqual([one, one, 1]);
  expect(textOf(one)).toContain('first');
  page('second');
  const next = await build();
  expect(textOf(next)).toContain('second');
  expect(built).toBe(2);
  expect(readdirSync(cachePath(NAME)).sort()).toEqual([one, next].map((path) => basename(path)).sort());
});

it('is made although a process that was killed has left its lock', async () => {
  const folder = await build();
  rmSync(folder, { recursive: true });
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  mkdirSync(cachePath(NAME), { recursive: true });
  writeFileSync(`${folder}.by`, String(pid));
  expect(await build()).toBe(folder);
  expect(existsSync(`${folder}.by`)).toBe(false);
});
