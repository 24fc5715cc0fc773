/** Supervised steps, then GRPO from there in the same visit: on other clips, and gone on with from its middle after a reload. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlessSession, type PlainEvent } from '../../src/cli/headless.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { type Chromium, launchChromium, type ServedPage, servePage } from '../setup/chromium.ts';
import { type Folder, smallDataset } from './folders.ts';
import { all, pastAnswers, stepsOf } from './told.ts';

const MODEL = 'test/golden/omni-tiny';
const SFT = parseConfig({
  stage: 'sft',
  steps: 3,
  promptsPerStep: 4,
  maxCompletionLength: 6,
  loraRank: 2,
  learningRate: 0.01,
  schedule: 'constant',
});
const GRPO = parseConfig({
  ...SFT,
  stage: 'grpo',
  startFrom: 'last run',
  promptsPerStep: 2,
  steps: 2,
  groupSize: 2,
  beta: 0.04,
  // Without it a toy whose answers all earn the same would stay where it is.
  entropyCoef: 0.1,
  checkpointEvery: 1,
});
const MINUTES = 60_000;

const reached = (state: string) => (event: PlainEvent) => event.type === 'state' && event.state === state;

/** What must come out the same whenever the stage is done, by step. */
const told = (events: readonly PlainEvent[]) => ({
  steps: stepsOf(events).map(({ step, metrics: { loss, kl, entropy, grad_norm, reward } }) => ({
    ...{ step, loss, kl, entropy, grad_norm, reward },
  })),
  answers: all(events, 'rollouts').map(({ step, groups }) => ({ step, groups })),
});

describe('a second stage', () => {
  let chromium: Chromium;
  let served: ServedPage;
  let session: HeadlessSession;
  const data: Folder[] = [];
  let whole: readonly PlainEvent[];

  beforeAll(async () => {
    [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader' }), servePage()]);
    data.push(smallDataset('first', 5, 1), smallDataset('second', 6, 2));
    session = await open(data[0]);
  });
  afterAll(async () => {
    await chromium.close();
    await served.close();
    for (const folder of data) folder.remove();
  });

  async function open(folder: Folder | undefined): Promise<HeadlessSession> {
    const session = await HeadlessSession.openIn(chromium.context, served.url);
    await session.openFolder('openModel', MODEL);
    await session.openFolder('openData', folder!.path);
    return session;
  }

  async function run(config: typeof SFT): Promise<PlainEvent[]> {
    await session.post({ type: 'start', config });
    return session.until(reached('finished'));
  }

  it(
    'is refused where there was no first one',
    async () => {
      await session.post({ type: 'start', config: GRPO });
      const [refused] = all(await session.until(reached('failed')), 'error');
      expect(refused?.message).toContain('There is no run whose weights');
    },
    10 * MINUTES,
  );

  it(
    'starts from the weights of the first, on other clips, and measures its drift from there',
    async () => {
      const fromFiles = { ...GRPO, startFrom: 'published' as const, steps: 1 };
      const first = await run(fromFiles);
      // With all clips encoded, no towers are beside the run.
      const before = await run(fromFiles);
      expect(told(before)).toEqual(told(first));
      const losses = all(await run(SFT), 'step').map(({ metrics }) => metrics.loss!);
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
      await session.openFolder('openData', data[1]!.path);
      whole = await run(GRPO);
      const kl = all(whole, 'step').map(({ metrics }) => metrics.kl!);
      expect(kl[0]).toBe(0);
      expect(kl.at(-1)).toBeGreaterThan(0);
      const { runId } = all(whole, 'saved')[0]!;
      const start = (await session.storedFiles(runId)).filter(({ name }) => name.startsWith('start/'));
      expect(start.map(({ name }) => name).sort()).toEqual([
        'start/adapter.json',
        'start/manifest.copy.json',
        'start/manifest.json',
        'start/start.safetensors',
      ]);
      await session.openFolder('openData', data[0]!.path);
      const after = await run(fromFiles);
      expect(told(after)).toEqual(told(before));
      const held = (events: readonly PlainEvent[]) => all(events, 'memory').at(-1)!.parts;
      expect(held(after)).toEqual(held(before));
    },
    10 * MINUTES,
  );

  it(
    'goes on from its middle after a reload bit for bit',
    async () => {
      const { runId } = all(whole, 'saved')[0]!;
      await session.close();
      const again = await open(data[1]);
      const begun = await again.ask((requestId) => ({ type: 'resumeRun', requestId, runId, step: 1 }));
      const events = [...begun, ...(await again.until(reached('finished')))];
      expect(all(events, 'resumed')[0]?.run.step).toBe(1);
      expect(told([...(await pastAnswers(again, events)), ...events])).toEqual(told(whole));
      await again.close();
    },
    10 * MINUTES,
  );
});
