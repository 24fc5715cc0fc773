/**
 * `npm run train -- --model DIR --data DIR --out DIR [--demo] [--steps N] [any setting]`: a whole run without a screen,
 * in a headless Chrome that runs the same worker as the page. Progress goes to stderr, one JSON line a step to stdout.
 */
import { describeError, InputError } from '../math/errors.ts';
import { type Alarm, describeAlarm } from '../protocol/alarms.ts';
import type { Config } from '../protocol/config.ts';
import { configWarnings } from '../protocol/config-warnings.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import type { EvalResult, ExportParts, ModelSummary, Mute } from '../protocol/messages.ts';
import type { OwnQuestions } from '../protocol/own-questions.ts';
import { chosenAdapter } from './adapter.ts';
import { HeadlessSession, type PlainEvent, type PlainExported, type StudioSession } from './headless.ts';
import { NodeSession } from './node/session.ts';
import { openedSettings, sayPrompts } from './opened-settings.ts';
import { ProgressLines } from './progress-lines.ts';
import { demandAnswers, openedLines, Unanswered } from './reading-flags.ts';
import { resumeRun } from './resumption.ts';
import { openScorers, scorerSettings } from './reward-model-flags.ts';
import { RunMirror } from './run-mirror.ts';
import { afterLine, beforeLine, evalSummary, type RunEvaluations } from './summary.ts';
import { help, type Options, parseArguments } from './train-arguments.ts';

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const progress = new ProgressLines(say);

function report(event: PlainEvent, { stage, steps }: Pick<Config, 'stage' | 'steps'>): void {
  if (event.type === 'step') {
    const { step, metrics, seconds } = event;
    const show = (key: string): string => (metrics[key as keyof typeof metrics] ?? 0).toFixed(3);
    const learning = `reward ${show('reward')}  loss ${show('loss')}  kl ${show('kl')}`;
    const line = stage === 'sft' ? `loss ${show('loss')}` : learning;
    say(`step ${step}/${steps}  ${line}  ${show('step_time')} s`);
    print({ type: 'step', stage, step, ...metrics, seconds });
  } else if (event.type === 'ready') {
    const { description, vendor, architecture } = event.device;
    say(`GPU: ${description || [vendor, architecture].filter(Boolean).join(' ') || 'not named'}`);
  } else if (event.type === 'data') {
    for (const line of openedLines(event.summary)) say(line);
  } else if (event.type === 'progress' || event.type === 'clips') {
    progress.hear(event);
  } else if (event.type === 'alarm') {
    say(describeAlarm(event.alarm));
    print({ type: 'alarm', stage, ...event.alarm });
  } else if (event.type === 'unsaved') {
    say(event.trouble ? `not saved: ${event.trouble.message}` : 'saved again');
  } else if (event.type === 'note' || (event.type === 'error' && !isThrown(event))) {
    say(`${event.message} ${event.hint ?? ''}`);
  }
}

/** Whether whoever asked throws it, so that it is said at the end. */
const isThrown = ({ requestId, fatal }: Extract<PlainEvent, { type: 'error' }>): boolean =>
  requestId !== undefined || fatal;

const isEval = (event: PlainEvent): event is Extract<PlainEvent, { type: 'eval' }> => event.type === 'eval';
const isExported = (event: PlainEvent): event is PlainExported => event.type === 'exported';

/** Whether weights as loaded were measured, with both senses. */
const isBefore = ({ step, mute }: EvalResult): boolean => step === 0 && mute === undefined;

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

/** Held-out scores of the trained weights beside those of the first ones: whole, and with either sense muted where there are two. */
async function scoresAfter(
  session: StudioSession,
  config: Config,
  hears: boolean,
  { before, during }: Pick<RunEvaluations, 'before' | 'during'>,
) {
  const after = await evaluate(session, config);
  const muted = hears
    ? {
        noAudio: await evaluate(session, config, 'audio'),
        noVideo: await evaluate(session, config, 'video'),
      }
    : {};
  const evaluations = { before, after, ...muted, during };
  say(afterLine(evaluations));
  return evalSummary(evaluations, config.bestMetric);
}

/** Writes parts of the run below `out`; returns the paths. */
async function exportTo(session: StudioSession, out: string, parts: ExportParts): Promise<string[]> {
  const place = { kind: 'files' } as const;
  const events = await session.ask((requestId) => ({ type: 'export', requestId, parts, place }));
  return session.save(events.find(isExported)!.files, out);
}

/** @throws Unanswered where something is asked of the data */
async function open(session: StudioSession, { demo, model, adapter, data, reading }: Options): Promise<void> {
  if (demo) await session.ask((requestId) => ({ type: 'openDemo', requestId }));
  if (model) await session.openFolder('openModel', model, { adapter });
  const events = data ? await session.openFolder('openData', data, reading) : [];
  for (const event of events) if (event.type === 'data') demandAnswers(event.summary);
}

/** Measures the weights as they are, where clips are held out, and begins a new run. */
async function begin(
  session: StudioSession,
  config: Config,
  heldOut: number,
): Promise<EvalResult | undefined> {
  if (heldOut === 0) say('Nothing is held out, and nothing evaluated.');
  const before = heldOut > 0 ? await evaluate(session, config) : undefined;
  if (before) say(beforeLine(before));
  await session.post({ type: 'start', config });
  return before;
}

/** Programs among the rewards are tried before anything is measured. @throws InputError for one that cannot be used */
async function demandRewards(session: StudioSession, config: Config): Promise<void> {
  if (config.rewardSources.length > 0)
    await session.ask((requestId) => ({ type: 'checkRewards', requestId, config }));
}

/** Supervised steps with a run's settings; returns those of the run that starts from their weights. */
async function coldStart(
  session: StudioSession,
  { config, sftSteps }: Options,
  seen: Seen,
  mirror: RunMirror | undefined,
): Promise<Config> {
  const first: Config = { ...config, stage: 'sft', steps: sftSteps };
  seen.config = first;
  await session.post({ type: 'start', config: first });
  await finish(session, mirror);
  Object.assign(seen, { config, reported: 0 });
  return { ...config, startFrom: 'last run' };
}

/**
 * Waits for the last step; returns every event on the way. A run that rests because of an alarm is over here, as nobody is
 * there to judge; one that is to rest (`rests`) is where it should be. @throws InputError where the run did not finish, after a summary that says so
 */
async function finish(
  session: StudioSession,
  mirror: RunMirror | undefined,
  rests = false,
): Promise<PlainEvent[]> {
  const ended = ['finished', 'failed', 'stopped', 'paused'];
  const events = await session.until((event) => event.type === 'state' && ended.includes(event.state));
  const told = withoutTakenBack(events);
  await mirror?.settled();
  const last = events.findLast((event) => event.type === 'state');
  if (last?.type !== 'state' || last.state === 'finished') return told;
  if (rests && last.state === 'paused') return told;
  const { state, step, steps, message: reason = 'The run failed.' } = last;
  const alarms = alarmsOf(told);
  print({ type: 'summary', steps: step, state, reason, alarms, eval: null, files: [] });
  throw new InputError(
    `The run ${state === 'failed' ? '' : 'is '}${state} at step ${step} of ${steps}: ${reason}`,
    {
      hint:
        state === 'paused'
          ? `${alarms.findLast(({ pauses }) => pauses)?.hint ?? ''} With --pauseOnAlarm false a run goes on whatever is wrong.`
          : (alarms.at(-1)?.hint ?? ''),
    },
  );
}

/** A run that goes on from an earlier step takes back what it had told of later ones. */
function withoutTakenBack(events: readonly PlainEvent[]): PlainEvent[] {
  const stepOf = (event: PlainEvent): number =>
    event.type === 'eval' ? event.result.step : event.type === 'alarm' ? event.alarm.step : 0;
  return events.filter(
    (event, at) =>
      stepOf(event) === 0 ||
      !events.slice(at).some((later) => later.type === 'rewound' && later.step < stepOf(event)),
  );
}

const alarmsOf = (events: readonly PlainEvent[]): Alarm[] =>
  events.flatMap((event) => (event.type === 'alarm' ? event.alarm : []));

/** What is to be known of how a run finished, beside its scores. */
function remarksOf(events: readonly PlainEvent[]): { reason?: string; alarms: Alarm[] } {
  const last = events.findLast((event) => event.type === 'state');
  const reason = last?.type === 'state' ? last.message : undefined;
  if (reason !== undefined) say(reason);
  return { ...(reason === undefined ? {} : { reason }), alarms: alarmsOf(events) };
}

/** What the events have told so far. */
interface Seen {
  heldOut: number;
  model?: ModelSummary;
  questions?: OwnQuestions;
  bareAnswers?: number;
  typedRows?: number;
  /** Of the run whose steps are reported. */
  config: Pick<Config, 'stage' | 'steps'>;
  /** The latest step of it that was reported. */
  reported: number;
}

/** The settings of the run, once it is known what is open; says whose they are. */
function settingsOnOpening(
  { demo, values, config, resumption, sftSteps, preset }: Options,
  { model, questions, bareAnswers, typedRows }: Seen,
): Config {
  if (resumption || !model) return config;
  const { settings, lines } = openedSettings(values, { ...model, demo }, questions, {
    ...(bareAnswers === undefined ? {} : { bareAnswers }),
    ...(typedRows === undefined ? {} : { typedRows }),
    sftSteps,
    ...(preset ? { preset } : {}),
  });
  for (const line of lines) say(line);
  return settings;
}

/** Reports what is new, counts held-out clips, and lets checkpoints be copied as they are written. */
function watch(
  session: StudioSession,
  config: Pick<Config, 'stage' | 'steps'>,
  mirror: RunMirror | undefined,
): Seen {
  const seen: Seen = { heldOut: 0, config, reported: 0 };
  session.onEvent = (event) => {
    if (event.type === 'data') {
      seen.heldOut = event.summary.splits.test + event.summary.splits.val;
      seen.questions = event.summary.questions;
      seen.bareAnswers = event.summary.bareAnswers ?? 0;
      seen.typedRows = event.summary.typedRows ?? 0;
    }
    if (event.type === 'model') {
      if (event.requestId !== undefined) for (const note of event.summary.notes) say(note);
      seen.model = event.summary;
    }
    if (event.type === 'resumed') {
      seen.reported = event.run.step;
      say(`going on with ${event.run.name} from step ${seen.reported}`);
    }
    if (event.type === 'saved') mirror?.follow(event.runId);
    if (event.type === 'rewound') mirror?.rewind();
    // Steps that are taken again come out the same.
    if (event.type === 'step' && event.step <= seen.reported) return;
    if (event.type === 'step') seen.reported = event.step;
    report(event, seen.config);
  };
  return seen;
}

async function run(session: StudioSession, given: Options): Promise<void> {
  const { out, resumption: resumed, sftSteps } = given;
  const mirror = out && session.storage ? new RunMirror(session.storage, out) : undefined;
  const seen = watch(session, given.config, mirror);
  await open(session, given);
  const scoring = scorerSettings(await openScorers(session, given.scorers, say), given.values);
  const values = { ...given.values, ...(resumed ? {} : scoring) };
  const options = { ...given, values, config: settingsOnOpening({ ...given, values }, seen) };
  await sayPrompts(session, options.config, say);
  seen.config = options.config;
  if (!resumed) await demandRewards(session, options.config);
  const config = sftSteps > 0 ? await coldStart(session, options, seen, mirror) : options.config;
  const measured = resumed ? await resumeRun(session, resumed) : await begin(session, config, seen.heldOut);
  const events = await finish(session, mirror, resumed?.rest);
  const remarks = remarksOf(events);
  const evaluations = events.filter(isEval).map(({ result }) => result);
  const before = measured ?? evaluations.find(isBefore);
  const during = evaluations.filter(({ step }) => step > 0);
  const hears = (seen.model?.parts.audio ?? 0) > 0;
  const scores = before && (await scoresAfter(session, config, hears, { before, during }));
  const files = out ? await exportTo(session, out, given.parts) : [];
  print({ type: 'summary', steps: seen.reported, ...remarks, eval: scores ?? null, files });
}

/** A headless Chrome, except on lavapipe, which no browser offers: there the same session runs in this process. */
function openSession(): Promise<StudioSession> {
  return chosenAdapter() === 'lavapipe' ? NodeSession.open() : HeadlessSession.open();
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    process.stdout.write(help());
    return;
  }
  const options = parseArguments(argv);
  for (const warning of configWarnings(options.config)) say(`Note: ${warning}`);
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
    process.exit(error instanceof Unanswered ? 2 : 1);
  },
);
