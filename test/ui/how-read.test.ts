/** The Data screen's panel of how a data set was read, in a real Chromium over a pretended worker. Leaves pictures in test/artifacts/ui. */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Chromium, launchChromium } from '../setup/chromium.ts';
import { serveTestPage } from './serve.ts';

const PICTURES = 'test/artifacts/ui';
let server: Awaited<ReturnType<typeof serveTestPage>>;
let chromium: Chromium;
let page: Page;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  server = await serveTestPage();
  chromium = await launchChromium({ viewport: { width: 1280, height: 900 } });
});
afterAll(async () => {
  await chromium?.close();
  await server?.close();
});
beforeEach(async () => {
  page = await chromium.context.newPage();
});

const id = (name: string) => `[data-testid="${name}"]`;
type Sent = { type: string; columns?: object; answers?: object };
const opened = async () => {
  const all = await page.evaluate(() => (globalThis as unknown as { sent: Sent[] }).sent);
  return all.filter(({ type }) => type === 'openData');
};
const choose = () =>
  page
    .locator(id('choose-files'))
    .setInputFiles([{ name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('x') }]);
const start = () => page.locator(id('start'));
/** Both of the page's colours. */
async function picture(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${PICTURES}/how-read-${name}-${colorScheme}.png` });
  }
}

it('asks before anything trains, sends what is answered and chosen, and knows it at the next visit', async () => {
  await page.goto(`${server.url}?asks=1&keep=1#/data`);
  await page.waitForSelector(id('ask-list'));
  await choose();
  await expect.poll(async () => (await opened()).length).toBe(1);
  await page.waitForSelector(`${id('ask-label')}.open`);
  expect(await start().isDisabled()).toBe(true);
  expect(await page.textContent(id('ask-list'))).toMatch(/rlvr\.json *9,?371/);
  await picture('asked');
  await page.getByRole('radio', { name: /rlvr\.json/ }).focus();
  await page.keyboard.press('Space');
  await page.waitForSelector(`${id('ask-list')}:not(.open)`);
  expect(await page.evaluate(() => document.activeElement?.closest('label')?.textContent)).toContain(
    'rlvr.json',
  );
  expect(await start().isDisabled()).toBe(true);
  await page.getByRole('radio', { name: /^emotion/ }).check();
  await page.waitForSelector(`${id('ask-label')}:not(.open)`);
  await expect.poll(() => start().isDisabled()).toBe(false);
  await page.getByText('Choose the columns').click();
  await page.selectOption(id('column-speaker'), 'speaker');
  const answers = { list: 'rlvr.json', label: 'emotion' };
  await expect
    .poll(async () => (await opened()).at(-1))
    .toMatchObject({ answers, columns: { speaker: 'speaker' } });
  await expect.poll(() => page.textContent(id('read-lists'))).toContain('speaker: speaker');
  await picture('answered');
  await page.reload();
  await page.waitForSelector(id('ask-list'));
  await choose();
  await expect
    .poll(async () => (await opened()).at(-1))
    .toMatchObject({ answers, columns: { speaker: 'speaker' } });
  await page.selectOption(id('column-speaker'), '');
  await expect.poll(async () => (await opened()).at(-1)).toMatchObject({ answers, columns: {} });
});

it('keeps notes apart from what was left out', async () => {
  await page.goto(`${server.url}?asks=1#/data`);
  await page.waitForSelector(id('data-notes'));
  expect(await page.textContent(`${id('data-issues')} summary`)).toContain('2 left out');
  expect(await page.textContent(id('data-notes'))).toMatch(/A note .*"fold" looks like a split/);
});
