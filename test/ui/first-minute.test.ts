/** The first minute of a visit, over a pretended worker: the recorded run, the way to the first step, what comes after. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { formatMetric } from '../../src/math/format.ts';
import { eachPage, id, PICTURES } from './each-page.ts';
import { madeRecorded, RECORDED_STEPS } from './made-recorded.ts';
import { playRollouts, playStep } from './recorded-run.ts';

let page: Page;
let address: string;
eachPage(
  ({ page: opened, url }) => {
    page = opened;
    address = url;
  },
  { kind: 'development', height: 900 },
);

const told = (name: string) => page.textContent(id(name));
const state = (name: string) => page.waitForSelector(`[data-state=${name}]`);
const reward = () => page.locator(id('chart-reward'));
const linesOf = (kind: string) => reward().locator(`.line-${kind} path.recharts-line-curve`);
const boxHeight = async () => (await page.locator('.now-box').boundingBox())!.height;

async function shoot(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${PICTURES}/${colorScheme}-first-minute-${name}.png` });
  }
}

async function open(query: string, hash = ''): Promise<void> {
  await page.goto(`${address}?recorded=1&${query}${hash}`);
  await page.waitForSelector('h1');
}

it('begins with the recorded run: its curves in grey, its numbers, its answers, and what it is', async () => {
  await open('');
  await page.waitForSelector(`${id('start-demo')}:not([aria-disabled=true])`);
  const text = await told('recorded');
  expect(text).toContain('A recorded run.');
  expect(text).toContain('Press Start to train this one yourself');
  expect(await page.textContent('.now-box')).toContain(
    'tiny-humanomni on demo: 40 steps of 8 clips with 4 answers each, seed 42, trained on November 30, 2026 by this trainer on SwiftShader',
  );
  await expect.poll(() => linesOf('shadow').count()).toBe(1);
  expect(await linesOf('smooth').count()).toBe(0);
  const last = madeRecorded().metrics.reward?.at(-1);
  expect(await reward().locator('td[data-metric=reward]').last().textContent()).toBe(formatMetric(last, 6));
  expect(await reward().locator('figcaption').textContent()).toMatch(/^A recorded run: Reward/);
  await shoot('recorded');
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await shoot('recorded-phone');
  await page.evaluate(() => {
    location.hash = '/rollouts';
  });
  const groups = page.locator(`${id('recorded-rollouts')} article`);
  await groups.first().waitFor();
  const { completions } = playRollouts(RECORDED_STEPS, RECORDED_STEPS).groups[0]!;
  expect(await groups.first().locator('code').first().textContent()).toBe(completions[0]!.text);
  await page.getByLabel('step').selectOption({ label: `1 of ${RECORDED_STEPS}` });
  const first = playRollouts(1, RECORDED_STEPS).groups[0]!.completions[0]!;
  expect(await groups.first().locator('code').first().textContent()).toBe(first.text);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await shoot('rollouts-phone');
  await page.setViewportSize({ width: 1280, height: 900 });
  await shoot('rollouts');
});

it('tells each stage on the way to the first step, in the same room, and can be left', async () => {
  await open('stepMs=60000&loads=1');
  await page.waitForSelector(`${id('start-demo')}:not([aria-disabled=true])`);
  await page.click(id('start-demo'));
  await state('loading');
  const marks = () =>
    page.locator(`${id('stages')} li`).evaluateAll((all) => all.map((one) => one.dataset.mark));
  await expect.poll(() => told('stages')).toContain('42/96');
  expect(await marks()).toEqual(['done', 'done', 'active', 'open']);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  expect(await focused()).toBe('cancel');
  const tall = await boxHeight();
  await shoot('stages');
  await page.evaluate(() => (globalThis as unknown as { loaded: () => void }).loaded());
  await state('running');
  await expect.poll(marks).toEqual(['done', 'done', 'done', 'active']);
  expect(Math.abs((await boxHeight()) - tall)).toBeLessThanOrEqual(1);
  await page.keyboard.press('Enter');
  await state('stopped');
  await expect.poll(focused).toBe('start');
});

it('draws a run over the recorded one, and says at its end what next', async () => {
  await open('stepMs=0');
  await page.waitForSelector(`${id('start')}:not([disabled])`);
  await page.fill(id('field-steps'), '20');
  await page.click(id('start'));
  await state('finished');
  await expect.poll(() => linesOf('smooth').count()).toBe(1);
  expect(await linesOf('shadow').count()).toBe(1);
  await expect.poll(() => reward().locator('.chart-plot').getAttribute('data-points')).toBe('20');
  const cells = await reward().locator('td[data-metric=reward]').allTextContents();
  expect(cells).toHaveLength(20);
  expect(cells.at(-1)).toBe(formatMetric(playStep(20, 20).metrics.reward, 6));
  expect(await page.locator(id('recorded')).count()).toBe(0);
  await shoot('finished');
  await page.getByRole('button', { name: 'Train on your clips' }).click();
  await page.waitForSelector('[data-screen=data]');
});

it('stays to be explored where there is no GPU', async () => {
  await open('gpu=0');
  expect(await told('recorded')).toContain(
    'To train it yourself, open this page in a browser that offers WebGPU',
  );
  await expect.poll(() => linesOf('shadow').count()).toBe(1);
  expect(await page.locator(id('start-demo')).count()).toBe(0);
  await shoot('no-gpu');
  await page.evaluate(() => {
    location.hash = '/rollouts';
  });
  await page.waitForSelector(`${id('recorded-rollouts')} article`);
});

it('is not there beside a model of one’s own', async () => {
  await open('family=qwen3');
  await page.waitForSelector('[data-state=ready]');
  expect(await page.locator('.now-box').count()).toBe(0);
  expect(await page.locator('.line-shadow').count()).toBe(0);
});
