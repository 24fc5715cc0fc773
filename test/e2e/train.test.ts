import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../src/cli/real-size/write.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import { type ConfigKey, DEFAULT_QUESTION } from '../../src/protocol/config.ts';
import type { Chromium, ServedPage } from '../setup/chromium.ts';
import { launchChromium, servePage } from '../setup/chromium.ts';
import { demoRows, type Folder, makeFolder, smallDataset } from './folders.ts';
import { LONGEST_TASK_MS, mainThreadTasks } from './main-thread.ts';
import {
  answersByClip,
  chartsDrawn,
  chartValues,
  dropFolder,
  reach,
  saveExport,
  screenshot,
  setAll,
  settled,
  show,
} from './page.ts';

const MODEL = join(projectRoot(), 'test/golden/omni-tiny');
/** The toy model earns no reward, so the bonus on variety is what it learns from. Greedy answers and their entropy tell weights apart. */
const SETTINGS = {
  steps: '4',
  promptsPerStep: '2',
  groupSize: '2',
  maxCompletionLength: '6',
  topK: '1',
  entropyCoef: '0.5',
  learningRate: '0.02',
  schedule: 'constant',
  loraRank: '2',
};
const MINUTES = 60_000;
/** Lies in a folder while an export is written. */
const MARKER = 'manifest.json.part';
/** The file at which an export is left: the first of weights. */
const HALF = 'handoff/checkpoint-1/adapter_model.safetensors';

let chromium: Chromium;
let served: ServedPage;
const folders: Folder[] = [];
const made = (folder: Folder): Folder => {
  folders.push(folder);
  return folder;
};

beforeAll(async () => {
  [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader' }), servePage()]);
});
afterAll(async () => {
  await chromium.close();
  await served.close();
  for (const folder of folders) folder.remove();
});

/** Files below a folder of the browser's storage with their sizes; runs in the page. */
async function listFolder(name: string): Promise<[path: string, size: number][]> {
  const list = async (folder: FileSystemDirectoryHandle, prefix: string): Promise<[string, number][]> => {
    const found: [string, number][] = [];
    for await (const [child, handle] of folder.entries()) {
      if (handle.kind === 'directory')
        found.push(...(await list(handle as FileSystemDirectoryHandle, `${prefix}${child}/`)));
      else found.push([prefix + child, (await (handle as FileSystemFileHandle).getFile()).size]);
    }
    return found;
  };
  const root = await navigator.storage.getDirectory();
  return list(await root.getDirectoryHandle(name), '');
}

/** Runs in the page: makes a folder of the browser's storage an empty one. */
async function emptyFolder(name: string): Promise<void> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(name);
  for await (const child of folder.keys()) await folder.removeEntry(child, { recursive: true });
}

/** Runs in the worker: exports come no farther than to their first file of weights. */
function hangAtWeights(): void {
  const { createWritable } = FileSystemFileHandle.prototype;
  FileSystemFileHandle.prototype.createWritable = function (...options) {
    return this.name.endsWith('.safetensors')
      ? new Promise(() => undefined)
      : createWritable.apply(this, options);
  };
}

/** The pictures that are shown as what the model sees. */
const framesIn = (part: Locator): Promise<string[]> =>
  part
    .getByRole('img', { name: /^frame/ })
    .evaluateAll((frames) => frames.map((frame) => (frame as HTMLCanvasElement).toDataURL()));

async function openPage(): Promise<{ page: Page; errors: string[] }> {
  const page = await chromium.context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(served.url);
  await settled(page);
  return { page, errors };
}

describe('the studio in a browser', () => {
  let page: Page;
  let errors: string[];
  let exported: Folder;
  let data: Folder;

  beforeAll(async () => {
    ({ page, errors } = await openPage());
    exported = made(makeFolder('exported'));
  });
  afterAll(async () => {
    await page.close();
  });

  it(
    'lists the problems of a broken data set by file and row, and the rest trains',
    async () => {
      const folder = made(makeFolder('mixed'));
      const [one, two, three] = demoRows('train', 3);
      for (const { video } of [one!, two!]) folder.copy(video, `public/demo/${video}`);
      folder.copy('clips/cut.mp4', 'test/clips/truncated-h264-aac.mp4');
      folder.add('clips/zero.mp4', '');
      folder.add(
        'data.json',
        JSON.stringify([
          one,
          two,
          { ...three!, video: 'clips/cut.mp4' },
          { ...three!, video: 'clips/zero.mp4' },
        ]),
      );
      folder.add('broken.json', '{"data": [');
      await dropFolder(page, 'model', MODEL);
      await page.getByTestId('model-name').filter({ hasText: 'omni-tiny' }).waitFor();
      await dropFolder(page, 'data', folder.path);
      const issues = page.getByTestId('data-issues');
      await issues.filter({ hasText: '2 left out' }).waitFor();
      await issues.locator('summary').click();
      expect(await issues.textContent()).toMatch(/broken\.json.*not JSON at line 1/);
      expect(await issues.textContent()).toMatch(/data\.json row 4.*zero\.mp4 has 0 bytes/);
      // A clip that cannot be read is met at its turn, in an epoch at the latest.
      await setAll(page, { ...SETTINGS, steps: '2' });
      await page.getByTestId('start').click();
      await reach(page, 'finished');
      await show(page, 'data');
      await issues.filter({ hasText: '3 left out' }).waitFor();
      await issues.locator('summary').click();
      expect(await issues.textContent()).toMatch(/clips\/cut\.mp4.*truncated/);
      await screenshot(page, 'data-issues');
      expect(errors).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    'takes a dropped data set and a dropped model and shows what the model sees',
    async () => {
      data = made(smallDataset('two-clips', 2, 1));
      await dropFolder(page, 'model', MODEL);
      await page.getByTestId('model-name').filter({ hasText: 'omni-tiny' }).waitFor();
      await dropFolder(page, 'data', data.path);
      await page.getByTestId('data-summary').filter({ hasText: '3 clips' }).waitFor();
      await reach(page, 'ready');
      await page.getByTestId('clip-row').first().click();
      const preview = page.getByTestId('preview');
      await preview.waitFor({ timeout: MINUTES });
      expect(await preview.getByRole('img', { name: /^frame/ }).count()).toBe(8);
      expect(await preview.textContent()).toContain('<vi_start><video><vi_end>');
      await screenshot(page, 'data');
      await show(page, 'model');
      expect(await page.getByTestId('device').textContent()).toMatch(/swiftshader/i);
      await screenshot(page, 'model');
    },
    10 * MINUTES,
  );

  it(
    'takes three single steps whose numbers can be read off the charts',
    async () => {
      await setAll(page, SETTINGS);
      const tasks = await mainThreadTasks(page, async () => {
        for (const step of [1, 2, 3]) {
          await page.getByTestId('step').click();
          await page
            .getByTestId('run-step')
            .filter({ hasText: `step ${step} / 4` })
            .waitFor({ timeout: 3 * MINUTES });
          await reach(page, 'paused');
        }
        await chartsDrawn(page);
      });
      // How many there are depends on how often the machine lets the page draw.
      expect(tasks.length).toBeGreaterThan(100);
      expect(tasks.filter(({ ms }) => ms > LONGEST_TASK_MS)).toEqual([]);
      const entropy = await chartValues(page, 'entropy');
      expect([...entropy.keys()]).toEqual([1, 2, 3]);
      const norms = await chartValues(page, 'grad_norm');
      expect([...norms.values()].every((norm) => norm > 0)).toBe(true);
      expect([...(await chartValues(page, 'reward')).values()]).toEqual([0, 0, 0]);
      const chart = page.getByTestId('chart-entropy');
      await chart.locator('.chart-plot[data-points="3"]').waitFor();
      const line = await chart.locator('path.recharts-line-curve').first().getAttribute('d');
      expect(line?.match(/[MLC]/g)?.length).toBe(3);
      await screenshot(page, 'train');
    },
    10 * MINUTES,
  );

  it(
    'opens an answer and measures held-out clips',
    async () => {
      await show(page, 'rollouts');
      const row = page.getByTestId('rollout-row').first();
      await row.waitFor();
      const text = await row.locator('.answer-text').textContent();
      await row.click();
      expect(await page.getByTestId('completion-text').textContent()).toBe(text);
      const length = Number(await row.locator('[data-name=length]').textContent());
      const tokens = page.locator('.tokens .token');
      await expect.poll(() => tokens.count()).toBe(length);
      await page.getByLabel('tokens by').selectOption('logProb');
      const spoken = await tokens.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
      for (const label of spoken) expect(label).toMatch(/: −[\d.]+(e−\d+)?$/);
      // The clip beside it plays, and its frames are those that the Data screen shows of it.
      const beside = page.getByTestId('clip-beside');
      const played = beside.locator('video');
      const name = (await row.locator('.clip-link').textContent())!;
      await expect.poll(() => played.evaluate((one: HTMLVideoElement) => one.videoWidth)).toBeGreaterThan(0);
      expect(await played.getAttribute('aria-label')).toContain(name);
      await played.press('c');
      await expect.poll(() => played.evaluate((one: HTMLVideoElement) => one.currentTime)).toBeGreaterThan(0);
      await expect.poll(async () => (await framesIn(beside)).length).toBe(8);
      const shown = await framesIn(beside);
      expect(new Set(shown).size).toBeGreaterThan(1);
      await screenshot(page, 'rollouts');
      await show(page, 'data');
      await page.getByTestId('clip-row').filter({ hasText: name }).click();
      await expect.poll(() => framesIn(page.getByTestId('preview'))).toEqual(shown);
      await show(page, 'evaluate');
      await page.getByTestId('split').selectOption('test');
      await page.locator('.toolbar button.primary').click();
      await page
        .getByTestId('scores')
        .filter({ hasText: 'n = 1' })
        .waitFor({ timeout: 3 * MINUTES });
      await screenshot(page, 'evaluate');
    },
    10 * MINUTES,
  );

  it(
    'exports weights, adapter and logs',
    async () => {
      await show(page, 'export');
      const names = await saveExport(page, exported.path);
      expect(names).toEqual(
        expect.arrayContaining([
          'model/model/model.safetensors',
          'adapter/adapter_model.safetensors',
          'metrics.jsonl',
          'rollouts.jsonl',
          'predictions.jsonl',
          'logs/metrics.csv',
        ]),
      );
      const [header, ...rows] = readFileSync(join(exported.path, 'logs/metrics.csv'), 'utf8')
        .trim()
        .split('\n');
      expect(header).toMatch(/^step,timestamp,runtime,reward,.*,rewards\/\w+\/mean,/);
      expect(rows.map((row) => row.split(',')[0])).toEqual(['1', '2', '3']);
      const lines = readFileSync(join(exported.path, 'metrics.jsonl'), 'utf8').trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3]);
      expect(readFileSync(join(exported.path, 'rollouts.jsonl'), 'utf8').trim().split('\n').length).toBe(12);
      await screenshot(page, 'export');
    },
    10 * MINUTES,
  );

  it(
    'gives the same answers and log-probabilities from the re-imported export',
    async () => {
      await show(page, 'train');
      const before = (await chartValues(page, 'entropy')).get(1)!;
      await page.getByTestId('step').click();
      await reach(page, 'finished');
      const trained = {
        answers: await answersByClip(page),
        entropy: (await chartValues(page, 'entropy')).get(4)!,
      };
      await dropFolder(page, 'model', join(exported.path, 'model'));
      await reach(page, 'ready');
      await setAll(page, { ...SETTINGS, steps: '2' });
      await page.getByTestId('step').click();
      await reach(page, 'paused');
      expect(await answersByClip(page)).toEqual(trained.answers);
      const entropy = (await chartValues(page, 'entropy')).get(1)!;
      expect(Math.abs(entropy - trained.entropy)).toBeLessThan(1e-4);
      expect(Math.abs(before - trained.entropy)).toBeGreaterThan(1e-2);
      expect(errors).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    'saves into a chosen folder; an export whose tab was killed begins again with one press',
    async () => {
      // A folder of the browser's own storage stands in for the one that a person would choose.
      await page.evaluate(() => {
        const chosen = async () => {
          const root = await navigator.storage.getDirectory();
          return root.getDirectoryHandle('chosen', { create: true });
        };
        Object.assign(window, { showDirectoryPicker: chosen });
      });
      await show(page, 'export');
      await page.getByTestId('export-handoff').check();
      await page.getByTestId('export-dtype').selectOption('f32');
      const saved = page.getByRole('heading', { name: 'files saved to chosen' });
      await page.getByTestId('save-to-folder').click();
      await saved.waitFor({ timeout: MINUTES });
      const whole = await page.evaluate(listFolder, 'chosen');
      const sizeOf = new Map(whole);
      expect(sizeOf.get('handoff/checkpoint-1/optimizer.pt')).toBeGreaterThan(1000);
      expect(sizeOf.get('manifest.json')).toBeGreaterThan(1000);
      expect(whole.filter(([, size]) => size === 0)).toEqual([]);
      expect(sizeOf.has(MARKER)).toBe(false);

      await page.evaluate(emptyFolder, 'chosen');
      await page.workers()[0]!.evaluate(hangAtWeights);
      await page.getByTestId('save-to-folder').click();
      await expect
        .poll(() => page.evaluate(listFolder, 'chosen'), { timeout: MINUTES })
        .toContainEqual([HALF, 0]);
      await page.close();

      ({ page, errors } = await openPage());
      await dropFolder(page, 'model', join(exported.path, 'model'));
      await page.getByTestId('model-name').filter({ hasText: 'model' }).waitFor();
      await dropFolder(page, 'data', data.path);
      await page.getByTestId('data-summary').filter({ hasText: '3 clips' }).waitFor();
      await reach(page, 'ready');
      await show(page, 'export');
      await page.getByTestId('export-broken').filter({ hasText: 'An export to chosen broke off' }).waitFor();
      expect((await page.evaluate(listFolder, 'chosen')).map(([path]) => path)).toContain(MARKER);
      await page.getByTestId('export-again').click();
      await page.getByRole('heading', { name: 'files saved to chosen' }).waitFor({ timeout: 2 * MINUTES });
      const written = await page.evaluate(listFolder, 'chosen');
      expect(written.map(([path]) => path).sort()).toEqual(whole.map(([path]) => path).sort());
      expect(new Map(written).get(HALF)).toBe(sizeOf.get(HALF));
      expect(await page.getByTestId('export-broken').count()).toBe(0);
      // The run was opened for its weights only: it takes no step.
      await reach(page, 'paused');
      expect(await page.getByTestId('run-step').textContent()).toContain('step 1 / 2');
      expect(errors).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    'a model of real size opened after the demo brings its own settings, and the memory plan speaks of them',
    async () => {
      // The settings of the tests before this one are kept for the next visit.
      await page.evaluate(() => localStorage.clear());
      await page.reload();
      await settled(page);
      const folder = made(makeFolder('HumanOmni-0.5B'));
      await makeCheckpoint(folder.path, { seed: 1, empty: true });
      await show(page, 'train');
      const line = page.getByTestId('settings-line');
      await line.filter({ hasText: 'Settings for the demo' }).waitFor();
      expect(await page.getByTestId('field-learningRate').inputValue()).toBe('5e-4');
      await dropFolder(page, 'model', folder.path);
      await page
        .getByTestId('model-name')
        .filter({ hasText: 'HumanOmni-0.5B' })
        .waitFor({ timeout: MINUTES });
      const plan = page.getByTestId('planned-peak');
      await plan.filter({ hasText: 'GiB while training' }).waitFor({ timeout: 2 * MINUTES });
      expect(Number.parseFloat((await plan.textContent())!)).toBeLessThan(4);
      await show(page, 'train');
      await line.filter({ hasText: 'Settings for HumanOmni-0.5B' }).waitFor();
      await page.getByTestId('all-settings').click();
      const shown = async (key: ConfigKey) => page.getByTestId(`all-field-${key}`).inputValue();
      expect(await shown('question')).toBe(DEFAULT_QUESTION);
      expect(await shown('maxCompletionLength')).toBe('512');
      expect(await shown('learningRate')).toBe('1e-5');
      expect(await shown('groupSize')).toBe('8');
      expect(await shown('loraRank')).toBe('16');
      expect(await page.getByTestId('all-field-trainDecoder').isChecked()).toBe(false);
      await screenshot(page, 'real-size-settings');
      expect(errors).toEqual([]);
    },
    10 * MINUTES,
  );
});
