/** A model from a hub on this machine, in the real page: the tab is closed in the middle, and the next one goes on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { PIECE_BYTES } from '../../src/io/hub/hub-download.ts';
import { mean } from '../../src/math/stats.ts';
import { HubServer } from '../io/hub-server.ts';
import { writeTree } from '../reference/layouts.ts';
import { toyClassifier } from '../reference/toy-classifier.ts';
import { type Chromium, launchChromium, servePage } from '../setup/chromium.ts';
import { command } from './command.ts';
import { type Folder, makeFolder } from './folders.ts';
import { dropFolder, dropOn, reach, type Step, screenshot, settled, show, storedSteps } from './page.ts';
import { unmeasured } from './told.ts';

const MODEL = join(projectRoot(), 'test/golden/omni-tiny');
const ID = 'owner/omni-tiny';
const SCORER = 'owner/toy-scorer';
const TOKEN = 'hf_of_this_test';
/** Weights of a model that is not looked at, of a few pieces: the toy's own are smaller than one. */
const LARGE = 'another/model.safetensors';
const LARGE_BYTES = 2.5 * PIECE_BYTES;
/** One of them fails for certain, as good as, where a reader does not look again. */
const LISTINGS = 12;
/** States after which the list shows another size. */
const MORE_STATES = 20;

async function repository(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {
    'another/config.json': new TextEncoder().encode('{"model_type":"another"}'),
    [LARGE]: Uint8Array.from({ length: LARGE_BYTES }, (_, i) => (i >> 8) ^ i),
    'README.md': new TextEncoder().encode('# A toy'),
  };
  const { files: found } = await treeFromDisk(MODEL);
  for (const { path } of found)
    if (/^(model|siglip|whisper|bert)\//.test(path)) files[path] = readFileSync(join(MODEL, path));
  return files;
}

/** A classifier that likes one word. */
async function scorer(): Promise<Record<string, Uint8Array>> {
  const { files } = await toyClassifier('happy', ['sad']);
  const bytes = files.map(async ({ path, blob }) => [
    path,
    new Uint8Array(await (await blob()).arrayBuffer()),
  ]);
  return Object.fromEntries(await Promise.all(bytes));
}

let hub: HubServer;
let chromium: Chromium;
let served: Awaited<ReturnType<typeof servePage>>;

beforeAll(async () => {
  hub = await HubServer.open(
    { [ID]: await repository(), [SCORER]: await scorer() },
    { token: TOKEN, slowMs: 5 },
  );
  served = await servePage();
  chromium = await launchChromium({ adapter: 'swiftshader' });
});
afterAll(async () => {
  await chromium?.close();
  await served?.close();
  await hub?.close();
});

/** Pages that a test has done with, for the next one that needs no new visit: to open one takes seconds. */
const spare: Page[] = [];

async function modelScreen(): Promise<Page> {
  const left = spare.pop();
  if (left) {
    await show(left, 'model');
    return left;
  }
  const page = await chromium.context.newPage();
  await page.goto(served.url);
  await settled(page);
  await show(page, 'model');
  return page;
}

async function openAdvanced(page: Page): Promise<void> {
  if (!(await page.getByTestId('hub-url').isVisible())) await page.getByTestId('hub-advanced').click();
}

async function giveToken(page: Page): Promise<void> {
  await openAdvanced(page);
  await page.getByTestId('hub-url').fill(hub.url);
  await page.getByTestId('hub-token').fill(TOKEN);
}

/** Runs in the page: bytes of a file that the only stored model has for certain. */
async function keptBytes(path: string): Promise<number | undefined> {
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
  for await (const folder of models.values()) {
    const state = await (folder as FileSystemDirectoryHandle).getFileHandle('state.json');
    const { files } = JSON.parse(await (await state.getFile()).text()) as {
      files: { as: string; done: number }[];
    };
    return files.find(({ as }) => as === path)?.done;
  }
  return undefined;
}

/**
 * Runs in the page: puts a new state in the place of a model's, without a pause and larger each time, until it hears
 * `enough`; then removes it. Returns how often.
 */
async function keepReplacingState(): Promise<number> {
  const repo = { baseUrl: 'https://hub.example', id: 'a/growing', revision: 'main' };
  const key = Object.values(repo).map(encodeURIComponent).join(' ');
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', {
    create: true,
  });
  const folder = await models.getDirectoryHandle(key, { create: true });
  let isEnough = false;
  addEventListener('enough', () => {
    isEnough = true;
  });
  let times = 0;
  while (!isEnough) {
    times++;
    const file = { path: 'a', as: 'a', size: times << 10, done: times, checked: false };
    const stream = await (await folder.getFileHandle('state.json', { create: true })).createWritable();
    await stream.write(JSON.stringify({ files: [file] }));
    await stream.close();
    document.body.dataset.states = String(times);
  }
  await models.removeEntry(key, { recursive: true });
  return times;
}

/** Runs in the page that replaces states: waits until there were so many more. */
async function writtenOn(more: number): Promise<void> {
  const states = () => Number(document.body.dataset.states ?? 0);
  const enough = states() + more;
  while (states() < enough) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a model from a hub', () => {
  it('is refused without a token, with words at the form', async () => {
    const page = await modelScreen();
    await openAdvanced(page);
    await page.getByTestId('hub-url').fill(hub.url);
    await page.getByTestId('hub-id').fill(ID);
    await page.getByTestId('hub-download').click();
    await expect
      .poll(() => page.getByTestId('problem').textContent())
      .toMatch(/does not give owner\/omni-tiny to anyone \(status 401\).*make a read token/);
    spare.push(page);
  });

  it('survives its tab: the next one goes on at the last whole piece, checks, and opens it', async () => {
    const first = await modelScreen();
    await giveToken(first);
    await first.getByTestId('hub-id').fill(ID);
    hub.options.holdAt = 1.25 * PIECE_BYTES;
    await first.getByTestId('hub-download').click();
    await expect.poll(() => first.evaluate(keptBytes, LARGE), { timeout: 120_000 }).toBe(PIECE_BYTES);
    expect(await first.getByTestId('download').textContent()).toContain(LARGE);
    await first.close();
    hub.options.holdAt = undefined;
    hub.served.length = 0;

    const page = await modelScreen();
    const row = page.getByTestId('stored-model');
    await expect.poll(() => row.textContent()).toMatch(/owner\/omni-tiny.*127\.0\.0\.1.* % of 4\d\.\d MiB/);
    // The token lived in the other tab's memory only.
    await row.getByTestId('go-on').click();
    await expect.poll(() => page.getByTestId('problem').textContent()).toContain('status 401');
    await giveToken(page);
    await page.getByTestId('hub-id').fill(ID);
    await page.getByTestId('hub-download').click();
    await expect
      .poll(() => page.getByTestId('model-name').textContent(), { timeout: 240_000 })
      .toBe('omni-tiny');
    expect(await page.locator('.panel', { has: page.getByTestId('model-name') }).textContent()).toContain(
      'towers in folders of their own',
    );
    // The kept piece was not asked for again, and nothing was that was whole before.
    expect(hub.startsOf(LARGE)[0]).toBe(PIECE_BYTES);
    expect(hub.sentOf(LARGE)).toBe(LARGE_BYTES - PIECE_BYTES);
    // Once, to tell which folders are models; it was not downloaded again.
    expect(hub.startsOf('another/config.json')).toEqual([0]);
    expect(hub.startsOf('README.md')).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await screenshot(page, `hub-${colorScheme}`);
    }
    await page.close();
  });

  it('opens without the hub from then on, and is removed when another is open', async () => {
    const page = await modelScreen();
    const asked = hub.authorizations.length;
    const row = page.getByTestId('stored-model');
    await row.getByTestId('open-stored').click();
    await expect.poll(() => page.getByTestId('model-name').textContent()).toBe('omni-tiny');
    expect(hub.authorizations.length).toBe(asked);
    const remove = row.getByTestId('remove');
    await remove.click();
    await remove.click();
    await expect.poll(() => page.getByTestId('problem').textContent()).toContain('This model is open.');
    await page.getByTestId('use-demo').click();
    await expect.poll(() => page.getByTestId('model-name').textContent()).toBe('tiny-humanomni');
    await remove.click();
    await remove.click();
    await expect.poll(() => row.count()).toBe(0);
    const left = await page.evaluate(async () => {
      const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
      const names: string[] = [];
      for await (const name of models.keys()) names.push(name);
      return names;
    });
    expect(left).toEqual([]);
    spare.push(page);
  });

  it('is listed while another tab writes what the list is read from', async () => {
    const [writer, page] = [await modelScreen(), await modelScreen()];
    const writing = writer.evaluate(keepReplacingState);
    const row = page.getByTestId('stored-model');
    let before = '';
    for (let i = 0; i < LISTINGS; i++) {
      await show(page, 'data');
      await writer.evaluate(writtenOn, MORE_STATES);
      // Opening the screen asks for the list, which tells of another state by now.
      await show(page, 'model');
      await expect.poll(() => row.textContent()).toMatch(/a\/growing.* % of /);
      await expect.poll(() => row.textContent()).not.toBe(before);
      before = (await row.textContent()) ?? '';
    }
    expect(await page.getByTestId('problem').count()).toBe(0);
    await writer.evaluate(() => dispatchEvent(new Event('enough')));
    expect(await writing).toBeGreaterThan(LISTINGS);
    spare.push(writer, page);
  });

  it('is brought by one tab at a time, and what was paused is half a model', async () => {
    const [first, second] = [await modelScreen(), await modelScreen()];
    for (const page of [first, second]) {
      await giveToken(page);
      await page.getByTestId('hub-id').fill(ID);
    }
    hub.options.holdAt = PIECE_BYTES;
    await first.getByTestId('hub-download').click();
    await first.locator('[data-testid=download][data-phase=downloading]').waitFor();
    await second.getByTestId('hub-download').click();
    await expect
      .poll(() => second.getByTestId('problem').textContent())
      .toContain('Another tab is downloading this model.');
    await screenshot(first, 'hub-downloading');
    await first.getByTestId('download-pause').click();
    await expect.poll(() => first.getByTestId('stored-model').textContent()).toContain('Go on');
    expect(await first.getByTestId('problem').count()).toBe(0);
    hub.options.holdAt = undefined;
    await first.close();
    spare.push(second);
  });

  it('that scores answers is no model to train: it becomes a reward', async () => {
    const page = await modelScreen();
    await giveToken(page);
    await page.getByTestId('hub-id').fill(SCORER);
    await page.getByTestId('hub-download').click();
    const row = page.getByTestId('stored-model').filter({ hasText: 'scores answers' });
    await row.waitFor();
    expect(await page.getByTestId('model-name').textContent()).toBe('tiny-humanomni');
    await row.getByTestId('open-as-reward').click();
    await page.getByTestId('rewards-line').filter({ hasText: 'accuracy + format + toy_scorer' }).waitFor();
    expect(await page.getByTestId('problem').count()).toBe(0);
    spare.push(page);
  });
});

const MINUTES = 60_000;
const LEARNING = { steps: 60, promptsPerStep: 1, groupSize: 8, maxCompletionLength: 8, learningRate: 1e-3 };
const READ = { text: 'completion' };

/** Runs in the page: a folder of the browser's own storage stands in for the one that a person would choose. */
async function pickStored(files: Readonly<Record<string, readonly number[]>>): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('picked', { create: true });
  for (const [name, bytes] of Object.entries(files)) {
    const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await stream.write(Uint8Array.from(bytes));
    await stream.close();
  }
  Object.assign(window, { showDirectoryPicker: async () => folder });
}

describe('a folder of a model that scores', () => {
  let toy: Folder;
  beforeAll(async () => {
    toy = makeFolder('toy');
    await writeTree(await toyClassifier('happy', ['sad', 'angry', 'neutral']), toy.path);
  });
  afterAll(() => toy.remove());

  /** The demo, by the command: its steps, and what it sums up. */
  async function trainedByCommand() {
    const settings = Object.entries(LEARNING).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const reward = ['--rewardModel', toy.path, '--rewardMapping', JSON.stringify(READ)];
    // Some of the clips held out say as much as all.
    const held = ['--evalLimit', '8'];
    const lines = (await command('train', '--demo', ...settings, ...reward, ...held)).trim().split('\n');
    const told = lines.map((line) => JSON.parse(line));
    const steps = told.filter(({ type }) => type === 'step');
    return {
      steps: steps.map(({ type: _, stage: __, seconds: ___, step, ...metrics }): Step => ({ step, metrics })),
      rewards: told.find(({ type }) => type === 'summary').eval.rewards,
    };
  }

  it(
    'is picked, or dropped on the rewards, and the demo learns what it likes: the same on the page and by the command',
    async () => {
      const byCommand = trainedByCommand();
      const page = await modelScreen();
      await show(page, 'train');
      const heading = page.getByTestId('reward-models');
      const cards = page.getByTestId('reward-model');
      await heading.click();
      await cards.getByTestId('close-reward-model').click();
      await cards.waitFor({ state: 'detached' });
      const names = readdirSync(toy.path);
      const files = names.map((name) => [name, [...readFileSync(join(toy.path, name))]] as const);
      await page.evaluate(pickStored, Object.fromEntries(files));
      await page.getByRole('button', { name: 'Open a folder', exact: true }).click();
      await cards.filter({ hasText: 'Labels: happy.' }).waitFor();
      await cards.getByTestId('close-reward-model').click();
      await cards.waitFor({ state: 'detached' });
      await heading.click();

      const empty = makeFolder('nothing');
      await dropOn(heading, empty.path);
      const problem = page.locator('.reward-models').getByTestId('problem');
      await problem.filter({ hasText: 'There is no file in nothing; expected the files of a' }).waitFor();
      empty.remove();
      await dropOn(page.locator('.reward-models'), toy.path);
      await cards.filter({ hasText: 'Labels: happy.' }).waitFor();
      expect(await problem.count()).toBe(0);
      await page.getByTestId('kept-folder').filter({ hasText: 'toy' }).waitFor();
      await page.getByTestId('mapping-toy-text').selectOption(READ.text);
      await screenshot(page, 'reward-model-dropped');

      await page.getByTestId('all-settings').click();
      for (const name of ['accuracy', 'format']) await page.getByTestId(`reward-${name}`).uncheck();
      for (const [key, value] of Object.entries(LEARNING))
        await page.getByTestId(`all-field-${key}`).fill(String(value));
      expect(await page.textContent('[data-testid=rewards-line]')).toContain('Rewarded: toy.');
      await page.getByTestId('start').click();
      await reach(page, 'finished', 15 * MINUTES);
      const steps = await page.evaluate(storedSteps);
      const scores = steps.map(({ metrics }) => metrics['rewards/toy/mean'] as number);
      expect(scores).toHaveLength(LEARNING.steps);
      expect(mean(scores.slice(-5)) - mean(scores.slice(0, 5))).toBeGreaterThanOrEqual(0.3);
      // The seed is the same, and so is all else.
      const { steps: others, rewards } = await byCommand;
      const numbers = (of: readonly Step[]) => of.map(({ step, metrics }) => [step, unmeasured(metrics)]);
      expect(numbers(others)).toEqual(numbers(steps));
      expect(rewards.after.toy - rewards.before.toy).toBeGreaterThanOrEqual(0.3);
      await page.getByTestId('all-settings').click();
      spare.push(page);
    },
    20 * MINUTES,
  );
});

/** Runs in the page: puts the demo's model into a folder of OPFS, and that folder's handle where the page keeps its own. */
async function keepStorageFolder(): Promise<void> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('kept-tiny', {
    create: true,
  });
  const { model } = (await (await fetch('demo/manifest.json')).json()) as { model: string[] };
  for (const path of model) {
    const stream = await (await folder.getFileHandle(path, { create: true })).createWritable();
    await stream.write(await (await fetch(`demo/model/${path}`)).blob());
    await stream.close();
  }
  await new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open('keyval-store');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const writing = opening.result.transaction('keyval', 'readwrite');
      writing.objectStore('keyval').put([folder], 'model-folders');
      writing.oncomplete = () => resolve();
      writing.onerror = () => reject(writing.error);
    };
  });
}

describe('a folder that was dropped', () => {
  it('is on the list of the next visit, and opens with a click', async () => {
    const first = await modelScreen();
    await dropFolder(first, 'model', MODEL);
    await expect.poll(() => first.getByTestId('model-name').textContent()).toBe('omni-tiny');
    await expect.poll(() => first.getByTestId('kept-folder').count()).toBe(1);
    await first.close();
    const page = await modelScreen();
    const row = page.getByTestId('kept-folder');
    await expect.poll(() => row.textContent()).toContain('omni-tiny');
    // A headless browser answers no question for permission; a folder of OPFS needs none, and is kept the same way.
    await page.evaluate(keepStorageFolder);
    await page.reload();
    await settled(page);
    await expect.poll(() => row.textContent()).toContain('kept-tiny');
    await row.getByTestId('open-folder').click();
    await expect.poll(() => page.getByTestId('model-name').textContent()).toBe('kept-tiny');
    await row.getByTestId('remove').click();
    await row.getByTestId('remove').click();
    await expect.poll(() => row.count()).toBe(0);
    await page.close();
  });
});
