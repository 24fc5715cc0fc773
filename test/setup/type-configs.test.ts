import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachePath, projectRoot } from '../../src/cli/setup/paths.mjs';

/** What the compiler says of one file under the config of the page, the worker or set-up. */
function complaints(side: string, text: string): string {
  mkdirSync(cachePath(), { recursive: true });
  const folder = mkdtempSync(cachePath('types-'));
  try {
    writeFileSync(join(folder, 'file.ts'), text);
    const config = { extends: join(projectRoot(), 'src', `tsconfig.${side}.json`), include: ['file.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const args = [join(projectRoot(), 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', folder];
    return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the types of each side', () => {
  it.each([
    ['page', 'export const words = document.title;', 'export const folder = process.cwd();', 'process'],
    ['worker', 'export const open = navigator.gpu;', 'export const words = document.title;', 'document'],
    ['node', 'export const folder = process.cwd();', 'export const words = document.title;', 'document'],
  ])('of the %s know its own place and no other', (side, own, foreign, name) => {
    expect(complaints(side, own)).toBe('');
    expect(complaints(side, foreign)).toContain(`Cannot find name '${name}'`);
  });
});
