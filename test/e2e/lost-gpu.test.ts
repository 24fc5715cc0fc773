/**
 * A browser whose GPU process is killed while a run decodes, and again while it updates: the run goes on by itself and ends
 * equal to the undisturbed one.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HeadlessSession, type PlainEvent } from '../../src/cli/headless.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { type Chromium, launchChromium, type ServedPage, servePage } from '../setup/chromium.ts';
import { type Folder, smallDataset } from './folders.ts';
import { all, checkpoint, told } from './told.ts';

const CONFIG = parseConfig({
  steps: 3,
  promptsPerStep: 2,
  groupSize: 2,
  maxCompletionLength: 6,
  loraRank: 2,
  learningRate: 0.01,
  checkpointEvery: 1,
  // Where all answers score alike, only the entropy has a gradient.
  entropyCoef: 0.1,
});
/** Where a worker asks for the GPU process to be killed; it waits for the answer. */
const KILL = 'kill-gpu';

let chromium: Chromium;
let served: ServedPage;
let data: Folder;
beforeAll(async () => {
  // A browser gives a page no more WebGPU for a while once its GPU process has died twice.
  const flags = ['--disable-gpu-process-crash-limit', '--disable-domain-blocking-for-3d-apis'];
  [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader', flags }), servePage()]);
  data = smallDataset('few', 3, 1);
  await chromium.context.route(`**/${KILL}`, async (route) => {
    await killGpu();
    await route.fulfill({ status: 204 });
  });
});
afterAll(async () => {
  await chromium.close();
  await served.close();
  data.remove();
});

/** Kills the process in which WebGPU runs. */
async function killGpu(): Promise<void> {
  const client = await chromium.context.browser()!.newBrowserCDPSession();
  const { processInfo } = await client.send('SystemInfo.getProcessInfo');
  const gpu = processInfo.find(({ type }) => type === 'GPU')!;
  process.kill(gpu.id, 'SIGKILL');
  await client.detach();
}

/**
 * Kills it from within the worker's own work, once for each of `kills`: labels of what the worker writes commands for, each met
 * after the one before it. At the last one the worker stands still until the process is dead, and then goes on with that work.
 */
async function killAt(page: Page, kills: readonly (readonly string[])[]): Promise<void> {
  await page.workers()[0]!.evaluate(
    ([wanted, address]) => {
      const left = wanted.map((labels) => [...labels]);
      const { prototype } = GPUDevice;
      const plain = prototype.createCommandEncoder;
      prototype.createCommandEncoder = function (this: GPUDevice, descriptor) {
        const [labels] = left;
        if (labels && descriptor?.label === labels[0]) labels.shift();
        if (labels?.length === 0) {
          left.shift();
          const request = new XMLHttpRequest();
          request.open('GET', address, false);
          request.send();
        }
        return plain.call(this, descriptor);
      };
    },
    [kills, `${served.url}${KILL}`] as const,
  );
}

const ended = (event: PlainEvent): boolean =>
  event.type === 'state' && ['finished', 'failed', 'stopped'].includes(event.state);

it('goes on by itself and ends equal to the undisturbed run', async () => {
  const session = await HeadlessSession.openIn(chromium.context, served.url);
  const page = chromium.context.pages().at(-1)!;
  await session.openFolder('openModel', 'test/golden/omni-tiny');
  await session.openFolder('openData', data.path);
  const kept = async (events: readonly PlainEvent[]) => {
    const { runId } = all(events, 'saved').at(-1)!;
    return { ...told(events), ...(await checkpoint(session, runId, CONFIG.steps, 'adapter')) };
  };

  await session.post({ type: 'start', config: CONFIG });
  const whole = await session.until(ended);
  for (const { metrics } of all(whole, 'step')) expect(metrics.grad_norm).toBeGreaterThan(0);

  await killAt(page, [
    ['optimizer step', 'decode step', 'decode step'],
    ['optimizer step', 'decode step', 'optimizer step'],
  ]);
  await session.post({ type: 'start', config: CONFIG });
  const events = await session.until(ended);

  expect(events.at(-1)).toMatchObject({ type: 'state', state: 'finished', step: 3 });
  expect(all(events, 'error')).toEqual([]);
  const notes = all(events, 'note').map(({ message, hint }) => `${message} ${hint}`);
  expect(notes).toEqual([
    expect.stringMatching(/^The GPU was lost at step 1 .* On a new one the run goes on from step 1\.$/),
    expect.stringMatching(/^The GPU was lost at step 2 .* On a new one the run goes on from step 2\.$/),
  ]);
  expect(await kept(events)).toEqual(await kept(whole));
  await session.close();
}, 600_000);
