/**
 * `npm run record-run`: records what the worker says of a short run of the demo, for the tests that pretend a worker
 * (test/ui/recorded-run.jsonl, one event a line). To be made again where the protocol's events change.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetConfig } from '../protocol/presets.ts';
import { HeadlessSession, type PlainEvent } from './headless.ts';
import { projectRoot } from './setup/paths.mjs';

const FILE = join(projectRoot(), 'test', 'ui', 'recorded-run.jsonl');

/** As small as the page's tests can do with. */
const CONFIG = presetConfig('demo', {
  steps: 120,
  promptsPerStep: 8,
  groupSize: 4,
  evalEvery: 20,
  evalLimit: 16,
});
/** One step in so many is kept, so that few steps show a run that learns. */
const KEPT_EVERY = 20;

/** What a run says of itself; what depends on the machine or on what it holds otherwise is left out. */
const KEPT: readonly PlainEvent['type'][] = ['step', 'rollouts', 'live', 'eval', 'saved'];

/** Numbers of measurements are told to six digits. */
const shortened = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

async function record(session: HeadlessSession): Promise<readonly PlainEvent[]> {
  const events: PlainEvent[] = [];
  session.onEvent = (event) => events.push(event);
  const evaluate = (changes: object) =>
    session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'val', config: CONFIG, ...changes }));
  await session.ask((requestId) => ({ type: 'openDemo', requestId }));
  await evaluate({});
  for (const samples of [1, 4]) await evaluate({ sampled: { samples, temperature: 1 } });
  await session.post({ type: 'start', config: CONFIG });
  await session.until((event) => event.type === 'state' && event.state === 'finished');
  await evaluate({ mute: 'audio' });
  return events.filter(
    (event) => KEPT.includes(event.type) && (!('step' in event) || event.step % KEPT_EVERY === 0),
  );
}

const session = await HeadlessSession.open();
try {
  const events = await record(session);
  writeFileSync(FILE, events.map((event) => `${JSON.stringify(event, shortened)}\n`).join(''));
  process.stderr.write(`written: ${FILE}, ${events.length} events\n`);
} finally {
  await session.close();
}
