/** Qwen2-VL in the browser: a dropped folder, real clips, a preview and steps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HeadlessSession } from '../../src/cli/headless.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { writeTree } from '../reference/layouts.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { demoRows, type Folder, smallDataset } from './folders.ts';

let session: HeadlessSession;
let data: Folder;
const model = mkdtempSync(join(tmpdir(), 'tiny-qwen2-vl-'));
beforeAll(async () => {
  await writeTree(await qwen2VlTree('newer'), model);
  data = smallDataset('small');
  session = await HeadlessSession.open();
});
afterAll(async () => {
  await session.close();
  data.remove();
  rmSync(model, { recursive: true });
});

it('opens, shows a clip as the model sees it, and trains on it', async () => {
  const opened = await session.openFolder('openModel', model);
  expect(opened.find(({ type }) => type === 'model')).toMatchObject({ summary: { family: 'Qwen2-VL' } });
  await session.openFolder('openData', data.path);
  const exampleId = demoRows('train', 1)[0]!.video;
  const shown = await session.ask((requestId) => ({ type: 'preview', requestId, exampleId }));
  expect(shown.at(-1)?.type).toBe('done');
  const settings = { steps: 2, promptsPerStep: 2, groupSize: 2, maxCompletionLength: 6, loraRank: 2 };
  await session.post({ type: 'start', config: parseConfig({ ...settings, entropyCoef: 0.1 }) });
  const events = await session.until(
    ({ type, ...rest }) => type === 'state' && 'state' in rest && rest.state === 'finished',
  );
  const steps = events.filter((event) => event.type === 'step');
  expect(steps.map(({ step }) => step)).toEqual([1, 2]);
  for (const { metrics } of steps) expect(metrics.grad_norm).toBeGreaterThan(0);
}, 120_000);
