import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Chromium } from '../setup/chromium.ts';
import { launchChromium, servePage } from '../setup/chromium.ts';

/** A page on a secure origin with nothing in it. */
async function emptyPage(chromium: Chromium): Promise<Page> {
  const page = await chromium.context.newPage();
  const body = '<!doctype html><title>empty</title>';
  await page.route('http://localhost/empty', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto('http://localhost/empty');
  return page;
}

/** Runs an async function body in a dedicated worker of the page and returns what it posts. */
function inWorker(page: Page, body: string): Promise<unknown> {
  return page.evaluate(async (source) => {
    const code = `(async () => { ${source} })().then(postMessage, (error) => postMessage({ error: String(error) }));`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    return new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  }, body);
}

describe('headless Chromium', () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await launchChromium({ adapter: 'swiftshader' });
  });
  afterAll(() => chromium?.close());

  it('gives a dedicated worker a WebGPU device on SwiftShader', async () => {
    const page = await emptyPage(chromium);
    const found = await inWorker(
      page,
      `const adapter = await navigator.gpu.requestAdapter();
       const device = await adapter.requestDevice();
       return { architecture: adapter.info.architecture, binding: device.limits.maxStorageBufferBindingSize };`,
    );
    expect(found).toEqual({ architecture: 'swiftshader', binding: 128 * 1024 * 1024 });
    await page.close();
  });

  it('gives a worker the codecs of the demo and synchronous files in OPFS', async () => {
    const page = await emptyPage(chromium);
    const found = await inWorker(
      page,
      `const video = async (codec) => (await VideoDecoder.isConfigSupported({ codec })).supported;
       const audio = async (codec, sampleRate, numberOfChannels) =>
         (await AudioDecoder.isConfigSupported({ codec, sampleRate, numberOfChannels })).supported;
       const root = await navigator.storage.getDirectory();
       const handle = await (await root.getFileHandle('probe', { create: true })).createSyncAccessHandle();
       handle.write(new Uint8Array([1, 2, 3]));
       const size = handle.getSize();
       handle.close();
       return { h264: await video('avc1.42001f'), vp9: await video('vp09.00.10.08'), size,
                aac: await audio('mp4a.40.2', 44100, 1), opus: await audio('opus', 48000, 1) };`,
    );
    expect(found).toEqual({ h264: true, vp9: true, aac: true, opus: true, size: 3 });
    await page.close();
  });

  it('opens the built page without an error', async () => {
    const served = await servePage();
    const page = await chromium.context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(served.url);
    await page.waitForFunction(() => (document.getElementById('root')?.childElementCount ?? 0) > 0);
    expect(errors).toEqual([]);
    await page.close();
    await served.close();
  });
});
