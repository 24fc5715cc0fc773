/**
 * Pictures of every screen over the pretended worker, for people to look at: light and dark, empty, running, failing.
 * `node --import … test/ui/screenshots.ts` is not needed: `npx vitest run test/ui/page.test.ts` calls it.
 */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';

const FOLDER = 'test/artifacts/ui';

/** Takes one picture of the window as it is. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
}
