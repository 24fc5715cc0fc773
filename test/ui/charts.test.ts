/** The charts of Train over a pretended worker: which of them, over what, on which scale. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { formatMetric } from '../../src/math/format.ts';
import { chartsDrawn } from '../e2e/page.ts';
import { eachPage, id, PICTURES } from './each-page.ts';
import { playStep } from './recorded-run.ts';

const STEPS = 40;
let page: Page;
let address: string;
eachPage(({ page: opened, url }) => {
  page = opened;
  address = url;
});

const charts = () =>
  page.locator('.chart').evaluateAll((found) => found.map((each) => each.getAttribute('data-chart')));

async function trained(query = ''): Promise<void> {
  await page.goto(`${address}?stepMs=0${query}`);
  await page.waitForSelector(`${id('start')}:not([disabled])`);
  await page.fill(id('field-steps'), String(STEPS));
  await page.click(id('start'));
  await page.waitForSelector('[data-state=finished]', { timeout: 90_000 });
  await chartsDrawn(page);
}

/** Texts of a chart's ticks along its lower edge, and along its left one. */
const ticks = (chart: string, axis: 'x' | 'y') =>
  page.locator(`${id(chart)} .recharts-${axis}Axis-tick-labels text`).allTextContents();

describe('runs beside the open one', () => {
  const curves = (chart: string) =>
    page
      .locator(`${id(`chart-${chart}`)} path.run-line[stroke-dasharray]`)
      .evaluateAll((paths) =>
        paths.map((path) =>
          ['data-run', 'stroke', 'stroke-dasharray'].map((name) => path.getAttribute(name)),
        ),
      );
  const choose = async (...runs: string[]) => {
    await page.goto(`${page.url().split('#')[0]}#/runs`);
    for (const run of runs) await page.check(`[data-run="${run}"] ${id('compare-run')}`);
    await page.goto(`${page.url().split('#')[0]}#/train`);
  };

  it('are chosen in their list, drawn on all charts in colours and dashes of their own, hidden, lit and taken out', async () => {
    await trained('&stored=1');
    const points = await page.getAttribute(`${id('chart-reward')} .chart-plot`, 'data-points');
    await choose('brave-otter-1', 'calm-heron-2');
    await expect.poll(async () => (await curves('reward')).length).toBe(2);
    await chartsDrawn(page);
    const [first, second] = await curves('reward');
    expect([first![0], second![0]]).toEqual(['brave-otter-1', 'calm-heron-2']);
    expect(first![1]).not.toBe(second![1]);
    expect(first![2]).not.toBe(second![2]);
    expect(await curves('loss')).toEqual([first, second]);
    expect(await page.getAttribute(`${id('chart-reward')} .chart-plot`, 'data-points')).toBe(points);
    expect(await charts()).toContain('rewards/accuracy/mean');

    const reward = (step: number) => formatMetric(0.9 * playStep(step, 60).metrics.reward!, 6);
    await page.keyboard.press('t');
    const steps = page.locator(`${id('chart-reward')} tr[data-step]`);
    expect(Number(await steps.last().getAttribute('data-step'))).toBeGreaterThan(60);
    expect(
      await page
        .locator(`${id('chart-reward')} tr[data-step="60"] td[data-run="brave-otter-1"]`)
        .textContent(),
    ).toBe(reward(60));
    await page.keyboard.press('t');

    const legend = page.locator(id('legend-run'));
    await legend.first().hover();
    await expect.poll(() => page.locator('[data-lit="1"]').count()).toBe(1);
    await page.click(`${id('run-differences')} summary`);
    await page.screenshot({ path: `${PICTURES}/charts-runs.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 844 });
    await chartsDrawn(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.screenshot({ path: `${PICTURES}/charts-runs-narrow-dark.png` });
    await page.setViewportSize({ width: 1280, height: 720 });

    await legend.first().click();
    await expect.poll(async () => (await curves('reward')).map(([run]) => run)).toEqual(['calm-heron-2']);
    await page.getByRole('button', { name: 'Take calm-heron out' }).click();
    await expect.poll(() => legend.count()).toBe(1);
    await page.getByRole('button', { name: 'Take brave-otter out' }).click();
    await expect.poll(charts).toContain('Rewards by part');
  });

  it('keep their colour on the next visit, in whatever order they are chosen', async () => {
    await trained('&stored=1');
    await choose('brave-otter-1', 'calm-heron-2');
    await expect.poll(async () => (await curves('kl')).length + (await curves('reward')).length).toBe(2);
    const before = new Map((await curves('reward')).map(([run, colour]) => [run, colour]));
    await trained('&stored=1');
    await choose('calm-heron-2', 'brave-otter-1');
    await expect.poll(async () => (await curves('reward')).length).toBe(2);
    expect(new Map((await curves('reward')).map(([run, colour]) => [run, colour]))).toEqual(before);
  });
});

describe('charts', () => {
  it('are found by a regular expression, which says what it did not find, or why it is none', async () => {
    await trained();
    const all = await charts();
    await page.keyboard.press('/');
    await page.keyboard.type('^kl$|grad_');
    await expect.poll(charts).toEqual(['kl', 'grad_norm']);
    await page.keyboard.type('zzz$');
    await page.fill(id('chart-filter'), 'zzz');
    expect(await page.textContent(id('no-charts'))).toMatch(
      /^No chart of \d+ has a title or a metric that matches \/zzz\/\.$/,
    );
    await page.fill(id('chart-filter'), '(');
    await expect
      .poll(() => page.locator('[role=alert]').allTextContents())
      .toContainEqual(expect.stringContaining('Unterminated group'));
    await page.getByText('Show all charts').click();
    await expect.poll(charts).toEqual(all);
  });

  it('stand first when they are pinned, also on the next visit', async () => {
    await trained();
    await page.hover(id('chart-entropy'));
    await page.keyboard.press('p');
    await page.click(`${id('chart-loss')} ${id('chart-pin')}`);
    const pinned = () =>
      page
        .locator(`${id('pinned-charts')} .chart`)
        .evaluateAll((found) => found.map((each) => each.getAttribute('data-chart')));
    await expect.poll(pinned).toEqual(['entropy', 'loss']);
    expect((await charts()).filter((chart) => chart === 'loss')).toEqual(['loss']);
    await trained();
    expect(await pinned()).toEqual(['entropy', 'loss']);
    await page.screenshot({ path: `${PICTURES}/charts-pinned.png` });
    for (const chart of ['chart-entropy', 'chart-loss']) await page.click(`${id(chart)} ${id('chart-pin')}`);
    await expect.poll(() => page.locator(id('pinned-charts')).count()).toBe(0);
  });

  it('are drawn over steps, time or tokens, with the same steps in their tables', async () => {
    await trained();
    const cells = () => page.locator(`${id('chart-reward')} tr[data-step]`).count();
    expect(await ticks('chart-reward', 'x')).toEqual(['10', '20', '30', '40']);
    await page.selectOption(id('chart-axis'), 'tokens');
    await expect.poll(() => ticks('chart-reward', 'x')).toContainEqual(expect.stringMatching(/ k$/));
    await page.selectOption(id('chart-axis'), 'time');
    await expect.poll(() => ticks('chart-reward', 'x')).toContainEqual(expect.stringMatching(/ (s|min)/));
    expect(await cells()).toBe(STEPS);
    await page.hover(`${id('chart-reward')} .recharts-surface`, { position: { x: 150, y: 60 } });
    await expect
      .poll(() =>
        page
          .locator(`${id('chart-kl')}, ${id('chart-reward')} .tip`)
          .first()
          .textContent(),
      )
      .toMatch(/step \d+ [\d.]+ (s|min|ms)/);
    await page.selectOption(id('chart-axis'), 'step');
  });

  it('have values on a logarithmic axis where that is chosen, and say which it has no place for', async () => {
    await trained();
    const factors = async () =>
      (await ticks('chart-grad_norm', 'y')).map((tick) => Number(tick).toExponential().split('e')[0]);
    const steps = await factors();
    await page.click(`${id('chart-grad_norm')} ${id('chart-log')}`);
    await expect.poll(factors).not.toEqual(steps);
    expect((await factors()).every((factor) => ['1', '2', '5'].includes(factor!))).toBe(true);
    await page.fill(id('chart-filter'), 'grad_norm|frac_reward');
    await page.click(`${id('chart-frac_reward_zero_std')} ${id('chart-log')}`);
    await expect
      .poll(() => page.textContent(id('chart-frac_reward_zero_std')))
      .toMatch(/\d+ of 40 points are 0 or below: not shown/);
    await chartsDrawn(page);
    await page.screenshot({ path: `${PICTURES}/charts-log.png` });
    for (const chart of ['chart-grad_norm', 'chart-frac_reward_zero_std'])
      await page.click(`${id(chart)} ${id('chart-log')}`);
  });
});
