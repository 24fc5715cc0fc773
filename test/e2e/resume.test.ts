/** Five steps in one go equal three, a killed tab, and two more, bit for bit; in one browser, and over a folder on disk. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlessSession, type PlainEvent } from '../../src/cli/headless.ts';
import { findRun, RunMirror } from '../../src/cli/run-mirror.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { ClosedEval } from '../../src/protocol/messages.ts';
import { presetConfig } from '../../src/protocol/presets.ts';
import { type Chromium, launchChromium, type ServedPage, servePage } from '../setup/chromium.ts';
import { type Folder, makeFolder, smallDataset } from './folders.ts';
import { chartValues, reach, screenshot, settled, show } from './page.ts';
import { all, type Checkpoint, checkpoint, pastAnswers, told } from './told.ts';

const MODEL = 'public/demo/model';
/** Decoder and media tokens train, with a reference and a schedule: everything that has a state takes part. */
const CONFIG = presetConfig('demo', {
  steps: 5,
  promptsPerStep: 2,
  groupSize: 2,
  maxCompletionLength: 6,
  trainProjectors: true,
  trainBert: true,
  beta: 0.04,
  entropyCoef: 0.1,
  schedule: 'linear',
  warmupSteps: 2,
  evalEvery: 2,
  checkpointEvery: 3,
  keepCheckpoints: 2,
});
const MINUTES = 60_000;
/** What the list of runs shows of one: made when it is listed, and again where it is gone. */
const GLANCE = 'glance.json';
const filesOf = async (session: HeadlessSession, runId: string): Promise<string[]> => {
  const names = (await session.storedFiles(runId)).map(({ name }) => name);
  return names.filter((name) => name !== GLANCE).sort();
};
const reached = (state: string) => (event: PlainEvent) => event.type === 'state' && event.state === state;

describe('a run', () => {
  let chromium: Chromium;
  let served: ServedPage;
  let data: Folder;
  let copied: Folder;
  let out: Folder;
  let whole: { events: PlainEvent[]; middle: Checkpoint; end: Checkpoint };
  let killed: string;
  /** The page that is killed, and the one after it. */
  let first: HeadlessSession;
  let next: HeadlessSession;

  beforeAll(async () => {
    [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader' }), servePage()]);
    data = smallDataset('few', 5, 2);
    copied = makeFolder('copied');
    out = makeFolder('out');
  });
  afterAll(async () => {
    await chromium.close();
    await served.close();
    data.remove();
    copied.remove();
    out.remove();
  });

  async function openInputs(session: HeadlessSession): Promise<void> {
    await session.openFolder('openModel', MODEL);
    await session.openFolder('openData', data.path);
  }

  /** Goes on with the killed run to its end; everything it ever said comes along. */
  async function resume(): Promise<PlainEvent[]> {
    const begun = await next.ask((requestId) => ({ type: 'resumeRun', requestId, runId: killed }));
    return [...begun, ...(await next.until(reached('finished')))];
  }

  async function expectTheSame(events: readonly PlainEvent[]): Promise<void> {
    expect(all(events, 'resumed')[0]?.run.step).toBe(3);
    expect(told([...events, ...(await pastAnswers(next, events))])).toEqual(told(whole.events));
    expect(await checkpoint(next, killed, 5)).toEqual(whole.end);
  }

  it(
    'of five steps leaves its checkpoints behind',
    async () => {
      const session = await HeadlessSession.openIn(chromium.context, served.url);
      first = session;
      await openInputs(session);
      const mirror = new RunMirror(session, copied.path);
      session.onEvent = (event) => event.type === 'saved' && mirror.follow(event.runId);
      await session.post({ type: 'start', config: CONFIG });
      const events = await session.until(reached('finished'));
      await mirror.settled();
      const saved = all(events, 'saved');
      // An evaluation that is the best so far is kept at once; the checkpoint of step 2 is it.
      expect(saved.map(({ step }) => step)).toEqual([2, 3, 5]);
      const { runId } = saved[0]!;
      const names = await filesOf(session, runId);
      const parts = [
        'manifest.copy.json',
        'manifest.json',
        'model.safetensors',
        'optimizer.safetensors',
        'state.json',
      ];
      expect(names).toEqual([
        ...[2, 3, 5].flatMap((step) => parts.map((name) => `checkpoints/step-${step}/${name}`)),
        'config.copy.json',
        'config.json',
        'events.jsonl',
        'rollouts.jsonl',
        'tokens/from-1.bin',
      ]);
      whole = {
        events,
        middle: await checkpoint(session, runId, 3),
        end: await checkpoint(session, runId, 5),
      };
      expect(whole.middle.weights).not.toBe(whole.end.weights);
      for (const { metrics } of all(events, 'step')) expect(metrics.grad_norm).toBeGreaterThan(0);
      expect(all(events, 'step').at(-1)?.metrics.kl).toBeGreaterThan(0);
      const onDisk = await treeFromDisk(findRun(copied.path).folder);
      const kept = onDisk.files.filter(({ path }) => path !== GLANCE);
      expect(kept.map(({ path }) => path)).toEqual(names);
      for (const { path, blob } of kept) {
        const copied = Buffer.from(await (await blob()).arrayBuffer());
        const stored = await session.readStored(runId, path, 0, copied.length);
        // To compare megabytes number by number takes a minute.
        expect(stored?.equals(copied), path).toBe(true);
      }
      // The best one opens at rest, can be measured, and its run stays as it is.
      await session.ask((requestId) => ({ type: 'resumeRun', requestId, runId, step: 2, rest: true }));
      const opened = await session.until(reached('paused'));
      expect(all(opened, 'saved')).toMatchObject([{ runId, step: 2 }]);
      const asked = await session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'val' }));
      const measured = all(events, 'eval').find(({ result }) => result.step === 2);
      expect(all(asked, 'eval')[0]?.result).toMatchObject({
        step: 2,
        war: (measured!.result as ClosedEval).war,
      });
      expect(await filesOf(session, runId)).toEqual(names);
      await session.post({ type: 'stop' });
      await session.until(reached('stopped'));
    },
    10 * MINUTES,
  );

  it(
    'whose tab is killed in its fourth step is listed with its third',
    async () => {
      first.onEvent = () => undefined;
      await first.post({ type: 'start', config: CONFIG });
      const events = await first.until((event) => event.type === 'saved' && event.step === 3);
      killed = all(events, 'saved')[0]!.runId;
      await first.close();
      next = await HeadlessSession.openIn(chromium.context, served.url);
      const [listed] = all(await next.until(({ type }) => type === 'runs'), 'runs');
      expect(listed?.runs.find(({ id }) => id === killed)).toMatchObject({
        step: 3,
        steps: 5,
        model: 'model',
        data: 'few',
        demo: false,
        sameDevice: true,
      });
      const mirror = new RunMirror(next, out.path);
      mirror.follow(killed);
      await mirror.settled();
    },
    10 * MINUTES,
  );

  it(
    'goes on after that bit for bit, and only with its own data',
    async () => {
      await openInputs(next);
      const other = smallDataset('other', 4, 2);
      await next.openFolder('openData', other.path);
      await expect(resume()).rejects.toThrow(/is on the data "few"; the set that is open, "other"/);
      await next.openFolder('openData', data.path);
      await expectTheSame(await resume());
      other.remove();
    },
    10 * MINUTES,
  );

  it(
    'goes on from a folder on disk bit for bit',
    async () => {
      await next.ask((requestId) => ({ type: 'deleteRun', requestId, runId: killed }));
      expect(await next.storedFiles(killed)).toEqual([]);
      const stored = findRun(out.path);
      expect(stored).toMatchObject({ id: killed, config: CONFIG });
      await next.keepRun(stored.folder);
      await expectTheSame(await resume());
    },
    10 * MINUTES,
  );

  it(
    'of the demo goes on with one press after a reload, its charts and answers as they were',
    async () => {
      await next.ask((requestId) => ({ type: 'openDemo', requestId }));
      const config = presetConfig('demo', { ...CONFIG, steps: 2, evalEvery: 0, trainBert: false });
      await next.post({ type: 'step', config });
      const events = await next.until(reached('paused'));
      await next.close();
      const page = await chromium.context.newPage();
      await page.goto(`${served.url}#/runs`);
      await settled(page);
      const { runId, name } = all(events, 'saved')[0]!;
      const row = page.locator(`[data-testid=saved-run][data-run="${runId}"]`);
      await expect.poll(() => row.textContent()).toContain('1 / 2');
      await row.getByRole('button', { name: `Resume ${name}` }).click();
      await reach(page, 'finished');
      expect(await page.getByTestId('saved').textContent()).toBe('saved at step 2');
      const entropy = await chartValues(page, 'entropy');
      expect([...entropy.keys()]).toEqual([1, 2]);
      // The table of the chart shows six digits.
      const shown = Number(all(events, 'step')[0]?.metrics.entropy?.toPrecision(6));
      expect(entropy.get(1)).toBe(shown);
      await screenshot(page, 'resumed');
      // Saved as one file, it opens in a browser that has never seen it, and stands where it stood.
      await show(page, 'runs');
      await page.getByRole('button', { name: `More about ${name}` }).click();
      await page.getByRole('button', { name: `Save ${name} as a file` }).click();
      const download = page.waitForEvent('download');
      await page.getByRole('link', { name: /-files\.zip/ }).click();
      const file = join(out.path, 'run.zip');
      await (await download).saveAs(file);
      await page.close();
      const other = await launchChromium({ adapter: 'swiftshader' });
      try {
        const there = await other.context.newPage();
        await there.goto(`${served.url}#/runs`);
        await settled(there);
        await there.getByTestId('import-run').setInputFiles(file);
        const taken = there.locator(`[data-testid=saved-run][data-run="${runId}"]`);
        await expect.poll(() => taken.textContent()).toContain('2 / 2');
        await taken.getByRole('button', { name: `Open ${name}` }).click();
        await there.getByTestId('run-step').filter({ hasText: 'step 2 / 2' }).waitFor();
        expect(await chartValues(there, 'entropy')).toEqual(entropy);
      } finally {
        await other.close();
      }
    },
    10 * MINUTES,
  );
});
