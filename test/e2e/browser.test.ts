import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
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

  it('opens the built page and its demo without an error, under headers and a policy that keep it to itself', async () => {
    const served = await servePage();
    const page = await chromium.context.newPage();
    const policies = new Map<string, string | undefined>();
    page.on('response', (response) => {
      const headers = response.headers();
      expect(headers, response.url()).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      });
      policies.set(new URL(response.url()).pathname, headers['content-security-policy']);
    });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(served.url);
    await page.waitForFunction(() => (document.getElementById('root')?.childElementCount ?? 0) > 0);
    await page.waitForSelector('[data-testid=start]:not([disabled])');
    await page.goto(`${served.url}#/data`);
    await page.locator('[data-testid=clip-row]').first().click();
    await page.waitForSelector('[data-testid=preview]');
    // The worker asks with the settings as they are on the page, though no run has had them.
    await page.goto(`${served.url}#/train`);
    await page.click('[data-testid=all-settings]');
    await page.fill('[data-testid=all-field-promptTemplate]', 'What does the voice say?');
    await page.goto(`${served.url}#/data`);
    await page.locator('pre.prompt', { hasText: 'What does the voice say?' }).waitFor();
    expect(errors).toEqual([]);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(policies.get('/')).toMatch(/default-src 'none'.*connect-src 'self'; .*frame-ancestors 'none'/);
    const worker = [...policies].find(([path]) => /\/main-[^/]*\.js$/.test(path));
    expect(worker?.[1]).toMatch(/script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' https:/);
    const isRefused = await page.evaluate(() =>
      fetch('http://127.0.0.1:9/').then(
        () => false,
        (error: Error) => error.message.includes('Failed to fetch'),
      ),
    );
    expect(isRefused).toBe(true);
    expect(errors.splice(0).join()).toContain('violates the following Content Security Policy directive');
    await page.close();
    const file = async (path: string) => (await fetch(`${served.url}${path}`)).text();
    expect(await file('LICENSE')).toBe(readFileSync(join(projectRoot(), 'LICENSE'), 'utf8'));
    const notices = await file('THIRD-PARTY-NOTICES.txt');
    for (const name of ['mediabunny', 'react', '@tensorflow/tfjs-core', 'zod', 'recharts'])
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(await file('')).toContain('http-equiv="Content-Security-Policy"');
    await served.close();
  });
});
