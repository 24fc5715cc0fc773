/** A browser whose GPU process is killed: the run goes on by itself and ends equal to the undisturbed one. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HeadlessSession, type PlainEvent } from '../../src/cli/headless.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { type Chromium, launchChromium, type ServedPage, servePage } from '../setup/chromium.ts';
import { type Folder, smallDataset } from './folders.ts';

const MEASURED = /^(step_time|tokens_per_second\/.*|memory\/.*)$/;
const CONFIG = parseConfig({
  steps: 4,
  promptsPerStep: 2,
  groupSize: 2,
  maxCompletionLength: 6,
  loraRank: 2,
  learningRate: 0.01,
  checkpointEvery: 2,
});

let chromium: Chromium;
let served: ServedPage;
let data: Folder;
beforeAll(async () => {
  const flags = ['--disable-gpu-process-crash-limit'];
  [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader', flags }), servePage()]);
  data = smallDataset('few');
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

async function open(): Promise<HeadlessSession> {
  const session = await HeadlessSession.openIn(chromium.context, served.url);
  await session.openFolder('openModel', 'test/golden/omni-tiny');
  await session.openFolder('openData', data.path);
  return session;
}

/** By step what was told last, but for what clocks say. */
function told(events: readonly PlainEvent[]) {
  const metrics = new Map<number, unknown>();
  const answers = new Map<number, unknown>();
  for (const event of events) {
    if (event.type === 'rollouts') answers.set(event.step, event.groups);
    if (event.type !== 'step') continue;
    metrics.set(
      event.step,
      Object.entries(event.metrics).filter(([key]) => !MEASURED.test(key)),
    );
  }
  return { metrics, answers };
}

const ended = (event: PlainEvent): boolean =>
  event.type === 'state' && ['finished', 'failed', 'stopped'].includes(event.state);

it('goes on by itself and ends equal to the undisturbed run', async () => {
  const session = await open();
  await session.post({ type: 'start', config: CONFIG });
  const whole = await session.until(ended);
  await session.post({ type: 'start', config: CONFIG });
  const events = await session.until((event) => event.type === 'step' && event.step === 3);
  await killGpu();
  events.push(...(await session.until(ended)));
  const last = events.findLast((event) => event.type === 'state');
  expect(last).toMatchObject({ state: 'finished', step: 4 });
  const notes = events.flatMap((event) => (event.type === 'note' ? `${event.message} ${event.hint}` : []));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(
    /^The GPU was lost at step [34] .* On a new one the run goes on from step [24]\.$/,
  );
  expect(told(events)).toEqual(told(whole));
  await session.close();
}, 600_000);
