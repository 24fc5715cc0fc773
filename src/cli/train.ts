/**
 * `npm run train -- --model DIR --data DIR --out DIR [--demo] [--steps N] [any setting]`: a whole run without a screen,
 * in a headless Chrome that runs the same worker as the page. Progress goes to stderr, one JSON line a step to stdout.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError, InputError } from '../math/errors.ts';
import { type Config, parseConfig } from '../protocol/config.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import { flagsHelp, parseFlags } from '../protocol/flags.ts';
import type { EvalResult, ExportParts, Mute } from '../protocol/messages.ts';
import { presetConfig } from '../protocol/presets.ts';
import { chosenAdapter } from './adapter.ts';
import { HeadlessSession, type PlainEvent, type PlainExported, type StudioSession } from './headless.ts';
import { NodeSession } from './node/session.ts';
import { ProgressLines } from './progress-lines.ts';
import { evalSummary } from './summary.ts';

interface Options {
  readonly demo: boolean;
  readonly model?: string;
  readonly data?: string;
  readonly out?: string;
  readonly config: Config;
}

const USAGE = `npm run train -- (--demo | --model DIR --data DIR) [--out DIR] [--steps N] [settings]
  --demo        the embedded model and clips
  --model DIR   a HumanOmni checkpoint folder     --data DIR   a folder of clips with their annotation
  --out DIR     where the export is written       settings as below\n`;

function folder(value: string | undefined, flag: string): string {
  if (value === undefined || value.startsWith('--'))
    throw new InputError(`${flag} needs a folder.`, { hint: USAGE });
  return resolve(value);
}

function existing(value: string | undefined, flag: string): string {
  const path = folder(value, flag);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new InputError(`${flag} ${path}: there is no such folder.`, { hint: 'Check the path.' });
  }
  return path;
}

function parseArguments(argv: readonly string[]): Options {
  const { values, rest } = parseFlags(argv);
  const options: { demo: boolean; model?: string; data?: string; out?: string } = { demo: false };
  for (let i = 0; i < rest.length; i++) {
    const flag = rest[i]!;
    if (flag === '--demo') options.demo = true;
    else if (flag === '--model') options.model = existing(rest[++i], flag);
    else if (flag === '--data') options.data = existing(rest[++i], flag);
    else if (flag === '--out') options.out = folder(rest[++i], flag);
    else throw new InputError(`Unknown argument ${flag}.`, { hint: `${USAGE}${flagsHelp()}` });
  }
  if (options.demo === (options.model !== undefined || options.data !== undefined)) {
    throw new InputError('Give either --demo, or both --model and --data.', { hint: USAGE });
  }
  if (!options.demo && (options.model === undefined || options.data === undefined)) {
    throw new InputError('--model and --data belong together.', { hint: USAGE });
  }
  return { ...options, config: options.demo ? presetConfig('demo', values) : parseConfig(values) };
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const progress = new ProgressLines(say);

function report(event: PlainEvent, steps: number): void {
  if (event.type === 'step') {
    const { step, metrics, seconds } = event;
    const show = (key: string): string => (metrics[key as keyof typeof metrics] ?? 0).toFixed(3);
    say(
      `step ${step}/${steps}  reward ${show('reward')}  loss ${show('loss')}  kl ${show('kl')}  ${show('step_time')} s`,
    );
    print({ type: 'step', step, ...metrics, seconds });
  } else if (event.type === 'ready') {
    say(`${event.device.description || event.device.vendor}`);
  } else if (event.type === 'data') {
    say(`${event.summary.count} clips, ${event.summary.issues.length} issues`);
    for (const { file, row, message } of event.summary.issues)
      say(`  ${file}${row ? ` row ${row}` : ''}: ${message}`);
  } else if (event.type === 'progress') {
    progress.take(event);
  } else if (event.type === 'error') {
    say(`${event.message} ${event.hint ?? ''}`);
  }
}

const isEval = (event: PlainEvent): event is Extract<PlainEvent, { type: 'eval' }> => event.type === 'eval';
const isExported = (event: PlainEvent): event is PlainExported => event.type === 'exported';

async function evaluate(session: StudioSession, config: Config, mute?: Mute): Promise<EvalResult> {
  const sampled = decodingOf(config);
  const events = await session.ask((requestId) => ({
    type: 'evaluate',
    requestId,
    split: 'test',
    config,
    ...(mute ? { mute } : {}),
    ...(sampled ? { sampled } : {}),
  }));
  return events.find(isEval)!.result;
}

/** Held-out scores of the trained weights beside those of the first ones, whole and with either sense muted. */
async function scoresAfter(
  session: StudioSession,
  config: Config,
  before: EvalResult,
  during: readonly EvalResult[],
) {
  const after = await evaluate(session, config);
  const noAudio = await evaluate(session, config, 'audio');
  const noVideo = await evaluate(session, config, 'video');
  say(
    `held-out accuracy after: ${after.war.toFixed(3)}, without sound ${noAudio.war.toFixed(3)}, without picture ${noVideo.war.toFixed(3)}`,
  );
  return evalSummary({ before, after, noAudio, noVideo, during }, config.bestMetric);
}

/** Everything but the bundle for other trainers, below `out`; returns the paths. */
async function exportTo(session: StudioSession, out: string): Promise<string[]> {
  const parts: ExportParts = {
    merged: 'f32',
    adapter: true,
    checkpoint: true,
    handoff: false,
    metrics: true,
    rollouts: true,
  };
  const place = { kind: 'files' } as const;
  const events = await session.ask((requestId) => ({ type: 'export', requestId, parts, place }));
  return session.save(events.find(isExported)!.files, out);
}

async function run(session: StudioSession, options: Options): Promise<void> {
  const { config, demo, model, data, out } = options;
  let heldOut = 0;
  session.onEvent = (event) => {
    if (event.type === 'data') heldOut = event.summary.splits.test + event.summary.splits.val;
    report(event, config.steps);
  };
  if (demo) await session.ask((requestId) => ({ type: 'openDemo', requestId }));
  if (model) await session.openFolder('openModel', model);
  if (data) await session.openFolder('openData', data);
  if (heldOut === 0) say('No clip is held out: nothing is evaluated.');
  const before = heldOut > 0 ? await evaluate(session, config) : undefined;
  if (before) say(`held-out accuracy before: ${before.war.toFixed(3)} (${before.correct} of ${before.n})`);
  await session.post({ type: 'start', config });
  const ended = ['finished', 'failed', 'stopped'];
  const events = await session.until((event) => event.type === 'state' && ended.includes(event.state));
  const last = events.findLast((event) => event.type === 'state');
  if (last?.type === 'state' && last.state !== 'finished')
    throw new InputError(last.message ?? 'The run failed.');
  const during = events.filter(isEval).map(({ result }) => result);
  const scores = before && (await scoresAfter(session, config, before, during));
  const files = out ? await exportTo(session, out) : [];
  print({ type: 'summary', steps: config.steps, eval: scores ?? null, files });
}

/** A headless Chrome, except on lavapipe, which no browser offers: there the same session runs in this process. */
function openSession(): Promise<StudioSession> {
  return chosenAdapter() === 'lavapipe' ? NodeSession.open() : HeadlessSession.open();
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    process.stdout.write(`${USAGE}${flagsHelp()}\n`);
    return;
  }
  const options = parseArguments(argv);
  const session = await openSession();
  try {
    await run(session, options);
  } finally {
    await session.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(describeError(error));
    process.exit(1);
  },
);
