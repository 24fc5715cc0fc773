/** Where models come from, on the real page over a pretended worker. Leaves pictures in test/artifacts/ui. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { eachPage, PICTURES } from './each-page.ts';

let page: Page;
eachPage(
  async (given) => {
    page = given.page;
    await page.goto(`${given.url}?models=1#/model`);
    await page.waitForSelector('[data-testid=stored-model]');
  },
  { kind: 'development' },
);

type Sent = { type: string; [field: string]: unknown };
const sent = (type: string) =>
  page.evaluate(
    (wanted) => (globalThis as unknown as { sent: Sent[] }).sent.filter((command) => command.type === wanted),
    type,
  );
const rows = () => page.getByTestId('stored-model');

describe('the hub’s form', () => {
  it('sends what was typed, shows bytes, speed and time left, and pauses', async () => {
    await page.getByTestId('hub-id').fill('owner/name');
    await page.getByTestId('hub-advanced').click();
    await page.getByTestId('hub-url').fill('https://hub.example');
    await page.getByTestId('hub-token').fill('hf_secret');
    await page.getByTestId('hub-download').click();
    const [command] = await sent('downloadModel');
    expect(command).toMatchObject({
      source: { baseUrl: 'https://hub.example', id: 'owner/name', revision: 'main' },
      token: 'hf_secret',
    });
    const line = page.getByTestId('download');
    await expect.poll(() => line.textContent()).toMatch(/Downloading owner\/name model\.safetensors/);
    await expect
      .poll(() => line.textContent())
      .toMatch(/[\d.]+ [KMG]iB of 2\.56 GiB · [\d.]+ MiB\/s · .* left/);
    expect(await page.getByTestId('hub-download').isDisabled()).toBe(true);
    await page.getByTestId('download-pause').click();
    await expect.poll(() => sent('stopDownload')).toHaveLength(1);
    await expect.poll(() => line.count()).toBe(0);
    await expect.poll(() => rows().count()).toBe(3);
  });

  it('forgets the token at once, and leaves it nowhere', async () => {
    await page.getByTestId('hub-id').fill('owner/closed');
    await page.getByTestId('hub-advanced').click();
    await page.getByTestId('hub-token').fill('hf_secret');
    await page.getByTestId('hub-id').press('Enter');
    await expect.poll(() => page.getByTestId('problem').textContent()).toContain('owner/closed to anyone');
    expect(await page.getByTestId('hub-token').inputValue()).toBe('');
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    expect(kept + page.url()).not.toContain('hf_secret');
    expect(await page.content()).not.toContain('hf_secret');
  });
});

describe('models at hand', () => {
  it('whole ones open, halves go on where they come from', async () => {
    const [whole, half] = await rows().all();
    expect(await whole?.textContent()).toContain('StarJiaxing/R1-Omni-0.5B');
    expect(await whole?.textContent()).toContain('2.56 GiB');
    expect(await half?.textContent()).toContain('32 % of 2.56 GiB');
    await whole?.getByTestId('open-stored').click();
    expect(await sent('openStoredModel')).toMatchObject([{ key: 'StarJiaxing/R1-Omni-0.5B' }]);
    await half?.getByTestId('go-on').click();
    const source = { baseUrl: 'https://mirror.example', id: 'someone/a-half-model', revision: 'v2' };
    expect(await sent('downloadModel')).toMatchObject([{ source }]);
    await expect.poll(() => half?.textContent()).toContain('downloading');
  });

  it('say what else lies in their folder, and open it: other models, and adapters to begin from', async () => {
    await rows().first().getByTestId('open-stored').click();
    const notes = page.getByTestId('folder-notes');
    await expect.poll(() => notes.textContent()).toContain('left aside: checkpoint-1000, checkpoint-200');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${PICTURES}/model-folder-${colorScheme}.png`, fullPage: true });
    }
    await notes.getByRole('button', { name: 'Open checkpoint-200' }).click();
    await notes.getByRole('button', { name: 'Begin from the adapter lora' }).click();
    await notes.getByRole('button', { name: 'Open it without the adapter' }).click();
    expect((await sent('openModelPart')).map(({ choice }) => choice)).toEqual([
      { folder: 'checkpoint-200' },
      { folder: 'checkpoint-200', adapter: 'lora' },
      { folder: 'checkpoint-200' },
    ]);
  });

  it('are removed only when asked twice', async () => {
    const remove = rows().nth(1).getByTestId('remove');
    await remove.click();
    expect(await remove.textContent()).toBe('Remove 838 MiB?');
    await page.getByTestId('hub-id').focus();
    await expect.poll(() => remove.textContent()).toBe('Remove');
    expect(await sent('removeModel')).toEqual([]);
    await remove.click();
    await remove.click();
    expect(await sent('removeModel')).toMatchObject([{ key: 'someone/a-half-model' }]);
    await expect.poll(() => rows().count()).toBe(1);
  });

  it('stand above how full the storage is: by what lies there, whatever the browser takes for used', async () => {
    await page.evaluate(keepFiles, { models: 3 << 20, runs: 2 << 20, features: 1 << 20, exports: 1 << 10 });
    await page.addInitScript(() => {
      navigator.storage.estimate = async () => ({ usage: 4 * 2 ** 30, quota: 10 * 2 ** 30 });
    });
    await page.reload();
    const storage = page.getByTestId('storage');
    await expect
      .poll(() => storage.textContent())
      .toMatch(
        /^6\.0\d MiB stored \(models 3\.00 MiB, runs 2\.00 MiB, features 1\.00 MiB, settings and exports 1\.\d+ KiB\); by the browser's estimate 6\.00 GiB are free/,
      );
    expect(await storage.textContent()).toContain('at most 5.00 GiB');
    expect(await storage.textContent()).not.toContain('4.00 GiB');
    await page.getByTestId('persist').click();
    await expect
      .poll(() => page.getByTestId('storage').textContent())
      .toMatch(/It did not agree|Kept until you remove it/);
  });
});

/** Runs in the page: a file of so many bytes in each of the storage's folders. */
async function keepFiles(folders: Record<string, number>): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for (const [name, bytes] of Object.entries(folders)) {
    const folder = await root.getDirectoryHandle(name, { create: true });
    const inner = await folder.getDirectoryHandle('one', { create: true });
    const stream = await (await inner.getFileHandle('file', { create: true })).createWritable();
    await stream.write(new Uint8Array(bytes));
    await stream.close();
  }
}

it.each(['light', 'dark'] as const)(
  'has its picture taken, %s, and hangs over no side',
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.getByTestId('hub-advanced').click();
    await rows().nth(1).getByTestId('go-on').click();
    await expect.poll(() => page.getByTestId('download').textContent()).toContain('left');
    const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overhang()).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `${PICTURES}/${colorScheme}-model-sources.png` });
    await page.setViewportSize({ width: 640, height: 900 });
    expect(await overhang()).toBeLessThanOrEqual(0);
  },
);
