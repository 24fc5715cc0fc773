/** Everything the page knows, as one immutable value, and what each event changes in it. */
import type { Alarm } from '../protocol/alarms.ts';
import type { BenchReport } from '../protocol/bench.ts';
import { type Config, parseConfig } from '../protocol/config.ts';
import type { LiveAnswer } from '../protocol/live-answer.ts';
import type { LiveValues } from '../protocol/live-settings.ts';
import {
  type AnswerEvent,
  type BrokenExport,
  type ClipCount,
  type CommandType,
  type DamagedRun,
  type DataSummary,
  type DeviceInfo,
  type DownloadStatus,
  type EvalResult,
  type Event,
  type EventOf,
  type ExportedFile,
  type KeptWeights,
  type ModelSummary,
  type PlannedFile,
  type Preview,
  RUN_UNDER_WAY,
  type RunState,
  type StoredModel,
  type StoredRun,
} from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import type { RewardModelSummary } from '../protocol/reward-models.ts';
import type { ForkOptimizer } from '../protocol/run-fork.ts';
import type { StepBasis } from '../protocol/step-basis.ts';
import { type Contrasts, withAnswers } from './contrast.ts';
import { emptyRun } from './empty-run.ts';
import { appendEval } from './eval-log.ts';
import { exportedNow, renamed } from './kept-runs.ts';
import { grown } from './live.ts';
import { answeredPlan, type PlanState, refusedPlan } from './plan.ts';
import { noteOf, ofRun, type Problem, problemOf, TOLD_BY_ASKER } from './problems.ts';
import { type KnownPrompts, promptOf } from './prompts.ts';
import type { Recorded } from './recorded.ts';
import { withOpened } from './reward-choice.ts';
import { appendRollouts, type RolloutLog, withAnswered } from './rollout-log.ts';
import { type Draft, firstForm, followRun, type Settings } from './settings.ts';
import { type Stages, withStage } from './stages.ts';

export type Device =
  | { status: 'asking' }
  | { status: 'ready'; info: DeviceInfo }
  | { status: 'unavailable'; reason: string; hint: string };

export interface StepRecord {
  step: number;
  metrics: MetricValues;
  /** Seconds by phase. */
  seconds: Record<string, number>;
  /** Absent of steps of an earlier version, and of supervised ones. */
  basis?: StepBasis | undefined;
  /** Settings that were changed while the run went on, of which this is the first step. */
  changed?: LiveValues | undefined;
}

export interface Progress {
  what: string;
  done: number;
  total: number;
  unit: string;
}

export interface StudioState {
  device: Device;
  data?: DataSummary;
  model?: ModelSummary;
  /** Models in the browser's storage; absent until they were asked for. */
  storedModels?: readonly StoredModel[];
  /** Models that score answers, as they are open. */
  rewardModels: readonly RewardModelSummary[];
  /** The download under way, or how the last one ended; absent after one that failed. */
  download?: DownloadStatus;
  /** The clip looked at, the settings it was asked for under, and their `promptOf`; `preview` is absent while it is being made. */
  clip?: { exampleId: string; preview?: Preview; config?: Config; prompt: string };
  run: { state: RunState; step: number; steps: number; message?: string };
  /** The newest checkpoint of the current run. */
  saved?: KeptWeights;
  /** What of the current run is not saved just now, though it should be. */
  unsaved?: { message: string; hint: string };
  /** Runs kept on this device that no tab is at work on, newest first. */
  stored: readonly StoredRun[];
  /** Runs kept on this device that were damaged so that they cannot be gone on with. */
  damagedRuns: readonly DamagedRun[];
  progress?: Progress;
  /** How far the run is on its way to its first step. */
  stages: Stages;
  /** How far the run is ahead of its steps with its clips; absent where there is nothing to make ready. */
  clips?: ClipCount;
  /** The recorded run of the demo, once it was fetched. */
  recorded?: Recorded;
  /** Every step of the current run, in order. */
  steps: readonly StepRecord[];
  /** Where the current run was not well, in order. */
  alarms: readonly Alarm[];
  /** The steps that have answers, and those of the latest. */
  rollouts: RolloutLog;
  /** What it has got right since it began. */
  contrasts: Contrasts;
  /** The answer that is being sampled, as far as it has come. */
  live?: LiveAnswer;
  /** Newest last. */
  evals: readonly EvalResult[];
  /** `step`: of the weights that were exported. */
  exported?: { files: readonly ExportedFile[]; place: string; step: number };
  /** Files that an export of the present choice would have. */
  exportPlan?: readonly PlannedFile[];
  /** An export that the last visit left unfinished. */
  brokenExport?: BrokenExport;
  memory?: { parts: Record<string, number>; peak: number };
  /** The memory a run would take: the form that was asked about, and the answer or the refusal once it is there. */
  plan?: PlanState;
  /** What the prompts come to; it speaks of what it names only. */
  prompts?: KnownPrompts;
  /** What the latest bench found so far, and how many of its comparisons are done. */
  bench?: { report: BenchReport; done: number; total: number };
  /** The form: what is open says it, and the person over that. */
  draft: Draft;
  settings: Settings;
  /** The fork that the form is about: of which run, from which of its checkpoints. */
  fork?: { readonly run: StoredRun; readonly step: number; readonly optimizer: ForkOptimizer };
  /** The config of the current run. */
  running?: Config;
  problems: readonly Problem[];
  /** Commands waiting for their answer: request id → type. */
  pending: ReadonlyMap<number, CommandType>;
}

export function initialState(): StudioState {
  return {
    device: { status: 'asking' },
    run: { state: 'empty', step: 0, steps: 0 },
    rewardModels: [],
    stored: [],
    damagedRuns: [],
    ...emptyRun(),
    ...firstForm(),
    problems: [],
    pending: new Map(),
  };
}

/** What an event changes. Pure. */
export function reduce(state: StudioState, event: Event): Partial<StudioState> {
  switch (event.type) {
    case 'ready':
      return { device: { status: 'ready', info: event.device } };
    case 'unavailable':
      return { device: { status: 'unavailable', reason: event.reason, hint: event.hint } };
    case 'data':
      return { data: event.summary, clip: undefined, ...afterOpeningData(state, event) };
    case 'model':
      return { model: event.summary, ...afterOpeningModel(state, event) };
    case 'models':
      return { storedModels: event.models };
    case 'openRewardModel':
    case 'openRewardModelFolder':
    case 'openStoredRewardModel':
      return { rewardModels: withOpened(state.rewardModels, event.model), plan: undefined };
    case 'download':
      return { download: event.status };
    case 'preview':
      return { clip: previewed(state, event.preview) };
    case 'state':
      return onState(state, event);
    case 'progress':
      return {
        progress: { what: event.what, done: event.done, total: event.total, unit: event.unit },
        stages: withStage(state, event),
      };
    case 'clips':
      return { clips: { ready: event.ready, unreadable: event.unreadable, total: event.total } };
    case 'step':
      // What came before the step is done.
      return { steps: [...state.steps, stepRecord(event)], progress: undefined };
    case 'past':
      return withPast(state, event);
    case 'alarm':
      return { alarms: [...state.alarms, event.alarm] };
    case 'rollouts':
      return {
        rollouts: appendRollouts(state.rollouts, event.step, event.groups),
        contrasts: withAnswers(state.contrasts, event.step, event.groups),
      };
    case 'live':
      return { live: grown(state.live, event) };
    case 'eval':
      return { evals: appendEval(state.evals, event.result) };
    case 'exported':
      return exportedNow(event, state.run.step);
    case 'planExport':
      return { exportPlan: event.files };
    case 'exportBroken':
      return { brokenExport: event.broken };
    case 'plan':
      return { plan: answeredPlan(state.plan, event) };
    case 'runs':
      return { stored: event.runs, damagedRuns: event.damaged };
    case 'saved':
      return { saved: { id: event.runId, name: event.name, step: event.step }, unsaved: undefined };
    case 'unsaved':
      return { unsaved: event.trouble, ...(event.lost ? { saved: undefined } : {}) };
    case 'resumed':
      return resumedRun(event);
    case 'aboutRun':
      return renamed(state.saved, event);
    case 'mendReward':
    case 'changeSettings':
      return { running: event.config };
    case 'rewound':
      return rewoundTo(state, event.step);
    case 'memory':
      return { memory: { parts: event.parts, peak: event.peak } };
    case 'bench':
      return { bench: { report: event.report, done: event.done, total: event.total } };
    case 'done':
      return onDone(state, event);
    case 'note':
      return { problems: [...state.problems, noteOf(event)] };
    case 'error':
      return onError(state, event);
    default:
      return unkept(event);
  }
}

const resumedRun = ({ config, run }: EventOf<'resumed'>): Partial<StudioState> => ({
  ...emptyRun(),
  fork: undefined,
  running: config,
  ...followRun(config, run.name),
});

/** A stored run's steps, the answers of which are the worker's. */
const withPast = ({ steps, rollouts }: StudioState, event: EventOf<'past'>): Partial<StudioState> => ({
  steps: [...steps, ...event.steps],
  rollouts: withAnswered(rollouts, event.answered),
});

const stepRecord = ({ type: _, ...record }: EventOf<'step'>): StepRecord => record;

/** An answer of which only whoever asked takes note. */
const unkept = (_: AnswerEvent): Partial<StudioState> => ({});

function previewed({ clip, draft }: StudioState, preview: Preview): StudioState['clip'] {
  const { exampleId } = preview;
  const asked = clip?.exampleId === exampleId ? clip : { exampleId, prompt: promptOf(draft) };
  return { ...asked, preview };
}

export const OPENS_DATA: readonly CommandType[] = ['openDemo', 'openData', 'resumeRun'];
export const OPENS_MODEL: readonly CommandType[] = [
  'openDemo',
  'openModel',
  'openModelFolder',
  'openStoredModel',
  'openModelPart',
  'resumeRun',
];

/** Whether an event is about a model or data set that has just been opened, and not news about the one that was. */
export function isOpening(
  { pending }: Pick<StudioState, 'pending'>,
  { requestId }: { requestId?: number },
  commands: readonly CommandType[],
): boolean {
  const command = requestId === undefined ? undefined : pending.get(requestId);
  return command !== undefined && commands.includes(command);
}

/** What goes wrong in these goes wrong with the model or the data that were open. */
const ABOUT_WHAT_IS_OPEN: readonly CommandType[] = [
  'start',
  'step',
  'preview',
  'evaluate',
  'planExport',
  'export',
];

/** With another model or data set, what was measured, planned or went wrong before says nothing any more. */
function afterOpening(state: StudioState, commands: readonly CommandType[]): Partial<StudioState> {
  const ended = [...commands, ...ABOUT_WHAT_IS_OPEN];
  const problems = state.problems.filter(
    ({ command, fatal }) => fatal || !ended.includes(command ?? 'start'),
  );
  return { evals: [], plan: undefined, problems };
}

/** Its run is let go of with a model, and so is what it saw of a clip. Files that were exported stay at hand. */
function afterOpeningModel(state: StudioState, event: EventOf<'model'>): Partial<StudioState> {
  if (!isOpening(state, event, OPENS_MODEL)) return {};
  const { exported } = state;
  return {
    ...emptyRun(),
    exported,
    clip: undefined,
    running: undefined,
    ...afterOpening(state, OPENS_MODEL),
  };
}

/** A run's weights and curves outlive its data, for a next stage on other clips; it itself cannot go on. */
function afterOpeningData(state: StudioState, event: EventOf<'data'>): Partial<StudioState> {
  if (!isOpening(state, event, OPENS_DATA)) return {};
  return { running: undefined, saved: undefined, exportPlan: undefined, ...afterOpening(state, OPENS_DATA) };
}

/** What ends is over, but for the loading of a run, which tells its own end: questions are answered beside it. */
function onDone(state: StudioState, { requestId }: EventOf<'done'>): Partial<StudioState> {
  const rest = { pending: without(state.pending, requestId) };
  return state.run.state === 'loading' ? rest : { ...rest, progress: undefined };
}

const WORKING: readonly RunState[] = ['loading', 'running', 'pausing'];

function onState(state: StudioState, event: EventOf<'state'>): Partial<StudioState> {
  const run = { state: event.state, step: event.step, steps: event.steps, message: event.message };
  // What made the run ready is done once it runs.
  if (event.state === 'running' && state.run.state === 'loading') return { run, progress: undefined };
  if (WORKING.includes(event.state)) return { run };
  const rest: Partial<StudioState> = { run, live: undefined, progress: undefined };
  // A run that has ended left weights, and the device another load.
  if (WORKING.includes(state.run.state)) Object.assign(rest, { plan: undefined });
  if (event.state === 'paused') return rest;
  const problems = state.problems.filter(({ message }) => message !== RUN_UNDER_WAY);
  return { ...rest, problems: event.state === 'failed' ? ofRun(problems, event.message) : problems };
}

function onError(state: StudioState, event: EventOf<'error'>): Partial<StudioState> {
  const { requestId, message, hint, details, fatal } = event;
  const command = requestId === undefined ? undefined : state.pending.get(requestId);
  const problem = problemOf({ command, message, hint, details, fatal });
  const next: Partial<StudioState> = { problems: [...state.problems, problem], progress: undefined };
  if (requestId !== undefined) next.pending = without(state.pending, requestId);
  if (command === 'plan') return { ...next, problems: state.problems, plan: refusedPlan(state.plan, event) };
  if (command && TOLD_BY_ASKER.includes(command)) return { ...next, problems: state.problems };
  if (command === 'preview') next.clip = undefined;
  if (command === 'downloadModel') next.download = undefined;
  return next;
}

/** A refusal stands where the plan would. */
function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** What a new run forgets of the one before it. Evaluations of the weights as loaded stay: they are the comparison. */
export function freshRun(state: StudioState): Partial<StudioState> {
  const evals = state.evals.filter((result) => result.step === 0);
  return { ...emptyRun(), evals, running: parseConfig(state.draft) };
}

/** What was told of later steps is taken back. */
function rewoundTo(
  { steps, rollouts, evals, saved, alarms }: StudioState,
  step: number,
): Partial<StudioState> {
  return {
    steps: steps.filter((record) => record.step <= step),
    rollouts: new Map([...rollouts].filter(([at]) => at <= step)),
    evals: evals.filter((result) => result.step <= step),
    alarms: alarms.filter((alarm) => alarm.step <= step),
    saved: saved && saved.step <= step ? saved : undefined,
    live: undefined,
  };
}
