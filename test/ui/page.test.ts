/** The page in a real Chromium, over a pretended worker. Leaves pictures of every screen in test/artifacts/ui. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatMetric, formatPercent } from '../../src/math/format.ts';
import { judge } from '../../src/math/what-if.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { compareEvals } from '../../src/protocol/evaluation.ts';
import type { ClosedEval, OpenEval } from '../../src/protocol/messages.ts';
import { METRIC_GROUPS } from '../../src/protocol/metrics.ts';
import { predictionLines } from '../../src/protocol/predictions.ts';
import { MAX_POINTS } from '../../src/store/series.ts';
import { answerCounts, commonConfusions } from '../../src/ui/evaluate/scores.ts';
import {
  greatest,
  legendOf,
  shadeOf,
  type TokenChoice,
  valueText,
} from '../../src/ui/rollouts/token-choices.ts';
import { chartsDrawn } from '../e2e/page.ts';
import { type Chromium, launchChromium } from '../setup/chromium.ts';
import { FAKE_ALARMS, FAKE_BENCH } from './fake-port.ts';
import { madeAlternatives, madeTokens, SILENT_PLACE } from './fake-tokens.ts';
import { madeEval } from './made-evals.ts';
import { playEval, playLive, playRollouts, playScores, playStep } from './recorded-run.ts';
import { serveTestPage } from './serve.ts';

const PICTURES = 'test/artifacts/ui';
let server: Awaited<ReturnType<typeof serveTestPage>>;
/** The same with React's warnings, where every screen is visited. */
let warning: Awaited<ReturnType<typeof serveTestPage>>;
let chromium: Chromium;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  server = await serveTestPage();
  warning = await serveTestPage('development');
  chromium = await launchChromium({ viewport: { width: 1280, height: 720 } });
});

afterAll(async () => {
  await chromium?.close();
  await server?.close();
  await warning?.close();
});

beforeEach(async () => {
  page = await chromium.context.newPage();
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
});

afterEach(async () => {
  await page.close();
  expect(complaints.splice(0)).toEqual([]);
});

const id = (name: string) => `[data-testid="${name}"]`;
async function open(query = '', { url } = server): Promise<void> {
  await page.goto(`${url}${query}`);
  await page.waitForSelector('h1');
}

const state = (name: string) => page.waitForSelector(`[data-state=${name}]`, { timeout: 90_000 });
/** Points of a chart's curves, as they are drawn. */
const pointsOf = (metric: string) => page.getAttribute(`${id(`chart-${metric}`)} .chart-plot`, 'data-points');
const startable = () => page.waitForSelector(`${id('start')}:not([disabled])`);
const focused = (attribute = 'data-testid') =>
  page.evaluate((name) => document.activeElement?.getAttribute(name), attribute);
const sent = () => page.evaluate(() => (globalThis as unknown as { sent: { type: string }[] }).sent);

async function trained(steps: number, query = '?stepMs=0', groupSize?: number): Promise<void> {
  await open(query);
  await startable();
  await page.fill(id('field-steps'), String(steps));
  if (groupSize !== undefined) await page.fill(id('field-groupSize'), String(groupSize));
  await page.click(id('start'));
  await state('finished');
}

describe('training', () => {
  it('starts with one press and draws every step, in curves and in their table twins', async () => {
    await trained(30, '?stepMs=1');
    const chart = page.locator(id('chart-reward'));
    await expect.poll(() => pointsOf('reward')).toBe('30');
    const path = await chart.locator('path.recharts-line-curve').first().getAttribute('d');
    expect(path?.match(/[ML]/g)?.length ?? 0, path ?? '').toBe(30);
    const cells = await chart.locator('td[data-metric=reward]').allTextContents();
    expect(cells).toHaveLength(30);
    for (const [i, cell] of cells.entries()) {
      expect(cell).toBe(formatMetric(playStep(i + 1, 30).metrics.reward, 6));
    }
    const keys = ['rewards-by-part', 'kl', 'loss', 'completions-mean_length', 'entropy', 'grad_norm'];
    for (const key of [...keys, 'tokens_per_second-generate']) {
      expect(await page.locator(id(`chart-${key}`)).isVisible(), key).toBe(true);
    }
    expect(await page.textContent(id('chart-kl'))).toContain('β is 0');
    expect(await page.textContent('.learning')).toMatch(/^Reward rose from .* in 30 steps\./);
    await page.getByText('More charts').click();
    const groups = page.locator('.chart-group');
    await expect
      .poll(() => groups.allTextContents())
      .toEqual([...METRIC_GROUPS].filter((group) => group !== 'Drift'));
    const std = playStep(30, 30).metrics['rewards/format/std'];
    const last = page.locator('td[data-metric="rewards/format/std"]').last();
    await expect.poll(() => last.textContent()).toBe(formatMetric(std, 6));
    await chartsDrawn(page);
    await page.screenshot({ path: `${PICTURES}/more-charts.png`, fullPage: true });
  });

  it('says where a run is not well, marks it on its charts, and goes on when asked', async () => {
    await open('?stepMs=1&unwellAt=12');
    await startable();
    await page.fill(id('field-learningRate'), '1');
    expect(await page.textContent(id('config-warnings'))).toContain(
      'A learning rate of 1 is likely to break',
    );
    await page.fill(id('field-steps'), '30');
    await page.click(id('start'));
    await state('paused');
    expect(await page.textContent('.run-status')).toContain(FAKE_ALARMS[1]!.message);
    const alarms = page.locator(id('alarm'));
    await expect.poll(() => alarms.count()).toBe(2);
    const [newest] = await alarms.allTextContents();
    for (const words of ['step 12', FAKE_ALARMS[1]!.evidence, FAKE_ALARMS[1]!.hint, 'rests because of it']) {
      expect(newest).toContain(words);
    }
    const marks = (chart: string) => page.locator(`${id(chart)} .alarm-mark line`).count();
    await expect.poll(() => marks('chart-reward')).toBe(1);
    expect(await marks('chart-loss')).toBe(0);
    // The newest step is the chart's right edge: the sign beside its line is inside all the same.
    const edges = await page.locator(id('chart-reward')).evaluate((chart) => {
      const right = (of?: Element | null) => of!.getBoundingClientRect().right;
      const sign = [...chart.querySelectorAll('svg text')].find(({ textContent }) => textContent === '!');
      const line = chart.querySelector('.alarm-mark line');
      return { sign: right(sign), line: right(line), plot: right(chart.querySelector('svg')) };
    });
    expect(edges.sign).toBeLessThanOrEqual(edges.line);
    expect(edges.sign).toBeLessThan(edges.plot);
    await page.screenshot({ path: `${PICTURES}/alarms.png` });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await alarms.first().scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${PICTURES}/alarms-narrow-dark.png` });
    // The answers that show it are one click away, and so is the way back.
    await page.getByRole('button', { name: 'Show the answers of step 10' }).click();
    expect(await page.textContent('.step-choice b')).toBe('10');
    await page.goBack();
    await page.click(id('start'));
    await state('finished');
    expect(await alarms.count()).toBe(2);
    // The next run is not well at the same step: its alarms take the place of those of the run before.
    await page.click(id('start'));
    await state('paused');
    await expect.poll(() => alarms.count()).toBe(2);
  });

  it('tries the first clips of a run before it, and lets go of what it found when a setting changes', async () => {
    await open('?stepMs=0');
    await startable();
    await page.locator(id('forecast')).focus();
    await page.keyboard.press('Enter');
    const told = page.locator(id('forecast-told'));
    await expect.poll(() => told.textContent()).toMatch(/^4 of 16 clips have a signal: their 8 answers/);
    const asked = (await sent()).find(({ type }) => type === 'forecast');
    expect(asked).toMatchObject({ config: { groupSize: 8 } });
    await told.locator('summary').click();
    expect(await told.locator('.bars tr').allTextContents()).toEqual([
      '8 answers25 %as set',
      '16 answers50 %',
    ]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(PICTURES, `forecast-${colorScheme}.png`) });
    }
    await page.fill(id('field-groupSize'), '4');
    await told.waitFor({ state: 'detached' });
    await page.click(id('start'));
    await page.locator(id('forecast')).waitFor({ state: 'detached' });
  });

  it('offers to begin from the weights of a run that has ended', async () => {
    await open('?stepMs=1');
    await startable();
    expect(await page.locator(id('field-startFrom')).count()).toBe(0);
    await page.fill(id('field-steps'), '3');
    await page.click(id('start'));
    await state('finished');
    expect(await page.inputValue(id('field-startFrom'))).toBe('published');
    await page.selectOption(id('field-startFrom'), 'last run');
    await page.screenshot({ path: `${PICTURES}/begin-from.png` });
    await page.click(id('start'));
    const starts = (await sent()).filter(({ type }) => type === 'start');
    expect(starts.at(-1)).toMatchObject({ config: { startFrom: 'last run' } });
    await state('finished');
  });

  it('never draws more points than it should', async () => {
    await trained(MAX_POINTS + 100);
    const points = async () => Number(await pointsOf('reward'));
    await expect.poll(points, { timeout: 20_000 }).toBeGreaterThan(300);
    expect(await points()).toBeLessThanOrEqual(MAX_POINTS);
    // Each chart keeps other steps; the cursor is on the same one in all of them.
    await page
      .locator(`${id('chart-reward')} .recharts-surface`)
      .first()
      .hover({ position: { x: 150, y: 60 } });
    const pointed = page.locator('.tip b');
    await expect.poll(() => pointed.count()).toBeGreaterThan(5);
    const step = await page.textContent(`${id('chart-reward')} .tip b`);
    await expect.poll(async () => [...new Set(await pointed.allTextContents())]).toEqual([step]);
    const at = Number(step?.replace('step ', ''));
    expect(at).toBeGreaterThan(100);
    expect(await page.textContent(`${id('chart-loss')} .tip`)).toContain(
      formatMetric(playStep(at, MAX_POINTS + 100).metrics.loss, 3),
    );
    // The table that takes the curves' place has all that they showed.
    const drawn = await points();
    await page.getByLabel('tables').check();
    const rows = page.locator(`${id('chart-reward')} tbody tr`);
    await expect.poll(() => rows.count()).toBe(drawn);
    await page.getByLabel('tables').uncheck();
    await expect.poll(points).toBe(drawn);
    expect(await rows.count()).toBeLessThan(drawn);
  });

  it('pauses, steps and resumes by key, but not while something is typed', async () => {
    await open('?stepMs=200');
    await startable();
    await page.keyboard.press('.');
    await state('paused');
    await page.keyboard.press('.');
    await expect.poll(() => page.textContent(id('run-step'))).toContain('step 2 / 120');
    expect(await page.textContent(id('clips-ready'))).toBe('16 of 77 clips ready, 1 cannot be read');
    await page.setViewportSize({ width: 1240, height: 720 });
    const status = page.locator('.run-status');
    // The clips are shortened, and nothing of the header is cut off in its middle.
    expect(await status.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect(
      await page.locator(id('clips-ready')).evaluate((words) => words.scrollWidth > words.clientWidth),
    ).toBe(true);
    await page.setViewportSize({ width: 850, height: 2500 });
    const widths = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('.chart-plot svg.recharts-surface')].map((svg) => svg.clientWidth),
      );
    await expect.poll(async () => Math.min(...(await widths()))).toBeGreaterThan(390);
    await page.keyboard.press(' ');
    await state('running');
    // While a run goes on, charts out of view stay as they were drawn; at rest they are drawn anew.
    await page.setViewportSize({ width: 390, height: 844 });
    expect(Math.max(...(await widths()))).toBeGreaterThan(390);
    await page.keyboard.press(' ');
    await state('paused');
    await expect.poll(async () => Math.max(...(await widths()))).toBeLessThan(390);
    const before = await page.textContent(id('run-step'));
    await page.click(id('field-steps'));
    await page.keyboard.type('.');
    expect(await page.textContent(id('run-step'))).toBe(before);
    await page.click(id('stop'));
    await state('stopped');
  });

  it('says what a run waits for and how far it is, and keeps the focus where it was', async () => {
    await open('?stepMs=60000&loads=1');
    await startable();
    await page.focus(id('start'));
    await page.keyboard.press('Enter');
    await state('loading');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
    expect(await focused()).toBe('start');
    expect(await page.getAttribute(id('start'), 'aria-disabled')).toBe('true');
    const told = () => page.textContent('.learning');
    await expect
      .poll(told)
      .toContain('Getting ready: Preparing clips, 42 of 96 clips. Curves draw with the first step.');
    await page.keyboard.press('Enter');
    await page.evaluate(() => (globalThis as unknown as { loaded: () => void }).loaded());
    await state('running');
    expect((await sent()).filter(({ type }) => type === 'start')).toHaveLength(1);
    expect(await focused()).toBe('pause');
    expect(await page.textContent('.learning')).toContain('The first step is under way. Curves draw when it');
    await page.focus(id('stop'));
    await page.keyboard.press('Enter');
    await state('stopped');
    expect(await focused()).toBe('stop');
    expect(await page.textContent('.learning')).toContain('Stopped before the first step.');
  });

  it('says that a run failed and what next, instead of being ready', async () => {
    await open('?fails=1');
    await startable();
    await page.click(id('start'));
    await state('failed');
    expect(await page.textContent('.learning')).toContain(
      'The run failed before its first step: No clip of the training split could be read.',
    );
    expect(await page.textContent('.learning')).not.toContain('Ready');
    expect(await page.textContent(id('problem'))).toContain('Look at the issues of the data set.');
    expect(await page.isEnabled(id('start'))).toBe(true);
  });

  it('names a setting that cannot be, keeps Start shut, and counts changes that wait for the next run; the answer being sampled is told', async () => {
    await open('?stepMs=500');
    await startable();
    await page.fill(id('field-groupSize'), 'eight');
    expect(await page.getAttribute(id('field-groupSize'), 'aria-invalid')).toBe('true');
    expect(await page.textContent('.field-problem')).toContain(
      '“Answers per clip (G)” is "eight"; expected a whole number from 2',
    );
    expect(await page.isDisabled(id('start'))).toBe(true);
    await page.fill(id('field-groupSize'), '4');
    await page.click(id('start'));
    await state('running');
    await page.fill(id('field-beta'), '0.04');
    expect(await page.textContent(id('draft-changes'))).toContain(
      '1 change not in this run: Hold to start (β) 0 → 0.04',
    );
    expect((await sent()).find(({ type }) => type === 'start')).toMatchObject({
      config: { groupSize: 4, beta: 0 },
    });
    const pieces = playLive(1, 120);
    const { exampleId, tokens } = pieces.at(-1)!;
    const answer = pieces.slice(pieces.findLastIndex(({ at }) => at === 0)).map(({ text }) => text);
    const live = () => page.textContent(id('live'), { timeout: 5_000 });
    const clip = `clips/clip_${exampleId.replace('clip-', '').padStart(4, '0')}`;
    await expect.poll(live).toMatch(new RegExp(`^Now, step \\d+, ${clip}\\.\\w+, ${tokens} tokens:`));
    expect(await live()).toContain(answer.join(''));
  });
});

describe('runs of earlier visits', () => {
  it('are listed, go on with their curves and answers, and are deleted after asking back', async () => {
    await open('?stored=1&stepMs=0#/runs');
    await startable();
    const rows = page.locator(id('saved-run'));
    await expect.poll(() => rows.count()).toBe(3);
    expect(await rows.first().textContent()).toContain('brave-otter60 / 120');
    expect(await rows.first().textContent()).toContain('WAR 87.5 % (best 93.8 %)');
    expect(await page.locator('.run-words').nth(2).textContent()).toContain(
      '(open its model and data first)',
    );
    await page.getByRole('button', { name: 'More about calm-heron' }).click();
    await page.getByRole('button', { name: 'Delete calm-heron' }).click();
    expect((await sent()).some(({ type }) => type === 'deleteRun')).toBe(false);
    await page.getByRole('button', { name: 'Really delete calm-heron' }).click();
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByRole('button', { name: 'Resume brave-otter' }).click();
    await state('finished');
    expect(await page.textContent(id('note'))).toContain('Good to know. A copy of its settings was damaged.');
    expect(await page.locator(id('problem')).count()).toBe(0);
    await expect.poll(() => pointsOf('reward')).toBe('120');
    expect(await page.textContent(id('saved'))).toBe('saved at step 120');
    await page.keyboard.press('4');
    await expect.poll(() => page.inputValue(id('rollout-step'))).toBe('119');
  });

  it('are called what a person calls them, found by that, and shown with what differs', async () => {
    await open('?stored=1&stepMs=0#/runs');
    await startable();
    const names = () => page.locator(`${id('saved-run')} > th`).allTextContents();
    // The fork stands under its origin, whichever was saved last.
    await expect.poll(names).toEqual(['brave-otter', '↳ keen-ibex', 'calm-heron']);
    const differs = await page.locator(id('run-differs')).allTextContents();
    expect(differs).toEqual([
      'against brave-otter: Steps 120 → 90; Hold to start (β) 0 → 0.04; Learning rate 0.0001 → 0.00003',
    ]);
    expect(await page.locator(id('run-notes')).innerHTML()).toContain('&lt;b&gt;?&lt;/b&gt;');
    await page.selectOption(id('runs-order'), 'score');
    expect(await names()).toEqual(['keen-ibex', 'brave-otter', 'calm-heron']);
    await page.fill(id('runs-filter'), 'clinic');
    expect(await names()).toEqual(['calm-heron']);
    await page.getByRole('button', { name: 'More about calm-heron' }).click();
    await page.fill(id('about-name'), '');
    expect(await page.textContent('.about-run')).toContain('The name is one line of 1 to 80 characters.');
    expect(await page.isDisabled(id('about-keep'))).toBe(true);
    await page.fill(id('about-name'), ' <i>baseline</i> ');
    await page.fill(id('about-tags'), 'paper, table 2,paper');
    await page.fill(id('about-notes'), 'clinic set, no warm-up');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await expect.poll(names).toEqual(['<i>baseline</i>']);
    expect((await sent()).find(({ type }) => type === 'aboutRun')).toMatchObject({
      change: { name: '<i>baseline</i>', tags: ['paper', 'table 2'], notes: 'clinic set, no warm-up' },
    });
    await page.fill(id('runs-filter'), 'nothing like it');
    expect(await page.textContent('.saved-runs')).toContain('None of 3 runs fits.');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('button', { name: 'table 2' }).click();
    expect(await names()).toEqual(['<i>baseline</i>']);
    expect(await page.inputValue(id('runs-tag'))).toBe('table 2');
    await page.keyboard.press('3');
    await page.getByRole('button', { name: /^Resume brave-otter/ }).click();
    await state('finished');
    await page.keyboard.press('7');
    await page.locator(id('about-name')).waitFor();
    expect(await page.inputValue(id('about-tags'))).toBe('demo, paper');
    await page.fill(id('about-name'), 'otter, gone on');
    await page.click(id('about-keep'));
    await page.getByRole('heading', { name: 'At work: otter, gone on' }).waitFor();
  });

  it('are forked with other settings from the checkpoint that is chosen, and prolonged', async () => {
    await open('?stored=1&stepMs=0#/runs');
    await startable();
    await page.getByRole('combobox', { name: 'Checkpoint of brave-otter' }).selectOption('40');
    await page.getByRole('button', { name: 'More about brave-otter' }).click();
    await page.getByRole('button', { name: 'Fork brave-otter at step 40 with other settings' }).click();
    await page.getByRole('heading', { name: 'A fork of brave-otter from step 40' }).waitFor();
    const plan = () => page.textContent(id('fork-plan'));
    expect(await plan()).toContain('No setting is changed yet');
    expect(await page.inputValue(id('field-learningRate'))).toBe('1e-4');
    await page.fill(id('field-steps'), '30');
    expect(await plan()).toContain('the checkpoint has 40 behind it');
    expect(await page.isDisabled(id('start-fork'))).toBe(true);
    await page.fill(id('field-steps'), '80');
    await page.fill(id('field-beta'), '0.04');
    expect(await page.locator(`${id('fork-changes')} li`).allTextContents()).toEqual([
      'Steps: 120 → 80',
      'Hold to start (β): 0 → 0.04',
    ]);
    expect(await plan()).toContain('It goes on at step 41 of 80');
    await page.check(id('fork-fresh'));
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: `${PICTURES}/${scheme}-train-fork.png` });
    }
    await page.click(id('start-fork'));
    await state('paused');
    expect((await sent()).find(({ type }) => type === 'forkRun')).toMatchObject({
      ...{ runId: 'brave-otter-1', step: 40, optimizer: 'fresh' },
      config: { steps: 80, beta: 0.04, learningRate: 0.0001 },
    });
    await page.waitForSelector(id('fork-plan'), { state: 'detached' });
    await page.click(id('stop'));
    await page.keyboard.press('7');
    await page.getByRole('button', { name: 'More about keen-ibex' }).click();
    await page.fill(id('prolong-steps'), '90');
    expect(await page.textContent(id('prolong'))).toContain('A whole number above 90');
    await page.fill(id('prolong-steps'), '180');
    expect(await page.textContent(id('prolong'))).toContain(
      'The schedule ends at step 180 instead of 90: the learning rate is 1.5e-5 at step 91',
    );
    await page.keyboard.press('Enter');
    await state('finished');
    expect((await sent()).find(({ type }) => type === 'prolongRun')).toMatchObject({
      ...{ runId: 'keen-ibex-4', steps: 180, schedule: 'linear' },
    });
    expect(await page.textContent(id('run-step'))).toBe('step 180 / 180');
  });

  it('are left out of the form again, where a fork is thought better of', async () => {
    await open('?stored=1&stepMs=0#/train');
    await startable();
    await page.fill(id('field-steps'), '77');
    await page.keyboard.press('Escape');
    await page.evaluate(() => {
      location.hash = '/runs';
    });
    await page.getByRole('button', { name: 'More about brave-otter' }).click();
    await page.getByRole('button', { name: 'Fork brave-otter at step 60 with other settings' }).click();
    await page.click(id('all-settings'));
    await page.fill(id('all-field-loraRank'), '3');
    expect(await page.textContent(id('fork-plan'))).toContain(
      'Other parts train: it begins at step 1 of 120',
    );
    expect(await page.locator(id('fork-fresh')).count()).toBe(0);
    await page.click(id('leave-fork'));
    expect(await page.inputValue(id('field-steps'))).toBe('77');
    expect(await page.locator(id('fork-plan')).count()).toBe(0);
    await page.keyboard.press('7');
    await page.getByRole('combobox', { name: 'Checkpoint of brave-otter' }).selectOption('20');
    await page.getByRole('button', { name: 'More about brave-otter' }).click();
    await page.getByRole('button', { name: 'Evaluate brave-otter at step 20' }).click();
    await state('paused');
    await page.click(id('evaluate'));
    await expect.poll(async () => (await sent()).some(({ type }) => type === 'evaluate')).toBe(true);
    expect((await sent()).find(({ type }) => type === 'resumeRun')).toMatchObject({ step: 20, rest: true });
  });

  it('open at an older checkpoint at rest; what is damaged is listed with its reason, and can be deleted', async () => {
    await open('?stored=1&stepMs=0#/runs');
    await startable();
    expect(await page.textContent(id('saved-run-notes'))).toContain(
      'The checkpoint of step 390 cannot be used',
    );
    expect(await page.textContent(id('damaged-run'))).toContain('the files of step 30 are whole');
    expect(await page.textContent(id('damaged-run-reason'))).toContain('its format is 2, expected 1');
    const choice = page.getByRole('combobox', { name: 'Checkpoint of brave-otter' });
    expect(await choice.locator('option').allTextContents()).toEqual([
      'step 60, newest',
      'step 40, last known good',
      'step 20, best, WAR 93.8 %',
    ]);
    await page.getByRole('button', { name: 'Save keen-lynx-3 as a file' }).click();
    await page.getByText('keen-lynx-3-files.zip').first().waitFor();
    await page.keyboard.press('7');
    await page.getByRole('button', { name: 'Delete keen-lynx-3' }).click();
    await page.getByRole('button', { name: 'Really delete keen-lynx-3' }).click();
    await expect.poll(() => page.locator(id('damaged-run')).count()).toBe(0);
    await choice.selectOption('20');
    await page.getByRole('button', { name: 'Open brave-otter at step 20' }).click();
    await state('paused');
    expect((await sent()).find(({ type }) => type === 'resumeRun')).toMatchObject({ step: 20, rest: true });
    expect(await page.textContent(id('saved'))).toBe('saved at step 20');
  });

  it('are asked about before leaving only when steps would be lost', async () => {
    await open('?stored=1&stepMs=4000#/train');
    await startable();
    await page.getByRole('button', { name: 'Resume brave-otter' }).click();
    await state('running');
    const asks = () =>
      page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
    expect(await asks()).toBe(false);
    await expect.poll(() => page.textContent(id('run-step')), { timeout: 10_000 }).toContain('step 61 / 120');
    expect(await asks()).toBe(true);
    await page.click(id('pause'));
    await state('paused');
    expect(await page.textContent(id('saved'))).toBe('saved at step 61');
    expect(await asks()).toBe(false);
  });
});

/** The open answer of a run's third and last step, token by token: what is shown is what the worker told. */
async function expectTokens(place: number, advantage: number): Promise<void> {
  const { pieces, pass, sampler } = madeTokens(3, 3, place).values!;
  const view = page.locator(id('token-view'));
  const tokens = view.locator('.tokens .token');
  await expect.poll(() => tokens.count()).toBe(pieces.length);
  expect((await tokens.allTextContents()).map((text) => text.replaceAll('⏎', '')).join('')).toBe(
    pieces.join(''),
  );
  const weights = pass!.ratios.map((ratio) => ratio * advantage);
  const choices = { weight: weights, logProb: pass!.logProbs, entropy: pass!.entropies } as const;
  for (const [choice, numbers] of [
    ...Object.entries(choices),
    ...Object.entries({ clip: pass!.clips!, mismatch: pass!.mismatches, sampler }),
  ] as [TokenChoice, ArrayLike<number>][]) {
    await view.getByLabel('tokens by').selectOption(choice);
    const told = await tokens.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')!));
    expect(told.map((label) => label.slice(label.lastIndexOf(': ') + 2))).toEqual(
      Array.from(numbers, (value) => valueText(choice, value)),
    );
    const shades = await tokens.evaluateAll((all) =>
      all.map(({ dataset }) => [Number(dataset.level), dataset.side]),
    );
    const most = greatest(numbers);
    expect(shades).toEqual(Array.from(numbers, (value) => Object.values(shadeOf(choice, value, most))));
    const legend = await view.locator('.token-legend li').allTextContents();
    expect(legend.map((text) => text.replace('ab ', ''))).toEqual(
      legendOf(choice, numbers).map(({ text }) => text),
    );
    if (choice !== 'clip') expect(legend.join()).toContain(valueText(choice, most * Math.sign(numbers[0]!)));
  }
  await view.getByLabel('tokens by').selectOption('kl');
  expect(await view.locator(id('token-note')).textContent()).toBe(
    'The loss has no KL term, as its weight β is 0.',
  );
  expect(await tokens.first().getAttribute('data-level')).toBeNull();
  // Values on focus by the arrow keys, one tab stop for all tokens; then those of the token that is pointed at.
  const reading = () => view.locator(id('token-reading')).textContent();
  await view.getByLabel('tokens by').focus();
  await page.keyboard.press('Tab');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft']) await page.keyboard.press(key);
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-token'))).toBe('1');
  const values = (at: number) => [
    `token ${at + 1} of ${pieces.length}`,
    `advantage × ratio${valueText('weight', weights[at]!)}`,
    `entropy${valueText('entropy', pass!.entropies[at]!)}`,
    'KL–',
  ];
  const said = await reading();
  for (const value of values(1)) expect(said).toContain(value);
  await page.keyboard.press('End');
  await tokens.nth(2).hover();
  const pointed = await reading();
  for (const value of values(2)) expect(pointed).toContain(value);
  // Each of the values leads to its working.
  await page.keyboard.press('Tab');
  expect(await focused('aria-label')).toMatch(/^probability .*, how it came about$/);
}

const working = () => page.locator(id('working'));
/** What a line of the open working comes to. */
const worked = (line: RegExp) => working().locator('li').filter({ hasText: line }).locator('b').textContent();

/** Answers of each prompt in the recorded run. */
const RECORDED_GROUP = playRollouts(1, 1).groups[0]!.completions.length;

describe('a figure', () => {
  it('of a chart opens its working, ends with Escape, and has the focus again', async () => {
    await trained(3, '?stepMs=0', RECORDED_GROUP);
    const { metrics } = playStep(3, 3);
    const figure = page.locator(`${id('chart-loss')} button.figure`);
    await expect.poll(() => figure.textContent()).toBe(formatMetric(metrics.loss, 3));
    await figure.focus();
    await page.keyboard.press('Enter');
    await working().getByText('What every token counts (dapo)').waitFor();
    expect(await worked(/^Part of the policy/)).toBe(
      `= ${formatMetric(metrics.loss, 6)}`.replaceAll('-', '−'),
    );
    expect(await working().textContent()).toContain('Advantages of a group add up to 0');
    await page.screenshot({ path: `${PICTURES}/working-loss.png` });
    // No key of the page works behind it.
    await page.keyboard.press('4');
    expect(await page.url()).toContain('#/train');
    await page.keyboard.press('Escape');
    await expect.poll(() => working().count()).toBe(0);
    expect(await focused('aria-label')).toBe(`Loss ${await figure.textContent()}, how it came about`);
    for (const [key, line] of [
      ['reward', /^Mean of the totals/],
      ['entropy', /^Entropy of all tokens/],
      ['tokens_per_second-generate', /^Tokens by the seconds of the rollout/],
      ['completions-mean_length', /^Tokens of all answers/],
    ] as const) {
      const shown = page.locator(`${id(`chart-${key}`)} button.figure`);
      await shown.click();
      await working().locator('li').filter({ hasText: line }).waitFor();
      const value = Number((await worked(line))!.slice(2).replaceAll('−', '-'));
      expect(formatMetric(value, 3), key).toBe(await shown.textContent());
      await working().getByRole('button', { name: 'Close' }).click();
    }
    await page.locator(`${id('chart-grad_norm')} button.figure`).click();
    await working().getByText('The gradient itself is not kept').waitFor();
    await page.keyboard.press('Escape');
  });

  it('of an answer or a token opens its own, without opening the row, and on a telephone', async () => {
    await trained(2, '?stepMs=0', RECORDED_GROUP);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('h1').click();
    await page.keyboard.press('4');
    const all = playRollouts(2, 2).groups.flatMap(({ completions }) => completions);
    const place = all.findIndex(({ advantage }, at) => advantage !== 0 && at !== SILENT_PLACE);
    const row = page.locator(id('rollout-row')).nth(place);
    await row.locator('[data-name=advantage] button').click();
    await working().getByText('Standard deviation of the group').waitFor();
    expect(Number((await worked(/^Advantage/))!.slice(2).replace('−', '-'))).toBeCloseTo(
      all[place]!.advantage,
      5,
    );
    const box = (await working().boundingBox())!;
    expect([box.x >= 0, box.x + box.width <= 390, box.height <= 844]).toEqual([true, true, true]);
    await page.screenshot({ path: `${PICTURES}/working-phone-dark.png` });
    await page.keyboard.press('Escape');
    expect(await row.getAttribute('data-open')).toBe('false');
    await row.locator('[data-name=format] button').click();
    await working().getByText('Its part of the total').waitFor();
    await page.keyboard.press('Escape');
    await row.locator('.row-button').click();
    await page.locator('.tokens .token').nth(2).click();
    const reading = page.locator(id('token-reading'));
    await reading.getByRole('button', { name: /^part of the loss/ }).click();
    await working().getByText('Policy’s term of the token').waitFor();
    const part = Number((await worked(/^Part of the loss/))!.slice(2).replace('−', '-'));
    expect(part).not.toBe(0);
    await page.screenshot({ path: `${PICTURES}/working-token-phone-dark.png` });
    await page.keyboard.press('Escape');
    // What else was likely is asked for once, and then there for every token of the answer.
    const likeliest = page.locator(id('alternatives'));
    await likeliest.getByRole('button', { name: 'What else was likely' }).click();
    await expect.poll(() => likeliest.locator('li').count()).toBe(5);
    const { pieces, logProbs } = madeAlternatives(2, 2, place);
    const told = await likeliest.locator('li').allTextContents();
    expect(told[1]).toBe(`${pieces[5 * 2 + 1]} ${formatPercent(Math.exp(logProbs[5 * 2 + 1]!), 2)} ✓`);
    expect(await likeliest.textContent()).toContain('by the weights as they are now, after step 2');
    await page.locator('.tokens .token').nth(4).click();
    await expect
      .poll(() => likeliest.locator('li').nth(1).textContent())
      .toContain(pieces[5 * 4 + 1]!.trim());
    expect((await sent()).filter(({ type }) => type === 'alternatives')).toHaveLength(1);
    await likeliest.scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${PICTURES}/alternatives-phone-dark.png` });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 720 });
  });
});

describe('rollouts', () => {
  it('lists every answer of a step and opens one', async () => {
    await trained(3);
    await page.keyboard.press('4');
    const rows = page.locator(id('rollout-row'));
    const { groups } = playRollouts(3, 3);
    const [perGroup, all] = [groups[0]!.completions.length, groups.flatMap(({ completions }) => completions)];
    await expect.poll(() => rows.count()).toBe(all.length);
    await rows.nth(perGroup + 1).click();
    expect(await page.textContent(id('completion-text'))).toBe(groups[1]?.completions[1]?.text);
    await expectTokens(perGroup + 1, all[perGroup + 1]!.advantage);
    // An answer of a group that taught nothing, and a step that was thinned out, say so.
    await rows.nth(SILENT_PLACE).click();
    await expect.poll(() => page.textContent(id('token-note'))).toMatch(/^This answer went through no pass/);
    await page.getByLabel('tokens by').selectOption('sampler');
    await expect.poll(() => page.textContent(id('token-note'))).toBe('As the token was drawn, in nats.');
    await page.keyboard.press('[');
    await expect.poll(() => page.inputValue(id('rollout-step'))).toBe('1');
    await rows.nth(1).click();
    await page.getByText('Values of tokens take 64.0 MiB of a run at most').waitFor();
    await page.getByText('they are kept from step 3 on').waitFor();
    await rows.nth(1).click();
    await page.getByLabel('wrong only').check();
    const wrong = playRollouts(2, 3).groups.flatMap(({ label, completions }) =>
      completions.filter(({ answer }) => answer !== label),
    );
    await expect.poll(() => rows.count()).toBe(wrong.length);
    await page.getByLabel('Search answers').fill('no such words');
    await expect.poll(() => page.textContent('.empty')).toContain(`the step has ${all.length} answers`);
    await page.getByLabel('Search answers').fill('');

    // Other rewards on the answers that are there; a weight is weighed at once, another reward is scored first.
    await page.click(id('try-rewards'));
    await page.click(id('score-again'));
    const table = page.locator(id('what-if'));
    await expect
      .poll(() => table.locator('caption').textContent())
      .toContain(`${3 * all.length} answers; the advantage of 0 of them`);
    await page.fill(id('try-weight-format'), '-3');
    await expect.poll(() => page.locator(id('largest-changes')).locator('tbody tr').count()).toBe(10);
    const { steps, stored, groupSize } = playScores(3, 3, parseConfig({}));
    const weighing = { weights: [1, -3], aggregation: 'sum_then_normalize', scale: 'group' } as const;
    const { advantages } = judge({ groupSize, steps, values: stored.values }, weighing);
    const shown = await page
      .locator(id('largest-changes'))
      .locator('tbody tr')
      .first()
      .locator('td')
      .last()
      .textContent();
    expect([...advantages].map((value) => formatMetric(value, 3))).toContain(shown);
    await page.getByLabel('repetition').check();
    expect(await page.textContent('.try-rewards')).toContain('Not scored yet: repetition');
    await page.click(id('score-again'));
    await expect.poll(() => table.locator('tbody').textContent()).toContain('repetition');
    await page.screenshot({ path: `${PICTURES}/what-if.png`, fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    const beside = () =>
      page.locator('.screen').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    await expect.poll(beside).toBe(0);
    await page.setViewportSize({ width: 1280, height: 720 });
    // An answer that is chosen there is gone to, also one of a step that is not at hand, and Enter opens it.
    for (const at of [0, 9]) {
      const change = page.locator(id('largest-changes')).locator('tbody tr').nth(at);
      const ofStep = await change.locator('td').first().textContent();
      const asTrained = Number((await change.locator('td').nth(3).textContent())!.replace('−', '-'));
      await change.getByRole('button').nth(1).press('Enter');
      const row = rows.filter({ has: page.locator('.row-button:focus') });
      await row.waitFor();
      expect(Number(await page.inputValue(id('rollout-step'))) + 1).toBe(Number(ofStep));
      const advantage = (await row.locator('[data-name=advantage]').textContent())!.replace('−', '-');
      expect(Math.abs(Number(advantage) - asTrained)).toBeLessThan(0.006);
      await page.keyboard.press('Enter');
      await page.waitForSelector(id('completion-text'));
    }
  });
});

describe('by keyboard', () => {
  const place = () => page.evaluate(() => document.activeElement?.getAttribute('data-place'));
  const stops = (list: string) => page.locator(`${list} [data-place][tabindex="0"]`).count();

  it('a list is one stop of the tab key, and arrows or j and k move in it', async () => {
    await open('?clips=400#/data');
    await page.waitForSelector(id('clip-row'));
    expect(await stops('.clip-list')).toBe(1);
    await page.keyboard.press('j');
    await expect.poll(place).toBe('0');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('j');
    await expect.poll(place).toBe('2');
    await page.keyboard.press('Enter');
    await page.waitForSelector(id('preview'));
    await page.keyboard.press('End');
    await expect.poll(place).toBe('399');
    expect(await stops('.clip-list')).toBe(1);
    await page.keyboard.press('k');
    await expect.poll(place).toBe('398');
  });

  it('a program is written: keys of the page rest, names are completed, and Escape before Tab leaves it', async () => {
    await open('?keep=1');
    await startable();
    await page.focus(id('own-rewards'));
    await page.keyboard.press('Enter');
    await page.waitForSelector(id('new-reward'));
    for (const key of ['Tab', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector(`${id('code')}:focus`);
    await page.locator(id('reward-test')).waitFor();
    for (const key of ['Control+a', 'Delete']) await page.keyboard.press(key);
    await page.keyboard.type('const none = 1;');
    await page.locator(id('verdict-line')).filter({ hasText: 'no function that can be a reward' }).waitFor();
    expect(await page.locator(id('verdict')).textContent()).toContain(
      'Export one: export function my_reward',
    );
    await page.keyboard.type('export const one = () => [1];');
    await page.locator(id('blind-program')).filter({ hasText: 'completion[0].content' }).waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('const x = 1.5; comp');
    const offered = page.locator('.cm-tooltip-autocomplete li');
    await expect.poll(() => offered.first().textContent()).toContain('completions{ role: string');
    expect((await sent()).map(({ type }) => type)).not.toContain('step');
    // The list takes no key in its first moment, in which one may still be typing.
    await page.waitForTimeout(200);
    for (const key of ['Enter', ';', 'Escape', 'Tab']) await page.keyboard.press(key);
    expect(await page.locator(`${id('code')}:focus`).count()).toBe(0);
    expect(await page.locator(id('code')).textContent()).toContain('1.5; completions;');
    await page.reload();
    await expect.poll(() => page.locator(id('code')).textContent()).toContain('1.5; completions;');
    // What another build of the page left is no open file, and no version; what is one stays.
    await page.evaluate(leaveRewards);
    await page.reload();
    await startable();
    await page.click(id('own-rewards'));
    const rows = page.locator('.own-rewards tr');
    await expect.poll(() => rows.locator('th').allTextContents()).toEqual(['a', 'b', 'old']);
    expect(await page.locator(id('code')).count()).toBe(0);
    // What a key takes away hands the focus on to what stands after it.
    for (const [name, next] of [
      ['a', 'Edit b'],
      ['b', 'Open old'],
    ] as const) {
      const remove = rows
        .filter({ has: page.getByRole('rowheader', { name, exact: true }) })
        .getByTestId('remove');
      for (let i = 0; i < 2; i++) await remove.press('Enter');
      await expect.poll(() => focused('aria-label')).toBe(next);
    }
    for (let i = 0; i < 2; i++) await rows.getByTestId('remove').press('Enter');
    await expect.poll(() => focused()).toBe('new-reward');
    expect(await page.locator('.own-rewards table').count()).toBe(0);
    await page.evaluate(() => localStorage.clear());
  });

  it('a program that was taken out can be taken again from the editor, which says what the settings have', async () => {
    await open();
    await startable();
    await page.click(id('own-rewards'));
    await page.click(id('new-reward'));
    const accept = page.locator(id('accept-reward'));
    await page.locator(id('reward-test')).waitFor();
    await accept.press('Enter');
    await page.locator(id('accepted')).filter({ hasText: 'It is among the rewards' }).waitFor();
    const row = page.locator(id('own-reward'));
    for (let i = 0; i < 2; i++) await row.getByTestId('remove').press('Enter');
    await row.waitFor({ state: 'detached' });
    expect(await page.textContent(id('accepted'))).toBe('');
    await accept.press('Enter');
    await row.waitFor();
    expect(await page.textContent(id('rewards-line'))).toContain('my_reward');
  });

  it('an answer opens, is told to be open, and closes', async () => {
    await trained(2);
    await page.locator('h1').click();
    await page.keyboard.press('4');
    await page.waitForSelector(id('rollout-row'));
    expect(await stops('.rollouts')).toBe(1);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await expect.poll(place).toBe('1');
    await page.keyboard.press('Enter');
    expect(await page.getAttribute('[data-place="1"]', 'aria-expanded')).toBe('true');
    await page.waitForSelector(id('completion-text'));
    expect(await page.locator('tr[aria-expanded]').count()).toBe(0);
    await page.keyboard.press('Enter');
    expect(await page.locator(id('completion-text')).count()).toBe(0);
  });

  it('all keys are listed by ?, and none works beneath the list; the title names the screen', async () => {
    await open('#/data');
    await expect.poll(() => page.title()).toBe('Data · Omni GRPO Studio');
    await page.keyboard.press('?');
    const list = page.locator('dialog.key-list');
    await list.waitFor();
    for (const key of ['j', 'k', '[', ']', 't', '/', '.', '?'])
      expect(await list.locator('kbd', { hasText: key }).count(), key).toBeGreaterThan(0);
    await page.screenshot({ path: `${PICTURES}/keys.png` });
    await page.keyboard.press('2');
    expect(await page.title()).toBe('Data · Omni GRPO Studio');
    await page.keyboard.press('?');
    await list.waitFor({ state: 'hidden' });
    await page.keyboard.press('2');
    await expect.poll(() => page.title()).toBe('Model · Omni GRPO Studio');
  });

  it('a screen begins at its top, with the focus on its heading', async () => {
    await open('#/data');
    await page.getByText('What the model sees').waitFor();
    await page.setViewportSize({ width: 1280, height: 300 });
    await page.evaluate(() => scrollTo(0, 40));
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(40);
    await page.keyboard.press('3');
    await page.waitForSelector(id('start'));
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 720 });
  });
});

describe('on a telephone', () => {
  it('an answer shows its text, and nothing moves sideways when it is pressed; the header is whole', async () => {
    await trained(2);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('h1').click();
    await page.keyboard.press('4');
    const rows = page.locator(id('rollout-row'));
    await rows.first().waitFor();
    const sideways = () =>
      page.evaluate(() => {
        const main = document.querySelector('main')!;
        return [main.scrollLeft, main.scrollWidth - main.clientWidth];
      });
    await rows.nth(2).locator('.row-button').click();
    await page.waitForSelector(id('completion-text'));
    expect(await sideways()).toEqual([0, 0]);
    const text = await rows
      .nth(2)
      .locator('.row-button')
      .evaluate((one) => [one.clientWidth, one.scrollWidth]);
    expect(text[0]).toBeGreaterThan(200);
    expect(text[1]).toBeLessThanOrEqual(text[0]!);
    await page.getByLabel('tokens by').selectOption('clip');
    await page.locator('.tokens .token').nth(3).click();
    expect(await page.textContent(id('token-reading'))).toContain('token 4 of');
    expect(await sideways()).toEqual([0, 0]);
    await page.screenshot({ path: `${PICTURES}/tokens-phone.png` });
    const cut = await page.evaluate(() => {
      const header = document.querySelector('header')!;
      const state = document.querySelector('[data-testid=state]')!;
      const status = state.parentElement!;
      return [header.scrollWidth - header.clientWidth, status.scrollWidth - status.clientWidth];
    });
    expect(cut).toEqual([0, 0]);
    await page.setViewportSize({ width: 1280, height: 720 });
  });
});

describe('data', () => {
  it('shows only the rows in view of a long list, and a clip as the model sees it', async () => {
    await open('?clips=5000#/data');
    await page.waitForSelector(id('clip-row'));
    expect(await page.textContent(id('data-summary'))).toContain('5000 clips · 4 labels');
    expect(await page.locator(id('clip-row')).count()).toBeLessThan(60);
    await page.locator(id('clip-row')).nth(1).click();
    await page.waitForSelector(id('preview'));
    expect(await page.locator('.frames canvas').count()).toBe(8);
    await page.locator(id('clip-row')).nth(3).click();
    await expect
      .poll(() => page.textContent(id('problem')))
      .toContain('ends in the middle of a frame. Replace the file');
    await page.getByLabel('Dismiss').click();
    expect(await page.locator(id('problem')).count()).toBe(0);
  });

  it('says how long the prompts are under the settings as they are now, and names rows that are too long', async () => {
    await open('#/data');
    await expect
      .poll(() => page.textContent(id('prompt-report')))
      .toBe('96 of 96 rows are asked, in prompts of 80 to 90 tokens, half of them up to 84.');
    await page.locator('h1').click();
    await page.keyboard.press('3');
    await page.click(id('all-settings'));
    await page.fill(id('all-field-maxPromptLength'), '85');
    await page.locator('h1').click();
    await page.keyboard.press('1');
    await expect
      .poll(() => page.textContent(id('prompt-warning')))
      .toContain('1 row left out for more than the 85 tokens that the settings allow, up to 91.');
    expect(await page.textContent(id('prompt-left-out'))).toContain('clip-7.mp4 91 tokens.');
  });

  it('shows a clip under the prompt of the settings as they are now, and says that it has no sound', async () => {
    await open('#/data');
    await page.locator(id('clip-row')).nth(5).click();
    await page.waitForSelector(id('preview'));
    expect(await page.textContent(id('sound-note'))).toContain('no sound: the model hears silence');
    expect(await page.locator('canvas.drawing').count()).toBe(0);
    await page.locator('h1').click();
    await page.keyboard.press('3');
    await page.click(id('all-settings'));
    await page.fill(id('all-field-question'), 'What does the voice say?');
    await page.locator('h1').click();
    await page.keyboard.press('1');
    await expect.poll(() => page.textContent('pre.prompt')).toContain('What does the voice say?');
  });

  it('says how the data was read and divided, what was left out and why, and stays quick with 15,000 clips', async () => {
    await open('?clips=15000#/data');
    await page.waitForSelector(id('clip-row'));
    expect(await page.textContent(id('data-how'))).toContain(
      "DFEW, 15002 rows. Splits: fold 1, by the data set's",
    );
    expect(await page.textContent(`${id('data-issues')} summary`)).toContain(
      '2 left out (1 clip empty, 1 row malformed)',
    );
    expect(await page.textContent(`${id('labels')} tbody tr`)).toBe(
      'angryalso written anger53574286 / 857 / 214',
    );
    expect(await page.locator(id('clip-row')).count()).toBeLessThan(60);
    const lag = await page.evaluate(filterAndScroll);
    expect(await page.textContent(id('clip-row'))).toContain('sad');
    expect(lag).toBeLessThan(2_000);
  });

  it('opens the same folder again with another fold', async () => {
    await open('?demo=0#/data');
    await page
      .locator(id('choose-files'))
      .setInputFiles([{ name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('x') }]);
    await page.getByLabel('Fold').selectOption('3');
    await expect.poll(() => page.textContent(id('data-how'))).toContain('fold 3,');
    expect((await sent()).filter(({ type }) => type === 'openData').at(-1)).toMatchObject({
      fold: 3,
      files: [{ path: 'a.mp4', size: 1 }],
    });
  });

  it('takes a dropped folder to the bottom, more than a hundred files, and tells a model from data', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drop-'));
    mkdirSync(join(folder, 'set/clips'), { recursive: true });
    mkdirSync(join(folder, 'tiny'));
    writeFileSync(join(folder, 'set/data.json'), '[]');
    writeFileSync(join(folder, 'set/.DS_Store'), 'x');
    for (let i = 0; i < 230; i++) writeFileSync(join(folder, `set/clips/${i}.mp4`), 'x'.repeat(i));
    writeFileSync(join(folder, 'tiny/config.json'), '{}');
    writeFileSync(join(folder, 'tiny/model.safetensors'), '1234');
    await open('#/data');
    await page.waitForSelector(id('clip-row'));
    await drop(page, [join(folder, 'set'), join(folder, 'tiny')]);
    type Opened = { type: string; files: { path: string; size: number }[] };
    const opened = async (type: string) =>
      (await sent()).find((command) => command.type === type) as Opened | undefined;
    await expect.poll(() => opened('openData')).toBeDefined();
    const data = (await opened('openData'))?.files ?? [];
    expect(data.map(({ path }) => path).sort()[0]).toBe('set/clips/0.mp4');
    expect(data).toHaveLength(231);
    expect(data.find(({ path }) => path === 'set/clips/77.mp4')?.size).toBe(77);
    expect((await opened('openModel'))?.files.map(({ path }) => path).sort()).toEqual([
      'tiny/config.json',
      'tiny/model.safetensors',
    ]);
    rmSync(folder, { recursive: true });
  });
});

describe('what belongs to what is open', () => {
  const line = () => page.textContent(id('settings-line'));
  const visit = (screen: string) =>
    page.evaluate((to) => {
      location.hash = `/${to}`;
    }, screen);
  const choose = (...names: string[]) =>
    page
      .locator(id('choose-files'))
      .setInputFiles(names.map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('x') })));

  it('settings follow the model, those set by hand stay and survive a reload, and one press goes back', async () => {
    await open('?keep=1');
    await startable();
    expect(await line()).toContain('Settings for the demo');
    await page.fill(id('field-steps'), '33');
    await visit('model');
    await choose('config.json', 'model.safetensors');
    await visit('train');
    await expect.poll(line).toContain('Settings for config.json: R1-Omni');
    expect(await page.textContent(id('own-settings'))).toBe('Steps');
    expect(await page.inputValue(id('field-learningRate'))).toBe('1e-5');
    expect(await page.inputValue(id('field-loraRank'))).toBe('16');
    expect(await page.inputValue(id('field-steps'))).toBe('33');
    await page.screenshot({ path: `${PICTURES}/settings-line.png` });
    await page.click(id('undo-settings'));
    await expect.poll(() => page.inputValue(id('field-learningRate'))).toBe('5e-4');
    await page.click(id('reset-settings'));
    await expect.poll(() => page.inputValue(id('field-steps'))).toBe('100');
    await page.reload();
    await startable();
    await expect.poll(() => page.inputValue(id('field-steps'))).toBe('33');
    await page.click(id('reset-settings'));
    await expect.poll(() => page.inputValue(id('field-steps'))).toBe('120');
  });

  it('settings of a vision tower stand where there is one, and what is typed is what the run begins with', async () => {
    const shown = async (query: string, keys: readonly string[]) => {
      await open(`?${query}#/train`);
      await startable();
      await page.click(id('all-settings'));
      const isThere = await Promise.all(keys.map((key) => page.locator(id(`all-field-${key}`)).count()));
      return keys.filter((_, i) => isThere[i]! > 0);
    };
    const tower = ['trainVision', 'loraVision', 'minPixels', 'maxPixels', 'framesPerSecond', 'maxFrames'];
    const others = ['trainGate', 'question', 'trainDecoder'];
    const group = page.locator(id('group-Pictures and videos'));
    expect(await shown('', [...tower, ...others])).toEqual(others);
    expect(await group.count()).toBe(0);
    expect(await shown('family=qwen2-vl&stepMs=1', [...tower, ...others])).toEqual([
      ...tower,
      ...['question', 'trainDecoder'],
    ]);
    expect(await group.textContent()).toMatch(/Most frames(?! *frames)/);
    const typed = { minPixels: 784, maxPixels: 100_352, framesPerSecond: 2, maxFrames: 16 };
    for (const [key, value] of Object.entries(typed)) await page.fill(id(`all-field-${key}`), String(value));
    await page.check(id('all-field-trainVision'));
    await page.check(id('all-field-loraVision'));
    expect(await page.textContent('.field-problem')).toContain('“Train the vision tower” and');
    expect(await page.getAttribute(id('start'), 'title')).toContain('“Train the vision tower” and');
    await page.uncheck(id('all-field-loraVision'));
    await page.fill(id('field-steps'), '1');
    await page.click(id('start'));
    await state('finished');
    const [start] = (await sent()).filter(({ type }) => type === 'start');
    expect(start).toMatchObject({ config: { ...typed, trainVision: true, loraVision: false } });
  });

  it('rewards stand in groups, each with its weight and its settings once it is chosen', async () => {
    await open('?stepMs=1#/train');
    await startable();
    await page.click(id('change-rewards'));
    expect(await page.locator(':focus').getAttribute('data-testid')).toBe('reward-accuracy');
    expect(await page.locator(id('all-field-repetitionMaxPenalty')).count()).toBe(0);
    await page.locator(':focus').press('Space');
    await page.locator(id('reward-repetition')).press('Space');
    await page.getByLabel('Weight of repetition').fill('0.5');
    await page.getByRole('group', { name: 'Settings of repetition' }).getByLabel('Largest').fill('2');
    expect(await page.textContent(id('rewards-line'))).toContain('format + 0.5 × repetition.');
    // A form that is narrowed to something else is where the way ends.
    await page.fill(id('setting-search'), 'seed');
    await page.click(id('change-rewards'));
    expect(await focused()).toBe('setting-search');
    await page.fill(id('setting-search'), '');
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      const needed = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(needed).toBeLessThanOrEqual(width);
      await page.screenshot({ path: `${PICTURES}/rewards-${width}.png` });
    }
    await page.fill(id('field-steps'), '1');
    await page.click(id('start'));
    await state('finished');
    const [start] = (await sent()).filter(({ type }) => type === 'start');
    const chosen = { rewards: ['format', 'repetition'], rewardWeights: [1, 0.5], repetitionMaxPenalty: 2 };
    expect(start).toMatchObject({ config: chosen });
  });

  it('a reward that is known nowhere is taken out by a key, and the focus goes on', async () => {
    await open();
    await page.evaluate(() => localStorage.setItem('studio.settings.demo', '{"rewards":["format","gone"]}'));
    await open('?keep=1#/train');
    await page.click(id('change-rewards'));
    const gone = page.locator(id('reward-gone'));
    await gone.press('Space');
    await gone.waitFor({ state: 'detached' });
    expect(await focused()).toBe('all-field-rewardTimeLimit');
    await page.evaluate(() => localStorage.clear());
  });

  it('a model that scores becomes a reward, is read as its fields say, and leaves with its reward', async () => {
    await open('?scorer=1&stepMs=1#/train');
    await startable();
    await page.click(id('reward-models'));
    await page.setInputFiles(id('choose-reward-model'), 'test/ui/page');
    await expect.poll(() => page.textContent('.reward-models .notice')).toContain('found no config.json');
    await page.click(id('open-stored-reward-model'));
    const card = page.locator(id('reward-model'));
    await expect.poll(() => card.textContent()).toContain('roberta · 28 labels · 475 MiB · reads 512 tokens');
    expect(await card.textContent()).toContain('The first of its labels counts, admiration');
    expect(await page.locator('.reward-models .danger').count()).toBe(0);
    expect(await page.textContent(id('rewards-line'))).toContain('accuracy + format + emo_classifier');
    const mapping = 'mapping-emo_classifier';
    await page.selectOption(id(`${mapping}-preset`), 'erv');
    await card.getByLabel('Label of angry').selectOption('annoyance');
    expect(await page.inputValue(id(`${mapping}-preset`))).toBe('');
    await page.fill(id(`${mapping}-topK`), 'two');
    expect(await page.getAttribute(id('start'), 'title')).toContain('"topK" is "two"');
    await page.fill(id(`${mapping}-topK`), '1');
    await page.fill(id('name-of-emo_classifier'), 'wer');
    expect(await card.textContent()).toContain('There is a reward of this name already.');
    await page.fill(id('name-of-emo_classifier'), 'feels');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('name-of-feels');
    await page.selectOption(id('mapping-feels-take'), 'mean');
    // What is added by a key leaves the focus where it is, and what is taken away hands it on.
    await card.getByLabel('Another answer').fill('glad');
    await card.getByRole('button', { name: 'Add' }).press('Enter');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Add');
    await card.getByLabel('Label of glad').press('Home');
    await card.getByLabel('Label of glad').waitFor({ state: 'detached' });
    expect(await focused('aria-label')).toBe('Another answer');
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [390, 'dark'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await page.screenshot({ path: `${PICTURES}/reward-models-${width}.png`, fullPage: true });
    }
    await page.fill(id('field-steps'), '1');
    await page.click(id('start'));
    await state('finished');
    const [start] = (await sent()).filter(({ type }) => type === 'start');
    const read = { take: 'mean', topK: 1, label: { byAnswer: { angry: 'annoyance', happiness: 17 } } };
    expect(start).toMatchObject({
      config: { rewards: ['accuracy', 'format', 'feels'], rewardModels: [{ name: 'feels', mapping: read }] },
    });
    await page.evaluate(() => {
      location.hash = '/model';
    });
    await expect.poll(() => page.textContent(id('planned-rewards'))).toContain('475 MiB');
    await page.goBack();
    await page.click(id('reward-models'));
    // What a key takes away hands the focus on, the reward to the way to open a model, or to the next reward.
    await page.click(id('use-as-reward'));
    await page.locator(id('remove-feels')).press('Enter');
    expect(await page.textContent(id('remove-feels'))).toBe('Take it out, with how it is read?');
    await page.locator(id('remove-feels')).press('Enter');
    expect(await focused()).toBe('name-of-emo_classifier');
    await page.locator(id('close-reward-model')).press('Enter');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Open a folder');
    expect(await page.textContent(id('rewards-line'))).toContain('accuracy + format.');
  });

  it('a question that no row is asked says so, and the list of rows shows theirs', async () => {
    await open('?own=96#/train');
    await startable();
    await page.click(id('all-settings'));
    expect(await page.textContent(id('question-use'))).toBe(
      'Not asked: all 96 rows bring their own questions.',
    );
    await page.click(`${id('emotion-request')} button`);
    expect(await page.inputValue(id('all-field-instruction'))).toContain('final answer');
    expect(await page.locator(id('emotion-request')).count()).toBe(0);
    // These rows tell their kind as Video-R1 does: the reward that reads it is offered, and a key that takes it keeps the focus.
    const offer = page.locator(id('typed-rows'));
    expect(await offer.textContent()).toContain('which accuracy does not read');
    await offer.getByRole('button').press('Enter');
    await offer.waitFor({ state: 'detached' });
    expect(await page.textContent(id('rewards-line'))).toContain('Rewarded: accuracy_video_r1 + format.');
    expect(await page.inputValue(id('all-field-videoR1Type'))).toBe('row');
    expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
    await page.selectOption(id('all-field-promptPreset'), 'r1-omni');
    expect(await page.textContent(id('question-use'))).toContain(
      'the prompt r1-omni asks a question of its own',
    );
    await page.locator('h1').click();
    await page.keyboard.press('1');
    expect(await page.textContent(id('data-summary'))).toContain('96 questions');
    expect(await page.locator(id('clip-row')).first().textContent()).toContain('Question 0:');
  });

  it('a data folder is on the list of the next visit, and opens with one press', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drop-'));
    mkdirSync(join(folder, 'clinic'));
    writeFileSync(join(folder, 'clinic/a.mp4'), 'x');
    await open('#/data');
    await page.waitForSelector(id('clip-row'));
    await drop(page, [join(folder, 'clinic')]);
    const row = page.locator(id('kept-folder'));
    await expect.poll(() => row.textContent()).toContain('clinic');
    // A headless browser answers no question for permission; a folder of its own storage needs none, and is kept the same way.
    await page.evaluate(keepDataFolder);
    await page.reload();
    await page.waitForSelector(id('clip-row'));
    await page.click(`${id('kept-data')} summary`);
    await expect.poll(() => row.textContent()).toContain('kept-clips');
    await page.screenshot({ path: `${PICTURES}/kept-data.png` });
    await row.getByTestId('open-folder').click();
    const opened = async () => (await sent()).findLast(({ type }) => type === 'openData');
    await expect.poll(opened).toMatchObject({ files: [{ path: 'kept-clips/in/b.mp4', size: 3 }] });
    await row.getByTestId('remove').click();
    await row.getByTestId('remove').click();
    await expect.poll(() => row.count()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('smoothing survives a reload', async () => {
    await open();
    await page.getByLabel('smoothing').fill('0.3');
    await page.reload();
    expect(await page.getByLabel('smoothing').inputValue()).toBe('0.3');
    await page.getByLabel('smoothing').fill('0.6');
  });

  it('a run that another tab trains is named, until it has ended there', async () => {
    await open();
    await startable();
    expect(await page.locator(id('other-tab')).count()).toBe(0);
    const other = await chromium.context.newPage();
    await other.goto(server.url);
    await other.evaluate(() => {
      void navigator.locks.request('studio run brave-otter-k3x', () => new Promise(() => undefined));
    });
    await page.bringToFront();
    await expect
      .poll(() => page.textContent(id('other-tab')), { timeout: 20_000 })
      .toContain('trains brave-otter.');
    await page.screenshot({ path: `${PICTURES}/other-tab.png` });
    await other.close();
    await expect.poll(() => page.locator(id('other-tab')).count(), { timeout: 20_000 }).toBe(0);
  });

  it('the memory plan speaks of the form as it is, or says why it cannot', async () => {
    await open('#/model');
    await page.waitForSelector(id('planned-peak'));
    expect(await page.textContent(id('planned-passes'))).toContain('in 2 passes of up to 3.04 k tokens');
    await visit('train');
    await page.fill(id('field-groupSize'), 'eight');
    await visit('model');
    await expect.poll(() => page.textContent(id('no-plan'))).toContain('“Answers per clip (G)” is "eight"');
    expect(await page.locator(id('planned-peak')).count()).toBe(0);
    await page.screenshot({ path: `${PICTURES}/no-plan.png` });
    await visit('train');
    await page.fill(id('field-groupSize'), '63');
    await visit('model');
    await expect.poll(() => page.textContent(id('no-plan'))).toContain('needs a binding of 9 GiB');
    expect(await page.locator(id('planned-peak')).count()).toBe(0);
    await visit('train');
    await page.fill(id('field-groupSize'), '4');
    await visit('model');
    await page.click(id('ask-what-if'));
    await page.waitForSelector(`${id('what-if')} tbody tr`);
    expect(await page.textContent(id('planned-peak'))).toContain('while training');
  });

  it('what cannot be read leaves data and Start as they were, and its error ends with the next good folder', async () => {
    await open('#/data');
    await page.waitForSelector(id('clip-row'));
    await choose('set.rar');
    await expect.poll(() => page.textContent(id('problem'))).toContain('found 1 file (.rar), expected clips');
    expect(await page.textContent(id('data-summary'))).toContain('96 clips');
    expect(await page.isEnabled(id('start'))).toBe(true);
    expect(await page.getAttribute(id('start'), 'title')).toBe('Trains tiny-humanomni on demo');
    await visit('evaluate');
    await page.waitForSelector(id('evaluate'));
    expect(await page.locator(id('problem')).count()).toBe(0);
    await visit('data');
    await page.waitForSelector(id('problem'));
    await choose('a.mp4');
    await expect.poll(() => page.locator(id('problem')).count()).toBe(0);
  });

  it('an empty folder, and one of hidden files, is answered where it was dropped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drop-'));
    mkdirSync(join(folder, 'nothing'));
    mkdirSync(join(folder, 'hidden'));
    writeFileSync(join(folder, 'hidden/.DS_Store'), 'x');
    await open('#/data');
    await page.waitForSelector(id('clip-row'));
    for (const name of ['nothing', 'hidden']) {
      await drop(page, [join(folder, name)]);
      await expect.poll(() => page.textContent(id('problem'))).toContain(`There is no file in ${name}`);
      await page.getByLabel('Dismiss').click();
    }
    await visit('model');
    await drop(page, [join(folder, 'nothing')]);
    await expect.poll(() => page.textContent(id('problem'))).toContain("expected a model's files");
    expect(await page.textContent(id('model-name'))).toBe('tiny-humanomni');
    rmSync(folder, { recursive: true });
  });
});

/** Runs in the page: puts a folder of the browser's storage where the page keeps the handles of data folders. */
async function keepDataFolder(): Promise<void> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('kept-clips', {
    create: true,
  });
  const inside = await folder.getDirectoryHandle('in', { create: true });
  const stream = await (await inside.getFileHandle('b.mp4', { create: true })).createWritable();
  await stream.write('abc');
  await stream.close();
  await new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open('keyval-store');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const writing = opening.result.transaction('keyval', 'readwrite');
      writing.objectStore('keyval').put([folder], 'data-folders');
      writing.oncomplete = () => resolve();
      writing.onerror = () => reject(writing.error);
    };
  });
}

/** Runs in the page: leaves two own rewards among the settings, a version of a third, and what is no version and no open file. */
function leaveRewards(): Promise<void> {
  const reward = (name: string, at = 0) => ({
    ...{ name, language: 'js', source: '', completions: 'text', hash: `${at}`.repeat(64) },
  });
  const [a, b, old] = ['a', 'b', 'old'].map(reward);
  sessionStorage.setItem('studio.open-reward', '{"file":{}}');
  localStorage.setItem('studio.settings.demo', JSON.stringify({ rewardSources: [a, b] }));
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('keyval-store');
    opening.onupgradeneeded = () => opening.result.createObjectStore('keyval');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const writing = opening.result.transaction('keyval', 'readwrite');
      const versions = { old: [{}, { ...old, at: 1 }], undated: [reward('undated')], none: 'text' };
      writing.objectStore('keyval').put(versions, 'own-rewards');
      writing.oncomplete = () => resolve();
      writing.onerror = () => reject(writing.error);
    };
  });
}

/** Filters by a label, then scrolls to the end in ten jumps. Milliseconds of the longest wait for a frame. */
async function filterAndScroll(): Promise<number> {
  let longest = 0;
  const frame = async () => {
    const start = performance.now();
    await new Promise(requestAnimationFrame);
    longest = Math.max(longest, performance.now() - start);
  };
  const filter = document.querySelector<HTMLSelectElement>('[aria-label="Show clips with the label"]')!;
  filter.value = 'sad';
  filter.dispatchEvent(new Event('change', { bubbles: true }));
  await frame();
  const list = document.querySelector('.clip-list')!;
  for (let i = 1; i <= 10; i++) {
    list.scrollTop = (list.scrollHeight * i) / 10;
    await frame();
  }
  return longest;
}

/** Drops real folders on the page's middle, as a hand would. */
async function drop(target: Page, files: string[]): Promise<void> {
  const session = await target.context().newCDPSession(target);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 300, data });
  }
}

/** Scores of a run's weights as the page writes them, and what a later step gained. */
const evalAt = (step: number) => playEval(step, { split: 'test' });
const percent = (share: number, digits = 1) => `${(100 * share).toFixed(digits)} %`;
const gain = (from: number, to: number) => `+${(100 * (evalAt(to).war - evalAt(from).war)).toFixed(1)}`;
const warOf = (step: number, since?: number) =>
  `WAR ${percent(evalAt(step).war)}${since === undefined ? '' : ` (${gain(since, step)})`}`;
/** Clips that one step has right and another has wrong. */
const fixedBetween = (before: number, after: number) =>
  evalAt(after).clips.filter(
    ({ label, exact }, i) => exact === label && evalAt(before).clips[i]!.exact !== label,
  ).length;

describe('evaluation and export', () => {
  it('compares before with after, and hands out files', async () => {
    await open('?stepMs=0#/evaluate');
    await startable();
    await page.click(id('evaluate'));
    await expect.poll(() => page.textContent(id('scores'))).toContain(warOf(0));
    await page.click(id('start'));
    await state('finished');
    const evaluated = page.locator('.rail-stop[href="#/evaluate"]');
    expect(await evaluated.textContent()).toContain(`${percent(evalAt(0).war, 0)} at step 0`);
    expect(await evaluated.getAttribute('class')).toContain('open');
    await page.keyboard.press('5');
    await page.click(id('evaluate'));
    await expect.poll(() => page.textContent(id('scores'))).toContain(warOf(120, 0));
    expect(await evaluated.textContent()).toMatch(new RegExp(`${percent(evalAt(120).war, 0)}$`));
    await page.click(id('evaluate-no-audio'));
    await expect.poll(() => page.locator(id('eval-row')).count()).toBe(3);
    expect(await page.textContent(id('scores'))).toContain(warOf(120));
    await page.keyboard.press('6');
    await expect.poll(() => page.textContent(id('export-merged-size'))).toBe('1.39 MiB');
    expect(await page.textContent(id('export-total'))).toBe('2.35 MiB in all');
    expect(await page.isDisabled(id('export-checkpoint'))).toBe(true);
    await page.check(id('export-handoff'));
    expect(await page.textContent(id('export-total'))).toBe('3.05 MiB in all');
    const download = page.waitForEvent('download');
    await page.click(id('export-button'));
    expect((await download).suggestedFilename()).toBe('tiny-humanomni-step-120.zip');
    expect(await page.locator(id('export-file')).getAttribute('data-name')).toBe(
      'tiny-humanomni-step-120.zip',
    );
    expect(await page.textContent(id('python'))).toContain('model_init("model")');
    let again = 0;
    page.on('download', () => {
      again++;
    });
    await page.keyboard.press('5');
    await page.keyboard.press('6');
    await page.locator(id('export-file')).click();
    await expect.poll(() => again).toBe(1);
  });
});

describe('evaluation', () => {
  const clips = () => page.locator(id('eval-clip'));

  it('lists the clips of a cell, unreadable answers, and what training fixed', async () => {
    await open('?stepMs=0#/evaluate');
    await startable();
    await page.selectOption(id('evaluate-evalDecoding'), 'sampled');
    await page.fill(id('evaluate-evalSamples'), '1');
    await page.click(id('evaluate'));
    const drawn = playEval(0, { split: 'test', sampled: { samples: 1, temperature: 1 } });
    const unreadable = drawn.clips.filter(({ exact }) => exact === null);
    await expect.poll(() => clips().count()).toBe(unreadable.length);
    expect(await clips().first().textContent()).toContain('unreadable');
    await clips().first().locator('summary').click();
    expect(await clips().first().locator('pre').textContent()).toBe(unreadable[0]!.answers[0]!.text);
    await page.selectOption(id('evaluate-evalDecoding'), 'greedy');
    await page.click(id('evaluate'));
    const sad = evalAt(0).clips.filter(({ label, exact }) => label === 'sad' && exact === 'neutral').length;
    await page.getByRole('button', { name: `truth sad, answer neutral: ${sad} clips` }).click();
    await expect.poll(() => clips().count()).toBe(sad);
    expect(await page.getByLabel('truth sad, answer neutral').getAttribute('aria-pressed')).toBe('true');
    await runSteps(45);
    await page.click(id('evaluate'));
    const fixed = fixedBetween(0, 45);
    await expect.poll(() => page.textContent(id('change'))).toContain(`${fixed} fixed`);
    await page.click(id('select-fixed'));
    await expect.poll(() => clips().count()).toBe(fixed);
    await page.click(id('select-broken'));
    expect(await page.textContent('.empty')).toContain('No clip');
    const [war] = await page.locator(`${id('score-table')} tbody tr`).allTextContents();
    expect(war).toContain(`WAR${percent(evalAt(45).war)}`);
    expect(war).toContain(gain(0, 45));
  });

  it('measures the start after a run, too, and compares with it', async () => {
    await open('?stepMs=0#/evaluate');
    await startable();
    await page.waitForSelector(id('evaluate'));
    expect(await page.locator(id('evaluate-start')).count()).toBe(0);
    await runSteps(45);
    await page.click(id('evaluate'));
    await page.waitForSelector(id('scores'));
    expect(await page.locator(id('change')).count()).toBe(0);
    await page.click(id('evaluate-start'));
    await expect.poll(() => page.textContent(id('change'))).toContain(`${fixedBetween(0, 45)} fixed`);
    expect(await page.textContent(id('scores'))).toContain('step 45');
    await page.screenshot({ path: `${PICTURES}/evaluate-start.png` });
  });

  it('has its turn between two steps of a run, which goes on', async () => {
    await open('?stepMs=1000');
    await startable();
    await page.click(id('start'));
    await state('running');
    await page.getByRole('link', { name: /^Evaluate/ }).click();
    await page.click(id('evaluate'));
    await page.waitForSelector(id('scores'));
    expect(await page.locator('[data-state=running]').count()).toBe(1);
  });

  it('draws several answers when asked to, and refuses a number that cannot be', async () => {
    await open('#/evaluate');
    await startable();
    await page.selectOption(id('evaluate-evalDecoding'), 'sampled');
    await page.fill(id('evaluate-evalSamples'), 'many');
    expect(await page.isDisabled(id('evaluate'))).toBe(true);
    expect(await page.textContent('.field-problem')).toContain('“Samples (k)” is "many"');
    await page.fill(id('evaluate-evalSamples'), '4');
    await page.click(id('evaluate'));
    const drawn = playEval(0, { split: 'test', sampled: { samples: 4, temperature: 1 } });
    await expect.poll(() => page.textContent(id('pass-rates'))).toContain(`maj@4 ${percent(drawn.war)}`);
    for (const { k, value } of drawn.passAtK!)
      expect(await page.textContent(id('pass-rates'))).toContain(`pass@${k} ${percent(value)}`);
    expect((await sent()).find(({ type }) => type === 'evaluate')).toMatchObject({
      sampled: { samples: 4, temperature: 1 },
    });
    await page.getByRole('button', { name: 'truth happy, answer angry' }).click();
    const first = drawn.clips.find(({ label, exact }) => label === 'happy' && exact === 'angry');
    expect(await clips().first().locator('summary').textContent()).toBe(answerCounts(first!));
  });

  it('keeps the history of a run by step and marks the best', async () => {
    await withHistory('?stepMs=0');
    await expect.poll(() => page.locator(id('eval-row')).count()).toBe(6);
    const best = [0, 10, 20, 30, 40, 50].findLast((step) => evalAt(step).best)!;
    expect(await page.textContent(id('eval-chart'))).toContain(`best by WAR: step ${best}`);
    const row = page.locator(id('eval-row')).filter({ hasText: '★ best' });
    expect(await row.count()).toBe(1);
    const { correct, n } = evalAt(best);
    expect(await row.textContent()).toMatch(new RegExp(`^${best} ★ best.*${correct} of ${n}`));
    expect(await page.textContent(id('scores'))).toContain(warOf(50, 0));
    await row.getByRole('button', { name: 'show' }).click();
    await expect.poll(() => page.textContent(id('scores'))).toContain(warOf(best, 0));
    await page.selectOption(id('against'), { label: 'step 20 · greedy' });
    await expect.poll(() => page.textContent(id('scores'))).toContain(warOf(best, 20));
  });
});

describe('evaluation of any answers', () => {
  const pictures = async (name: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${PICTURES}/evaluate-${name}-${colorScheme}.png`, fullPage: true });
    }
  };

  it('shows each kind of rows with its change, and the answers, the worst first', async () => {
    await open('?stepMs=0&evals=open#/evaluate');
    await startable();
    await page.click(id('evaluate'));
    await runSteps(45);
    await page.click(id('evaluate'));
    const [before, now] = [madeEval('open', 0, 'test'), madeEval('open', 45, 'test')] as OpenEval[];
    await expect.poll(() => page.locator(id('eval-row')).count()).toBe(2);
    const gained = compareEvals(before!, now!)!;
    expect(await page.textContent(id('scores'))).toContain(`mean score ${percent(now!.scores.score)} (+`);
    const kinds = await page.locator(id('kind-row')).allTextContents();
    expect(kinds).toHaveLength(3);
    for (const [i, { kind, n, score }] of now!.scores.kinds.entries()) {
      const was = before!.scores.kinds.find((each) => each.kind === kind)!;
      expect(kinds[i]).toContain(`${n}${percent(score)}`);
      expect(kinds[i]).toContain(percent(was.score));
    }
    const means = page.locator(`${id('reward-means')} tbody tr`);
    expect(await means.allTextContents()).toEqual(['format0.7360.25+0.45', 'mine–03–']);
    expect(await page.textContent('main')).toContain('mine.ts:3:5: TypeError.');
    expect(await page.locator(id('confusion')).count()).toBe(0);
    const rows = page.locator(id('scored-answer'));
    expect(await rows.count()).toBe(36);
    expect(await rows.first().textContent()).toContain('0.0 %');
    expect(await rows.last().textContent()).toContain('100.0 %');
    await pictures('open');
    await page.click(id('select-fixed'));
    await expect.poll(() => rows.count()).toBe(gained.fixed.length);
    await page.getByRole('button', { name: 'All answers' }).click();
    await expect.poll(() => rows.count()).toBe(36);
    const download = page.waitForEvent('download');
    await page.click(id('save-predictions'));
    const file = await download;
    expect(file.suggestedFilename()).toBe('predictions-step-45-test.jsonl');
    const lines = readFileSync(await file.path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(predictionLines(now!));
  });

  it('keeps a confusion table of nine answers inside its panel, and lists the commonest of many', async () => {
    await open('?stepMs=0&evals=nine#/evaluate');
    await startable();
    await page.click(id('evaluate'));
    await page.waitForSelector(id('confusion'));
    // What a reward model makes of the thinking stands beside the scores, and what it made of it before.
    const reasoning = page.locator(id('reasoning'));
    expect(await reasoning.textContent()).toContain('as feels reads the thinking of 27');
    const measures = reasoning.locator('tbody tr');
    expect(await measures.last().textContent()).toBe('FCRboth are right12.5 %');
    await runSteps(45);
    await page.click(id('evaluate'));
    await expect
      .poll(() => measures.allTextContents())
      .toEqual([
        'EEAthe thinking shows the right label70.0 %25.0 %+45.0',
        'EPCthinking and answer say the same label50.0 %50.0 %±0.0',
        'FCRboth are right12.5 %12.5 %±0.0',
      ]);
    const overflow = () =>
      page.evaluate(() => document.body.scrollWidth - document.documentElement.clientWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    const [table, panel] = await Promise.all([
      page.locator(id('confusion')).boundingBox(),
      page.locator('.panel', { has: page.locator(id('confusion')) }).boundingBox(),
    ]);
    expect(table!.x + table!.width).toBeLessThanOrEqual(panel!.x + panel!.width);
    await pictures('nine');
    await open('?evals=many#/evaluate');
    await page.reload();
    await startable();
    await page.click(id('evaluate'));
    const common = page.locator(`${id('common-confusions')} tbody tr`);
    await expect.poll(() => common.count()).toBe(20);
    expect(await page.locator(id('confusion')).count()).toBe(0);
    const [first] = commonConfusions(madeEval('many', 0, 'test') as ClosedEval, 20);
    expect(await common.first().textContent()).toBe(
      `${first!.truth}${first!.answer ?? 'unreadable'}${first!.count}`,
    );
    await common.first().getByRole('button').click();
    await expect.poll(() => page.locator(id('eval-clip')).count()).toBe(first!.count);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await pictures('many');
  });
});

/** Trains so many steps and comes back to the evaluations. */
async function runSteps(steps: number, evalEvery = 0): Promise<void> {
  await page.locator('h1').click();
  await page.keyboard.press('3');
  await page.fill(id('field-steps'), String(steps));
  await page.click(id('all-settings'));
  await page.fill(id('all-field-evalEvery'), String(evalEvery));
  await page.click(id('start'));
  await state('finished');
  await page.locator('h1').click();
  await page.keyboard.press('5');
}

/** Measures the weights as loaded, then trains 50 steps with an evaluation every ten. */
async function withHistory(query: string, from = server): Promise<void> {
  await open(`${query}#/evaluate`, from);
  await startable();
  await page.selectOption(id('split'), 'val');
  await page.click(id('evaluate'));
  await page.waitForSelector(id('eval-row'));
  await runSteps(50, 10);
}

it('asks again for a screen that could not be fetched, while the rest goes on', async () => {
  await open('?stepMs=200');
  await startable();
  await page.click(id('start'));
  await state('running');
  await page.route('**/model-screen*', (route) => route.abort());
  await page.keyboard.press('2');
  await expect.poll(() => page.textContent(id('screen-broken'))).toContain('Model screen could not be shown');
  expect(complaints.splice(0).length).toBeGreaterThan(0);
  await page.screenshot({ path: `${PICTURES}/screen-broken.png` });
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Reload the page' }).waitFor();
  await expect.poll(() => complaints.length).toBeGreaterThan(1);
  complaints.splice(0);
  await page.unroute('**/model-screen*');
  await page.keyboard.press('3');
  await page.waitForSelector(id('chart-reward'));
  await page.keyboard.press('2');
  await page.waitForSelector(id('drop-zone'));
  expect(await page.getAttribute(id('state'), 'data-state')).toBe('running');
});

it('says what is missing where there is no GPU, and starts nothing', async () => {
  await open('?gpu=0');
  await expect.poll(() => page.textContent(id('unavailable'))).toContain('Use Chrome 113 or newer');
  expect(await page.isDisabled(id('start'))).toBe(true);
});

it('tells of an export that the visit before left unfinished', async () => {
  await open('?broken=1#/export');
  const notice = page.locator(id('export-broken'));
  await expect
    .poll(() => notice.textContent())
    .toContain('An export to models broke off (begun 2026-11-22 12:34 UTC)');
  expect(await notice.textContent()).toContain('1 of 2 files');
  expect(await notice.textContent()).toContain('Its run brave-otter is not kept on this device any more');
  expect(await page.locator(id('export-again')).count()).toBe(0);
});

it('begins an export that broke off again with one press', async () => {
  await open('?broken=1&stored=1#/export');
  const again = page.locator(id('export-again'));
  await again.waitFor();
  await page.screenshot({ path: `${PICTURES}/export-broken.png` });
  await again.click();
  await page.waitForSelector(id('export-file'));
  expect((await sent()).find(({ type }) => type === 'export')).toMatchObject({
    parts: { merged: 'bf16', adapter: false },
    place: { kind: 'archive' },
    run: { id: 'brave-otter-1', step: 60 },
  });
  expect(await page.locator(id('export-broken')).count()).toBe(0);
});

describe('the bench', () => {
  it('runs the groups chosen, shows rows as they come, and stops', async () => {
    await open('#/bench');
    await page.uncheck(id('bench-decode'));
    await page.uncheck(id('bench-attention'));
    await page.check(id('bench-norm'));
    await page.uncheck(id('bench-jax-js'));
    await page.click(id('bench-run'));
    await page.waitForSelector(id('bench-row'));
    expect(await page.textContent(id('bench-progress'))).toBe('1 of 3 comparisons');
    expect(await page.locator(id('bench-row')).allTextContents()).toEqual([
      expect.stringMatching(/59\.1 ms.*4\.80×6\.20 77 %0\.62 26 %$/),
      expect.stringContaining('cannot: out of memory'),
    ]);
    expect(await page.textContent(id('bench-mean'))).toBe('4.80×');
    expect(await page.textContent(id('bench-device'))).toContain('8.1 GFLOP/s, 2.4 GB/s');
    await page.click(id('bench-stop'));
    await page.waitForSelector(`${id('bench-run')}:not([disabled])`);
    expect((await sent()).filter(({ type }) => /bench/i.test(type))).toEqual([
      { type: 'bench', requestId: expect.any(Number), groups: ['matmul', 'norm'], libraries: ['tfjs'] },
      { type: 'stopBench' },
    ]);
  });

  it('copies what the command line would write', async () => {
    await chromium.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open('#/bench');
    await page.click(id('bench-run'));
    await page.click(id('bench-copy'));
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(JSON.parse(copied)).toEqual(FAKE_BENCH);
  });

  it('waits until no run is under way', async () => {
    await open('?stepMs=200');
    await startable();
    await page.click(id('start'));
    await state('running');
    await page.keyboard.press('8');
    await page.waitForSelector(`${id('bench-run')}[disabled]`);
    await page.getByText('Stop the run to time the device.').waitFor();
  });
});

describe('pictures, light and dark,', () => {
  it('of every screen, empty and after a run; each has one heading, and nothing hangs over the side', async () => {
    const shoot = async (name: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${PICTURES}/${colorScheme}-${name}.png` });
      }
    };
    const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    const screens = ['data', 'model', 'train', 'rollouts', 'evaluate', 'export', 'runs', 'bench'];
    const visit = async (screen: string) => {
      await page.keyboard.press(String(1 + screens.indexOf(screen)));
      await page.waitForSelector(`[data-screen=${screen}]`);
      await page.getByText('Opening…').waitFor({ state: 'detached' });
      expect(await page.locator('h1').count()).toBe(1);
    };
    await open('?demo=0', warning);
    for (const screen of screens) {
      await visit(screen);
      if (screen === 'evaluate' || screen === 'export')
        expect(await page.textContent('main')).toContain(`Open a model first, to ${screen}.`);
      await shoot(`${screen}-empty`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await withHistory('?stepMs=0', warning);
    for (const screen of screens) {
      await visit(screen);
      if (screen === 'data') await page.locator(id('clip-row')).nth(1).click();
      if (screen === 'rollouts') {
        await page.locator(id('rollout-row')).nth(2).click();
        await page.getByLabel('tokens by').selectOption('mismatch');
      }
      if (screen === 'export') await page.click(id('export-button'));
      if (screen === 'bench') await page.click(id('bench-run'));
      if (screen === 'train') await chartsDrawn(page);
      expect(await overhang(), screen).toBeLessThanOrEqual(0);
      await shoot(screen);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    for (const screen of screens) {
      await visit(screen);
      if (screen === 'train') await chartsDrawn(page);
      expect(await overhang(), `${screen} on a telephone`).toBeLessThanOrEqual(0);
      await shoot(`${screen}-phone`);
    }
    await page.setViewportSize({ width: 800, height: 900 });
    await visit('train');
    await chartsDrawn(page);
    await shoot('train-narrow');
    await page.setViewportSize({ width: 1280, height: 1500 });
    await visit('evaluate');
    await page.getByRole('button', { name: 'truth sad, answer sad' }).click();
    await shoot('evaluate-history');
    await page.selectOption(id('evaluate-evalDecoding'), 'sampled');
    await page.fill(id('evaluate-evalSamples'), '4');
    await page.click(id('evaluate'));
    await page.waitForSelector(id('pass-rates'));
    await page.getByRole('button', { name: 'truth happy, answer angry' }).click();
    await page.locator(id('eval-clip')).first().locator('summary').click();
    await shoot('evaluate-sampled');
    await page.setViewportSize({ width: 1280, height: 720 });
    await open('?stored=1#/train', warning);
    await page.waitForSelector(id('kept-runs'));
    await shoot('train-stored');
    await visit('runs');
    await page.getByRole('button', { name: 'More about keen-ibex' }).click();
    await shoot('runs-stored');
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await overhang()).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 390, height: 2200 });
    await shoot('runs-stored-phone');
    await page.setViewportSize({ width: 1280, height: 720 });
    await visit('train');
    await page.getByRole('button', { name: 'Resume brave-otter at step 60 of 120' }).click();
    await page.waitForSelector(id('saved'));
    await chartsDrawn(page);
    await shoot('train-resumed');
  });
});
