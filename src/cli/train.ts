/**
 * `npm run train -- --model DIR --data DIR --out DIR [--demo] [--steps N] [any setting]`: a whole run without a screen,
 * in a headless Chrome that runs the same worker as the page. Progress goes to stderr, one JSON line a step to stdout.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError, InputError } from '../math/errors.ts';
import { type Config, diffConfig, parseConfig } from '../protocol/config.ts';
import { flagsHelp, parseFlags } from '../protocol/flags.ts';
import type { EvalResult, Mute } from '../protocol/messages.ts';
import { presetConfig } from '../protocol/presets.ts';
import { HeadlessSession, type PlainEvent, type PlainExported } from './headless.ts';
import { findRun, RunMirror, type RunOnDisk } from './run-mirror.ts';

interface Options {
  readonly demo: boolean;
  readonly model?: string;
  readonly data?: string;
  readonly out?: string;
  readonly config: Config;
  /** The run to go on with. */
  readonly stored?: RunOnDisk;
}

const USAGE = `npm run train -- (--demo | --model DIR --data DIR) [--out DIR [--resume]] [--steps N] [settings]
  --demo        the embedded model and clips
  --model DIR   a HumanOmni checkpoint folder     --data DIR   a folder of clips with their annotation
  --out DIR     where the export is written, and every checkpoint (DIR/runs); settings as below
  --resume      goes on from the newest checkpoint in DIR, with the settings of that run\n`;

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
  let resume = false;
  for (let i = 0; i < rest.length; i++) {
    const flag = rest[i]!;
    if (flag === '--demo') options.demo = true;
    else if (flag === '--model') options.model = existing(rest[++i], flag);
    else if (flag === '--data') options.data = existing(rest[++i], flag);
    else if (flag === '--resume') resume = true;
    else if (flag === '--out') options.out = folder(rest[++i], flag);
    else throw new InputError(`Unknown argument ${flag}.`, { hint: `${USAGE}${flagsHelp()}` });
  }
  if (options.demo === (options.model !== undefined || options.data !== undefined)) {
    throw new InputError('Give either --demo, or both --model and --data.', { hint: USAGE });
  }
  if (!options.demo && (options.model === undefined || options.data === undefined)) {
    throw new InputError('--model and --data belong together.', { hint: USAGE });
  }
  if (resume) return { ...options, ...storedRun(options.out, values) };
  return { ...options, config: options.demo ? presetConfig('demo', values) : parseConfig(values) };
}

/** The run to go on with. Settings named again must be the run's own. */
function storedRun(out: string | undefined, values: Partial<Config>): { config: Config; stored: RunOnDisk } {
  if (out === undefined) throw new InputError('--resume needs --out DIR, where the checkpoints lie.');
  const stored = findRun(out);
  const [change] = diffConfig(stored.config, { ...stored.config, ...values });
  if (!change) return { config: stored.config, stored };
  throw new InputError(
    `--${change.key} is ${JSON.stringify(change.to)}; the run in ${out} has ${JSON.stringify(change.from)}.`,
    { hint: 'A run goes on with its own settings: leave this one out, or begin a new run without --resume.' },
  );
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

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
  } else if (event.type === 'error') {
    say(`${event.message} ${event.hint ?? ''}`);
  }
}

const isEval = (event: PlainEvent): event is Extract<PlainEvent, { type: 'eval' }> => event.type === 'eval';
const isExported = (event: PlainEvent): event is PlainExported => event.type === 'exported';

/** Whether weights as loaded were measured, with both senses. */
const isBefore = ({ step, mute }: EvalResult): boolean => step === 0 && mute === undefined;

async function evaluate(session: HeadlessSession, mute?: Mute): Promise<EvalResult> {
  const events = await session.ask((requestId) => ({
    type: 'evaluate',
    requestId,
    split: 'test',
    ...(mute ? { mute } : {}),
  }));
  return events.find(isEval)!.result;
}

async function open(session: HeadlessSession, { demo, model, data }: Options): Promise<void> {
  if (demo) await session.ask((requestId) => ({ type: 'openDemo', requestId }));
  if (model) await session.openFolder('openModel', model);
  if (data) await session.openFolder('openData', data);
}

/** Measures the weights as they are and begins a new run. */
async function begin(session: HeadlessSession, config: Config): Promise<EvalResult> {
  const before = await evaluate(session);
  say(`held-out accuracy before: ${before.war.toFixed(3)} (${before.correct} of ${before.n})`);
  await session.post({ type: 'start', config });
  return before;
}

/** Goes on with a stored run. Its steps so far are not reported again. */
async function resume(session: HeadlessSession, { id, folder: path }: RunOnDisk): Promise<void> {
  await session.keepRun(path);
  await session.ask((requestId) => ({ type: 'resumeRun', requestId, runId: id }));
}

/** Waits for the last step; returns every event on the way. */
async function finish(session: HeadlessSession): Promise<PlainEvent[]> {
  const ended = ['finished', 'failed', 'stopped'];
  const events = await session.until((event) => event.type === 'state' && ended.includes(event.state));
  const last = events.findLast((event) => event.type === 'state');
  if (last?.type === 'state' && last.state !== 'finished')
    throw new InputError(last.message ?? 'The run failed.');
  return events;
}

/** Reports what is new, and lets checkpoints be copied as they are written. */
function watch(session: HeadlessSession, { steps }: Config, mirror: RunMirror | undefined): void {
  let known = 0;
  session.onEvent = (event) => {
    if (event.type === 'resumed') {
      known = event.run.step;
      say(`going on with ${event.run.name} from step ${known}`);
    }
    if (event.type === 'saved') mirror?.follow(event.runId);
    if (event.type !== 'step' || event.step > known) report(event, steps);
  };
}

async function run(session: HeadlessSession, options: Options): Promise<void> {
  const { config, out, stored } = options;
  const mirror = out ? new RunMirror(session, out) : undefined;
  watch(session, config, mirror);
  await open(session, options);
  const measured = stored ? await resume(session, stored) : await begin(session, config);
  const events = await finish(session);
  await mirror?.settled();
  const before = measured ?? events.filter(isEval).find(({ result }) => isBefore(result))?.result;
  const after = await evaluate(session);
  const noAudio = await evaluate(session, 'audio');
  const noVideo = await evaluate(session, 'video');
  const parts = { merged: true, adapter: config.loraRank > 0, metrics: true, rollouts: true };
  const exported = out
    ? (await session.ask((requestId) => ({ type: 'export', requestId, parts }))).find(isExported)
    : undefined;
  const files = exported && out ? await session.save(exported.files, out) : [];
  say(
    `held-out accuracy after: ${after.war.toFixed(3)}, without sound ${noAudio.war.toFixed(3)}, without picture ${noVideo.war.toFixed(3)}`,
  );
  const accuracy = {
    before: before?.war ?? null,
    after: after.war,
    no_audio: noAudio.war,
    no_video: noVideo.war,
  };
  print({ type: 'summary', steps: config.steps, eval: accuracy, files });
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    process.stdout.write(`${USAGE}${flagsHelp()}\n`);
    return;
  }
  const options = parseArguments(argv);
  const session = await HeadlessSession.open();
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
