import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { STUDIO_VERSION } from '../../src/worker/export/version.ts';

it('exports name the version of package.json', () => {
  expect(STUDIO_VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});
