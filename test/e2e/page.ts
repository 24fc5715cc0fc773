/** The studio's page as a person uses it: screens, settings, buttons, folders dropped from the desktop. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import type { ConfigKey } from '../../src/protocol/config.ts';
import type { RunState } from '../../src/protocol/messages.ts';
import { readStoredZip } from '../reference/stored-zip.ts';

const ARTIFACTS = join(projectRoot(), 'test', 'artifacts');

export type Screen = 'data' | 'model' | 'train' | 'rollouts' | 'evaluate' | 'export' | 'runs' | 'bench';

/** Keeps a picture of the page as a test artefact. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
}

export async function show(page: Page, screen: Screen): Promise<void> {
  await page.evaluate((to) => {
    location.hash = `/${to}`;
  }, screen);
  await page.locator(`.rail-stop[aria-current=page][href="#/${screen}"]`).waitFor();
}

/**
 * Drops a folder of this machine on a screen, as from the desktop. The drop is on another element than the one hovered last, as it is
 * when the page moves under the pointer.
 */
export async function dropFolder(page: Page, screen: 'data' | 'model', path: string): Promise<void> {
  await show(page, screen);
  await page.locator('[data-testid=drop-zone]').first().waitFor();
  await drag(page, path, { x: 700, y: 500 }, { x: 700, y: 10 });
}

/** Drops a folder of this machine on a part of the page. */
export async function dropOn(part: Locator, path: string): Promise<void> {
  await part.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await part.boundingBox())!;
  const middle = { x: x + width / 2, y: y + height / 2 };
  await drag(part.page(), path, middle, middle);
}

type Point = Readonly<Record<'x' | 'y', number>>;

/** The page gets a real directory entry. */
async function drag(page: Page, path: string, over: Point, to: Point): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const [type, at] of [
    ['dragEnter', over],
    ['dragOver', over],
    ['drop', to],
  ] as const) {
    await client.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await client.detach();
}

export async function reach(page: Page, state: RunState, timeout = 480_000): Promise<void> {
  await page.locator(`[data-testid=state][data-state=${state}]`).waitFor({ timeout });
}

/** Waits until the embedded demo has opened or has said why it cannot. */
export async function settled(page: Page): Promise<void> {
  await page
    .locator('[data-testid=state][data-state=ready], [data-testid=problem]')
    .first()
    .waitFor({ timeout: 120_000 });
}

/** Types settings over the defaults into the form of all settings. */
export async function setAll(page: Page, values: Partial<Record<ConfigKey, string>>): Promise<void> {
  await show(page, 'train');
  const form = page.locator('details.all-settings');
  if ((await form.getAttribute('open')) === null) await page.getByTestId('all-settings').click();
  await page.getByTestId('preset').selectOption('defaults');
  const change = page.getByTestId('apply-preset');
  await change.or(page.getByTestId('preset-same')).waitFor();
  await ((await change.count()) > 0 ? change : page.getByTestId('leave-preset')).click();
  for (const [key, value] of Object.entries(values)) {
    const field = page.getByTestId(`all-field-${key}`);
    const kind = await field.evaluate((element) =>
      element instanceof HTMLInputElement ? element.type : element.tagName,
    );
    if (kind === 'SELECT') await field.selectOption(value);
    else if (kind === 'checkbox') await field.setChecked(value === 'true');
    else await field.fill(value);
  }
  await page.getByTestId('all-settings').click();
}

async function latestStep(page: Page): Promise<string> {
  return /step (\d+)/.exec((await page.getByTestId('run-step').textContent())!)![1]!;
}

/** Waits until all charts there are have been drawn, and show the numbers of the run's latest step. */
export async function chartsDrawn(page: Page): Promise<void> {
  const late = async () =>
    page.locator(`.chart:not([data-step="${await latestStep(page)}"]), .chart-plot:not([data-points])`);
  await expect.poll(async () => (await late()).count()).toBe(0);
}

/** Numbers of a chart's twin table, once it is at the run's latest step: by step. */
export async function chartValues(page: Page, metric: string): Promise<Map<number, number>> {
  await show(page, 'train');
  const chart = page.getByTestId(`chart-${metric.replaceAll('/', '-')}`);
  await expect.poll(() => chart.getAttribute('data-step')).toBe(await latestStep(page));
  const cells = chart.locator(`tr[data-step] td[data-metric="${metric}"]`);
  const pairs = await cells.evaluateAll((found) =>
    found.map(
      (cell) =>
        [Number(cell.parentElement?.dataset.step), Number(cell.textContent || Number.NaN)] as [
          number,
          number,
        ],
    ),
  );
  return new Map(pairs);
}

/** Answers of the newest step: clip → texts in order, as the table shows them. */
export async function answersByClip(page: Page): Promise<Record<string, string[]>> {
  await show(page, 'rollouts');
  await page.getByTestId('rollout-row').first().waitFor();
  return page.getByTestId('rollout-row').evaluateAll((rows) => {
    const answers: Record<string, string[]> = {};
    let clip = '';
    for (const row of rows) {
      clip = row.querySelector('.clip-path')?.textContent || clip;
      const text = row.querySelector('.answer-text')?.textContent ?? '';
      answers[clip] = [...(answers[clip] ?? []), text];
    }
    return answers;
  });
}

/** Presses "Download .zip" and unpacks the archive below `folder`; returns the names of its files. */
export async function saveExport(page: Page, folder: string): Promise<string[]> {
  const download = page.waitForEvent('download', { timeout: 120_000 });
  await page.getByTestId('export-button').click();
  const files = readStoredZip(readFileSync(await (await download).path()));
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return [...files.keys()];
}

/** What a stored run tells of a step. */
export interface Step {
  readonly step: number;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Runs in the page: what the only stored run tells of its steps. */
export async function storedSteps(): Promise<Step[]> {
  const runs = await (await navigator.storage.getDirectory()).getDirectoryHandle('runs');
  for await (const run of runs.values()) {
    if (run.kind !== 'directory') continue;
    const log = await (run as FileSystemDirectoryHandle).getFileHandle('events.jsonl');
    const lines = (await (await log.getFile()).text()).trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as Step & { type: string });
    return events.filter(({ type }) => type === 'step');
  }
  return [];
}
