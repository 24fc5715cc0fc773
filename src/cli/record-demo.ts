/**
 * `npm run record-demo`: trains the embedded demo in a headless browser, as its Start does, and writes what it told to
 * public/demo/recorded-run.json, which the page shows before a visitor has a run. To be made again with another demo, and
 * where the protocol's shapes change.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../protocol/config.ts';
import type { DeviceInfo, EventOf } from '../protocol/messages.ts';
import { presetConfig } from '../protocol/presets.ts';
import { metricColumns, parseRecordedRun, RECORDED_RUN } from '../protocol/recorded-run.ts';
import { HeadlessSession, type PlainEvent } from './headless.ts';
import { projectRoot } from './setup/paths.mjs';

const FILE = join(projectRoot(), 'public', RECORDED_RUN);
/** Steps whose answers are kept beside the last ones: more densely where most is learned. */
const KEPT_STEPS = [1, 2, 4, 8, 13, 20, 30, 45, 60, 90];
const LAST_STEPS = 3;
/** Measurements are told to so many digits; half a chart's pixel is coarser. */
const DIGITS = 5;

const shortened = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;

const all = <T extends PlainEvent['type']>(events: readonly PlainEvent[], type: T) =>
  events.filter((event): event is Extract<PlainEvent, { type: T }> => event.type === type);

async function train(session: HeadlessSession, config: Config): Promise<readonly PlainEvent[]> {
  const events: PlainEvent[] = [];
  session.onEvent = (event) => {
    events.push(event);
    if (event.type === 'step') process.stderr.write(`step ${event.step} of ${config.steps}\n`);
  };
  const evaluate = () => session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'test', config }));
  await session.ask((requestId) => ({ type: 'openDemo', requestId }));
  await evaluate();
  await session.post({ type: 'start', config });
  await session.until((event) => event.type === 'state' && event.state === 'finished');
  await evaluate();
  return events;
}

function recordedGroups({ step, groups }: EventOf<'rollouts'>) {
  return {
    step,
    groups: groups.map(({ exampleId, label, completions }) => ({
      exampleId,
      label,
      completions: completions.map(({ rawText: _, ...kept }) => kept),
    })),
  };
}

/** What a browser says of an adapter; of a software one that is little. */
function adapterWords({ vendor, architecture, description, isSoftware }: DeviceInfo): string {
  const name = description || [vendor, architecture].filter(Boolean).join(' ');
  return isSoftware ? `${name} (a software adapter)` : name;
}

function recordedOf(events: readonly PlainEvent[], config: Config) {
  const [ready] = all(events, 'ready');
  const [data] = all(events, 'data');
  const [model] = all(events, 'model');
  const { seed, steps, promptsPerStep, groupSize, question } = config;
  return {
    version: 1,
    date: new Date().toISOString(),
    adapter: adapterWords(ready!.device),
    model: model!.summary.name,
    data: data!.summary.name,
    ...{ question, seed, steps, promptsPerStep, groupSize },
    metrics: metricColumns(all(events, 'step').map(({ metrics }) => metrics)),
    rollouts: all(events, 'rollouts')
      .filter(({ step }) => KEPT_STEPS.includes(step) || step > steps - LAST_STEPS)
      .map(recordedGroups),
    evals: all(events, 'eval').map(({ result }) => result),
  };
}

const config = presetConfig('demo');
const session = await HeadlessSession.open();
try {
  const text = JSON.stringify(recordedOf(await train(session, config), config), shortened);
  parseRecordedRun(JSON.parse(text));
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${text}\n`);
  process.stderr.write(`written: ${FILE}, ${text.length} bytes\n`);
} finally {
  await session.close();
}
