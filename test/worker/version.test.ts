import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { STUDIO_VERSION } from '../../src/worker/export/version.ts';

const versionIn = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8')).version;

it('exports name the version of package.json, and so do the lock file and the newest entry of the changelog', () => {
  expect(STUDIO_VERSION).toBe(versionIn('package.json'));
  expect(STUDIO_VERSION).toBe(versionIn('package-lock.json'));
  expect(/^## (.+)$/m.exec(readFileSync('.github/CHANGELOG.md', 'utf8'))?.[1]).toBe(STUDIO_VERSION);
});
