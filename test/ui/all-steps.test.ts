/** The answers of a whole run on the real page, over a pretended worker with the real one's search. Leaves pictures in test/artifacts/ui. */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clipLine, clipPoints, measuresOf } from '../../src/ui/rollouts/clip-words.ts';
import { type Chromium, launchChromium } from '../setup/chromium.ts';
import { clipId, playEval, playRollouts } from './recorded-run.ts';
import { serveTestPage } from './serve.ts';

const PICTURES = 'test/artifacts/ui';
const STEPS = 24;
let server: Awaited<ReturnType<typeof serveTestPage>>;
let chromium: Chromium;
let page: Page;
const complaints: string[] = [];

const id = (name: string) => page.getByTestId(name);
const text = (name: string) => id(name).textContent();
const place = () => page.evaluate(() => document.activeElement?.getAttribute('data-place'));
const show = (address: string) =>
  page.evaluate((to) => {
    location.hash = to;
  }, address);

const told = Array.from({ length: STEPS }, (_, i) => playRollouts(i + 1, STEPS));
const all = told.flatMap(({ step, groups }) =>
  groups
    .flatMap(({ exampleId, label, completions }) =>
      completions.map((each) => ({ ...each, exampleId, label })),
    )
    .map((each, at) => ({ ...each, step, place: at })),
);
const wrong = all.filter(({ answer, label }) => answer !== label);

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  server = await serveTestPage('development');
  chromium = await launchChromium({ viewport: { width: 1280, height: 720 } });
  page = await chromium.context.newPage();
  page.on('pageerror', ({ message }) => complaints.push(message));
  // A player that is left while it loads has lost its file.
  const isLeft = (said: string) => said.includes('ERR_FILE_NOT_FOUND');
  page.on('console', (message) => {
    if (message.type() === 'error' && !isLeft(message.text())) complaints.push(message.text());
  });
  await page.goto(`${server.url}?stepMs=0`);
  await page.waitForSelector('[data-testid=start]:not([disabled])');
  await id('field-steps').fill(String(STEPS));
  await page.locator('h1').click();
  await id('start').click();
  await page.waitForSelector('[data-state=finished]', { timeout: 90_000 });
}, 180_000);
afterAll(async () => {
  await chromium?.close();
  await server?.close();
});
afterEach(() => expect(complaints.splice(0)).toEqual([]));

async function pictures(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  const beside = () =>
    page.locator('.screen').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
  await expect.poll(beside).toBe(0);
  await page.screenshot({ path: `${PICTURES}/${name}-390.png`, fullPage: true });
  await page.setViewportSize({ width: 1280, height: 720 });
}

describe('answers of all steps', () => {
  it('are searched and sorted by keyboard; one opens in its step, and the way back is the search', async () => {
    await page.keyboard.press('4');
    await id('rollout-row').first().waitFor();
    await page.keyboard.press('a');
    await expect.poll(() => text('found-count')).toBe(`${all.length} of ${all.length} answers`);
    // Only what is in view is in the page.
    expect(await id('found-answer').count()).toBeLessThan(40);
    await page.getByLabel('wrong only').check();
    await page.getByLabel('sorted by').selectOption('length');
    await expect.poll(() => text('found-count')).toBe(`${wrong.length} of ${all.length} answers`);
    const longest = wrong.toSorted((a, b) => b.tokens - a.tokens)[0]!;
    await expect.poll(() => id('found-answer').first().textContent()).toContain(`${longest.tokens} tokens`);
    await pictures('all-steps');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await expect.poll(place).toBe('0');
    await page.keyboard.press('End');
    await expect.poll(place).toBe(`${wrong.length - 1}`);
    const shortest = Math.min(...wrong.map(({ tokens }) => tokens));
    await expect.poll(() => page.locator(':focus').textContent()).toContain(`${shortest} tokens`);
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator(':focus').textContent()).toContain(`step ${longest.step}`);
    await page.keyboard.press('Enter');
    await expect.poll(() => text('completion-text')).toBe(longest.text);
    expect(await page.evaluate(() => location.hash)).toBe(
      `#/rollouts?step=${longest.step}&answer=${longest.place}`,
    );
    await expect.poll(place).toBe(`${longest.place}`);
    await page.goBack();
    await expect.poll(() => text('found-count')).toBe(`${wrong.length} of ${all.length} answers`);
    expect(await page.getByLabel('sorted by').inputValue()).toBe('length');
  });

  it('of which none passes say so, with what was wanted of how many', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('no such words');
    await expect
      .poll(() => page.locator('.all-steps .empty').textContent())
      .toBe(`None of the run’s ${all.length} answers holds “no such words” and is wrong.`);
    await page.getByLabel('Search answers').fill('');
    await page.getByLabel('wrong only').uncheck();
    await page.locator('h1').click();
    await page.keyboard.press('a');
    await id('rollout-row').first().waitFor();
  });
});

describe('a clip', () => {
  it('is shown over all steps: its share of right answers, its rewards, and every answer', async () => {
    const [first] = told[0]!.groups;
    await show('/rollouts?step=1&answer=0');
    await id('clip-over-steps').click();
    const its = all.filter(({ exampleId }) => exampleId === first!.exampleId);
    const steps = [...new Set(its.map(({ step }) => step))];
    const visits = steps.map((step) => {
      const of = its.filter((each) => each.step === step);
      const right = of.filter(({ answer, label }) => answer === label).length;
      return {
        step,
        answers: of.length,
        right,
        reward: of.reduce((sum, { total }) => sum + total, 0) / of.length,
      };
    });
    await expect.poll(() => text('clip-line')).toBe(clipLine(visits, []));
    const points = clipPoints('right', visits, []).length;
    expect(await id('clip-curve-right').getAttribute('data-points')).toBe(`${points}`);
    // A share that stays the same is a line without height.
    await page.locator('.clip-curve .recharts-line-curve').first().waitFor({ state: 'attached' });
    await expect.poll(() => id('found-answer').first().textContent()).toContain(`step ${steps[0]}`);
    await pictures('clip-over-time');
    await id('found-answer').nth(1).click();
    await expect.poll(() => text('completion-text')).toBe(its[1]!.text);
  });

  it('that is held out is shown by evaluations, and one that nobody asked says so', async () => {
    await show('/evaluate');
    await id('evaluate').click();
    const result = playEval(STEPS, { split: 'test' });
    const [clip] = result.clips;
    await show(`/rollouts?clip=${clip!.exampleId}`);
    const measures = measuresOf([result], clip!.exampleId);
    await expect.poll(() => text('clip-line')).toContain(clipLine([], measures));
    expect(await id('clip-measures').locator('tbody tr').count()).toBe(1);
    await show(`/rollouts?clip=${clipId(95)}x`);
    await page.getByText('No step of this run has drawn the clip so far').waitFor();
  });
});
