/** Rollouts in a real Chromium, over a pretended worker: the clip beside its answers, a group's answers, what they earned, and the way from a chart. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { eachPage, id, PICTURES } from './each-page.ts';
import { FAKE_PART } from './fake-clips.ts';
import { playRollouts } from './recorded-run.ts';

let page: Page;
let address: string;
eachPage(
  ({ page: opened, url }) => {
    page = opened;
    address = url;
  },
  { kind: 'development', height: 900 },
);

const sent = () =>
  page.evaluate(() => (globalThis as unknown as { sent: { type: string; config?: unknown }[] }).sent);

/** Steps of the run that is looked at. */
const STEPS = 4;
const groupsOf = (step: number) => playRollouts(step, STEPS).groups;

/** A run whose answers are on the screen. */
async function rollouts(query = '?stepMs=0'): Promise<void> {
  await page.goto(`${address}${query}`);
  await page.waitForSelector(`${id('start')}:not([disabled])`);
  await page.fill(id('field-steps'), String(STEPS));
  await page.click(id('start'));
  await page.waitForSelector('[data-state=finished]', { timeout: 90_000 });
  await page.locator('h1').click();
  await page.keyboard.press('4');
  await page.waitForSelector(id('rollout-row'));
}

/** Both themes, and a telephone. */
async function shoot(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator('.view-choice').scrollIntoViewIfNeeded();
  await page.screenshot({ path: `${PICTURES}/${name}-phone.png` });
  const overhang = await page.evaluate(() => {
    const main = document.querySelector('main')!;
    return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
  });
  expect(Math.max(...overhang)).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Opens the first answer of a step whose clip's number ends so. */
async function openClip(last: number): Promise<{ step: number }> {
  for (let step = STEPS; step >= 1; step--) {
    const groups = groupsOf(step);
    const group = groups.findIndex(({ exampleId }) => Number(exampleId.at(-1)) === last);
    if (group < 0) continue;
    await page.fill(id('rollout-step'), String(step - 1));
    const before = groups.slice(0, group).flatMap(({ completions }) => completions).length;
    await page.locator(id('rollout-row')).nth(before).click();
    await page.waitForSelector(id('clip-beside'));
    return { step };
  }
  throw new Error(`No clip that was recorded ends with ${last}.`);
}

describe('the clip beside its answers', () => {
  const played = () => page.locator(`${id('player')} audio`);
  const time = () => played().evaluate((one: HTMLAudioElement) => one.currentTime);

  it('plays what was recorded, and shows the frames and the sound that the run was computed from', async () => {
    await page.addInitScript(() => {
      const open = new Set<string>();
      Object.assign(globalThis, { open });
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (blob) => {
        const url = createObjectURL.call(URL, blob);
        open.add(url);
        return url;
      };
      URL.revokeObjectURL = (url) => {
        open.delete(url);
        revokeObjectURL.call(URL, url);
      };
    });
    await rollouts();
    await openClip(0);
    const beside = page.locator(id('clip-beside'));
    await expect.poll(() => beside.getByRole('img', { name: /^frame/ }).count()).toBe(8);
    await beside.getByRole('img', { name: 'Log-mel spectrogram' }).waitFor();
    expect(await beside.textContent()).toMatch(/truth (angry|happy|neutral|sad)/);
    const commands = await sent();
    const started = commands.find(({ type }) => type === 'start')!;
    expect(commands.filter(({ type }) => type === 'preview').map(({ config }) => config)).toEqual([
      started.config,
    ]);
    await expect.poll(() => played().evaluate((one: HTMLAudioElement) => one.duration)).toBeCloseTo(2, 1);
    await page.keyboard.press('c');
    await expect.poll(time).toBeGreaterThan(0);
    await page.keyboard.press('c');
    expect(await played().evaluate((one: HTMLAudioElement) => one.paused)).toBe(true);
    await shoot('rollouts-clip');

    // Another answer to the same clip asks for no other preview; once all are closed, no file is held.
    const rows = page.locator(id('rollout-row'));
    const at = await rows.evaluateAll((all) => all.findIndex((one) => one.dataset.open === 'true'));
    await rows.nth(at + 1).click();
    await expect.poll(() => beside.getByRole('img', { name: /^frame/ }).count()).toBe(8);
    expect((await sent()).filter(({ type }) => type === 'preview')).toHaveLength(1);
    const held = () => page.evaluate(() => (globalThis as unknown as { open: Set<string> }).open.size);
    await expect.poll(held).toBe(1);
    await rows.nth(at + 1).click();
    await expect.poll(held).toBe(0);
  });

  it('of a part of a recording plays that part', async () => {
    await rollouts();
    await openClip(2);
    await expect.poll(time).toBeCloseTo(FAKE_PART.start, 1);
    await page.keyboard.press('c');
    await expect.poll(() => played().evaluate((one: HTMLAudioElement) => one.paused)).toBe(true);
    expect(Math.abs((await time()) - FAKE_PART.end)).toBeLessThan(0.2);
    await page.keyboard.press('c');
    await expect.poll(time).toBeLessThan(FAKE_PART.end - 0.1);
  });

  it('says what the browser cannot play, and shows the frames all the same', async () => {
    await rollouts();
    await openClip(1);
    await page.getByText('This browser cannot play damaged.mp4').waitFor();
    await expect
      .poll(() =>
        page
          .locator(id('clip-beside'))
          .getByRole('img', { name: /^frame/ })
          .count(),
      )
      .toBe(8);
  });

  it('of a row of text is its question alone', async () => {
    await rollouts('?stepMs=0&family=qwen3&own=96');
    await page.locator(id('rollout-row')).first().click();
    const beside = page.locator(id('clip-beside'));
    await expect.poll(() => beside.locator(id('asked')).textContent()).toMatch(/^question Question \d+/);
    expect(await beside.textContent()).toMatch(/truth (angry|happy|neutral|sad)$/);
    expect(await beside.locator('audio, video, img, canvas, h3').count()).toBe(0);
    expect((await sent()).filter(({ type }) => type === 'clipFiles' || type === 'preview')).toEqual([]);
  });
});

describe('the answers of a group', () => {
  it('stand beside each other, the same ones as one, and the word that tells winners from losers is marked', async () => {
    await rollouts();
    await page.fill(id('rollout-step'), '0');
    const groups = groupsOf(1);
    const at = groups.findIndex(({ completions }) => new Set(completions.map(({ text }) => text)).size === 2);
    const { completions } = groups[at]!;
    const rows = page.locator(id('rollout-row'));
    const first = groups.slice(0, at).flatMap((group) => group.completions).length;
    await expect.poll(() => rows.nth(first).locator('.row-button').textContent()).toBe(completions[0]!.text);
    await rows.nth(first).locator('.clip-link').click();
    const cards = page.locator(id('answer-card'));
    await expect.poll(() => cards.count()).toBe(2);
    const [won, lost] = [cards.nth(0), cards.nth(1)];
    const texts = await cards.locator('.card-head').allTextContents();
    expect(texts).toEqual(['✓sad×2+0.87', '✗neutral×2−0.87']);
    expect(await cards.locator(id('parts-at')).allTextContents()).toEqual([' frown', ' smile']);
    expect(await won.locator('mark').allTextContents()).toEqual([' frown', 'sad']);
    expect(await lost.locator('mark').allTextContents()).toEqual([' smile', 'neutral']);
    expect(await won.locator('dl').textContent()).toBe('accuracy1format1total2length16 eos');
    const split = (await page.textContent(id('split')))!;
    expect(split).toMatch(/^Winners and losers first part after <think>a/);
    expect(split).toContain('frown2 answers, all won');
    expect(split).toContain('smile2 answers, all lost');
    await shoot('rollouts-group');

    await lost.getByRole('button', { name: 'token by token' }).click();
    const wanted = completions.findIndex(({ advantage }) => advantage < 0);
    const shown = page.getByRole('button', { name: `answer ${wanted + 1} of 4`, pressed: true });
    await shown.waitFor();
    expect(await shown.evaluate((one) => one === document.activeElement)).toBe(true);
    expect(await page.textContent(id('completion-text'))).toBe(completions[wanted]!.text);
  });

  it('open and close by g, and arrow keys inside of what is open do not lead away', async () => {
    await rollouts();
    await page.keyboard.press('j');
    await page.keyboard.press('g');
    await page.waitForSelector(id('group-view'));
    expect(await page.locator('.rollouts [tabindex="0"][data-place]').count()).toBe(1);
    await page.keyboard.press('g');
    await page.waitForSelector(id('completion-text'));
    const choice = page.getByLabel('tokens by');
    await choice.focus();
    await page.keyboard.press('ArrowDown');
    expect(await choice.evaluate((one) => one === document.activeElement)).toBe(true);
  });
});

describe('what answers earned', () => {
  it('stands as bars, of which one filters the table until its chip is taken away', async () => {
    await rollouts();
    const completions = groupsOf(STEPS).flatMap((group) => group.completions);
    const of = (value: number, name?: string) =>
      completions.filter(({ total, rewards }) => (name ? rewards[name] : total) === value).length;
    const bars = page.locator(id('histogram')).locator('.bin');
    const spoken = () => bars.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    const labels = (name: string, values: readonly number[]) =>
      values
        .map((value) => [value, of(value, name === 'total' ? undefined : name)] as const)
        .filter(([, count]) => count > 0)
        .map(([value, count]) => `${name} ${value}: ${count} answer${count === 1 ? '' : 's'}`);
    expect(await spoken()).toEqual(labels('total', [0, 1, 2]));
    await page.locator(id('histogram')).locator('select').selectOption('accuracy');
    await expect.poll(spoken).toEqual(labels('accuracy', [0, 1]));

    // By keyboard alone: to the bars, along them, one is pressed.
    await page.locator('h1').click();
    await page.keyboard.press('h');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const rows = page.locator(id('rollout-row'));
    await expect.poll(() => rows.count()).toBe(of(1, 'accuracy'));
    expect(await spoken()).toEqual(labels('accuracy', [0, 1]));
    expect(await bars.evaluateAll((all) => all.map((one) => one.getAttribute('aria-pressed')))).toEqual([
      'false',
      'true',
    ]);
    const chip = page.locator(id('bin-chip'));
    expect(await chip.textContent()).toBe('accuracy 1 ✕, show all');
    await rows.first().click();
    await shoot('rollouts-histogram');
    await chip.press('Enter');
    await expect.poll(() => rows.count()).toBe(completions.length);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
    expect(await chip.count()).toBe(0);
  });
});

describe('a point of a chart', () => {
  const shownStep = () => page.textContent('.step-choice b');

  it('opens the answers of its step, by a click and by keyboard alone', async () => {
    await rollouts();
    await page.keyboard.press('3');
    const chart = page.locator(`${id('chart-reward')} .chart-plot[data-points="${STEPS}"]`);
    await chart.waitFor();
    const { width, height } = (await chart.boundingBox())!;
    // A little right of the second of four points between the axis and the margin.
    const x = 48 + ((width - 48 - 8) * 1.1) / (STEPS - 1);
    await chart.click({ position: { x, y: height / 2 } });
    await page.waitForSelector('[data-screen=rollouts]');
    expect(new URL(page.url()).hash).toBe('#/rollouts?step=2');
    await expect.poll(shownStep).toBe('2');

    await page.mouse.move(0, 0);
    await page.keyboard.press('3');
    const entropy = page.locator(`${id('chart-entropy')} .chart-plot[data-points="${STEPS}"]`);
    await entropy.waitFor();
    await entropy.locator('svg.recharts-surface').focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight');
    const tip = (chart: string) => page.locator(`${id(chart)} .tip`).getAttribute('data-step');
    await expect.poll(() => tip('chart-entropy')).toBe('3');
    await expect.poll(() => tip('chart-reward')).toBe('3');
    await page.screenshot({ path: `${PICTURES}/charts-pointed.png` });
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-screen=rollouts]');
    await expect.poll(shownStep).toBe('3');
  });
});
