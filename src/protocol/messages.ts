/**
 * What crosses between page and worker. Commands go in, events come out; both are structured-clonable.
 * A command with a `requestId` is answered by its event(s) with the same id and closed by exactly one `done` or `error`.
 */
import type { Interval } from '../math/bootstrap.ts';
import type { Alarm } from './alarms.ts';
import type { BenchGroup, BenchLibrary, BenchReport } from './bench.ts';
import type { Config } from './config.ts';
import type {
  BrokenExport,
  CheckpointChoice,
  DamagedRun,
  DownloadStatus,
  ExportedFile,
  ExportParts,
  ExportPlace,
  HubSource,
  KeptWeights,
  PlannedFile,
  StoredModel,
  StoredRun,
} from './kept.ts';
import type { LiveAnswer } from './live-answer.ts';
import type { MemoryPlan, WhatIf } from './memory.ts';
import type { MetricValues } from './metrics.ts';
import type { OwnQuestions } from './own-questions.ts';

export * from './kept.ts';

/** One file of a dropped or chosen folder. */
export interface SourceFile {
  /** Path inside the folder, `/`-separated, beginning with the folder's own name if there is one. */
  path: string;
  file: File;
}

export const SPLITS = ['train', 'val', 'test'] as const;
export type Split = (typeof SPLITS)[number];
/** A sense that evaluation replaces by zeros. */
export type Mute = 'audio' | 'video';
/** Evaluation on several answers per clip, drawn at a temperature. Without it, it is greedy: one answer. */
export interface SampledDecoding {
  samples: number;
  temperature: number;
}

/** Which model of a folder is wanted, and the adapter that runs begin from. Paths inside the folder; '' is its top. */
export interface ModelChoice {
  /** Absent: the model nearest to the top. */
  folder?: string;
  /** Absent: none. */
  adapter?: string;
}

export type Command =
  | { type: 'openDemo'; requestId: number }
  /** `fold` (from 1) matters to data sets that come in folds. */
  | { type: 'openData'; requestId: number; files: SourceFile[]; fold?: number }
  | { type: 'openModel'; requestId: number; files: SourceFile[]; choice?: ModelChoice }
  /** A folder whose handle the page holds, from a picker, a drop or an earlier visit. */
  | { type: 'openModelFolder'; requestId: number; folder: FileSystemDirectoryHandle }
  /** Asks for a `models` event. */
  | { type: 'listModels'; requestId: number }
  /** Begins or goes on. The token is kept in the worker's memory, for going on with the same hub without it. */
  | { type: 'downloadModel'; requestId: number; source: HubSource; token?: string }
  /** Ends the download under way; what has arrived is kept. */
  | { type: 'stopDownload' }
  | { type: 'openStoredModel'; requestId: number; key: string }
  /** The folder of the model that is open once more: another model of it, or with an adapter that lies in it. */
  | { type: 'openModelPart'; requestId: number; choice: ModelChoice }
  | { type: 'removeModel'; requestId: number; key: string }
  /** With `config`, under its prompt; without, under that of the latest run. */
  | { type: 'preview'; requestId: number; exampleId: string; config?: Config }
  /** The memory that a run with `config` would take; with `whatIf`, that of other settings, too. */
  | { type: 'plan'; requestId: number; config: Config; whatIf: boolean }
  | { type: 'start'; config: Config }
  | { type: 'pause' }
  | { type: 'resume' }
  /** One step, then a pause: the next step of a paused run, else the first step of a new run with `config`. */
  | { type: 'step'; config?: Config }
  | { type: 'stop' }
  /** Measures the weights of the latest run; before one, those as loaded, with the question and lengths of `config`. */
  | {
      type: 'evaluate';
      requestId: number;
      split: Split;
      mute?: Mute;
      sampled?: SampledDecoding;
      config?: Config;
      /** The weights that the latest run began with, in place of those it has now. */
      start?: boolean;
    }
  /** Which files an export of the present run would have; answered by `exportPlan`. */
  | { type: 'planExport'; requestId: number; parts: ExportParts }
  /** With `run`, only of that run at that step; where another one is on the device, or none, it is opened first and rests. */
  | { type: 'export'; requestId: number; parts: ExportParts; place: ExportPlace; run?: KeptWeights }
  /**
   * Goes on with a stored run; its model and its data must be open, those of the demo open by themselves. `step`: from that
   * checkpoint instead of the newest; with its next step the run then becomes one of its own. `rest`: no step is taken yet.
   */
  | { type: 'resumeRun'; requestId: number; runId: string; step?: CheckpointChoice; rest?: boolean }
  | { type: 'deleteRun'; requestId: number; runId: string }
  /** Puts the files of a stored run, as they lie there, into one archive; answered by `exported`. A damaged one's, too. */
  | { type: 'saveRunFiles'; requestId: number; runId: string }
  /** Times rows of these groups against these libraries; refused while a run is under way. */
  | { type: 'bench'; requestId: number; groups: BenchGroup[]; libraries: BenchLibrary[] }
  /** Ends it after the row that is being timed. */
  | { type: 'stopBench' };

export type CommandType = Command['type'];

export interface DeviceInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** True for a software adapter: right numbers, low speed. */
  isSoftware: boolean;
  features: string[];
  limits: Record<string, number>;
  /** Who does a class of work fastest (kinds of matrix products, attention, decode steps), where that was measured. */
  makers?: Readonly<Record<string, 'thread' | 'subgroup' | 'workgroup' | 'f16 workgroup'>>;
}

/** Why something of a data set was left out. */
export type SkipReason =
  | 'file unreadable'
  | 'list missing'
  | 'row malformed'
  | 'row repeated'
  | 'label contradicted'
  | 'question differs'
  | 'label unknown'
  | 'name not understood'
  | 'clip missing'
  | 'clip ambiguous'
  | 'clip empty'
  | 'clip unreadable'
  | 'one sense only'
  | 'song, not speech'
  | 'nothing to read';

/** Something of the data that was left out and did not stop the rest. */
export interface DataIssue {
  reason: SkipReason;
  file: string;
  /** 1-based row in a table file, where there is one. */
  row?: number;
  message: string;
  hint?: string;
}

export interface ExampleInfo {
  id: string;
  path: string;
  label: string;
  split: Split;
  /** What else the data says of the clip, for people. */
  note?: string;
  /** It turned out to be unreadable: no run uses it, and no count has it. */
  leftOut?: true;
}

/** A label and the clips that have it. */
export interface LabelCount {
  label: string;
  count: number;
  splits: Record<Split, number>;
  /** Other words that the data writes for it. */
  writtenAs: string[];
}

export interface DataSummary {
  /** Of the folder. */
  name: string;
  /** 'R1-Omni JSON', 'DFEW' and the like, for people. */
  format: string;
  count: number;
  /** Rows or files met, those left out included. */
  rows: number;
  /** Most clips first. */
  labels: LabelCount[];
  splits: Record<Split, number>;
  /** How the splits were made, a sentence. */
  division: string;
  /** Where the data set comes in folds: those in the folder, and the one that was read. */
  folds?: { chosen: number; available: number[] };
  examples: ExampleInfo[];
  questions: OwnQuestions;
  issues: DataIssue[];
  /** Counts of `issues`, most first. */
  skipped: { reason: SkipReason; count: number }[];
}

export interface ModelSummary {
  name: string;
  /** Whether it is the embedded one. */
  demo?: boolean;
  family: string;
  /** Parameters by part: decoder, vision, audio, projectors, gate, bert … */
  parts: Record<string, number>;
  /** Parameters that train under the last known config; 0 before a run. */
  trainable: number;
  /** Element types as stored, for example `BF16`. */
  dtype: string;
  bytes: number;
  /** 'one folder' | 'towers apart' and the like, for people. */
  layout: string;
  /** Names of tensors in the files that this architecture does not use. */
  unusedTensors: string[];
  /** What of the folder was left aside, or taken otherwise than its config says; sentences for people. */
  notes: string[];
  /** Where this model and the adapter it was opened with lie in the folder. */
  choice: ModelChoice;
  /** Folders of the other models in the same folder. */
  others: string[];
  /** Adapters in the same folder. */
  adapters: FoundAdapter[];
}

/** An adapter that lies in a model's folder. */
export interface FoundAdapter {
  path: string;
  /** The base model that its config names; '' where it names none. */
  base: string;
}

/** What the model really gets for one clip. */
export interface Preview {
  exampleId: string;
  /** The frames after the reference's choice and resize. */
  frames: ImageBitmap[];
  /** Peaks of the 16 kHz waveform, about a thousand values in [-1, 1]. */
  waveform: Float32Array;
  /** Row-major [mels, columns], as the audio tower gets it (perhaps fewer columns, for display). */
  logMel: { mels: number; columns: number; values: Float32Array };
  /** The prompt with its placeholders. */
  prompt: string;
  /** Prompt length in tokens, media included. */
  tokens: number;
  seconds?: number;
}

export const RUN_STATES = [
  'empty',
  'loading',
  'ready',
  'running',
  'pausing',
  'paused',
  'stopped',
  'finished',
  'failed',
] as const;
export type RunState = (typeof RUN_STATES)[number];
/** What is refused while a run is under way is refused with this; it is over when the run is. */
export const RUN_UNDER_WAY = 'A run is under way.';

export interface Completion {
  /** Special tokens removed: what the rewards see. */
  text: string;
  /** Special tokens kept. */
  rawText: string;
  tokens: number;
  ended: 'eos' | 'length';
  /** By reward name, unweighted; null = not applicable. */
  rewards: Record<string, number | null>;
  /** Weighted sum. */
  total: number;
  advantage: number;
  /** What was read as the answer; null when unreadable. */
  answer: string | null;
  meanKl?: number;
}

export interface RolloutGroup {
  exampleId: string;
  label: string;
  completions: Completion[];
}

export interface Confusion {
  labels: string[];
  /** counts[truth][predicted]; unreadable answers are not in it. */
  counts: number[][];
  /** Unreadable answers by truth. */
  unreadable: number[];
}

/** One answer to a clip, and what is read in it. */
export interface EvalAnswer {
  /** The whole answer, special tokens removed; absent where it was let go of to save memory. */
  text?: string;
  /** What stands between the answer tags; null without them. */
  answer: string | null;
  /** The label the answer (or the text without tags) equals letter by letter; null when it is none. */
  exact: string | null;
  /** The label it means when case, outer punctuation and synonyms are folded; null when it is none. */
  tolerant: string | null;
}

export interface EvalClip {
  exampleId: string;
  label: string;
  answers: EvalAnswer[];
  /** What counts as the prediction: the reading of the one answer, or the majority vote over several. */
  exact: string | null;
  tolerant: string | null;
}

/** Scores under one way of matching answers with labels. */
export interface MatchScores {
  correct: number;
  /** Share correct, 0..1. */
  war: number;
  /** Mean recall over the labels of the clips, 0..1. */
  uar: number;
  /** Clips for which no known label could be read. They count as wrong. */
  unreadable: number;
}

/** An evaluation. Its own scores are those of exact matching. */
export interface EvalResult extends MatchScores {
  split: Split;
  /** Optimizer steps behind the evaluated weights; 0 = as loaded. */
  step: number;
  mute?: Mute;
  sampled?: SampledDecoding;
  n: number;
  confusion: Confusion;
  /** 95 % bootstrap intervals of `war` and `uar`; null where these clips cannot tell. */
  interval: Interval | null;
  uarInterval: Interval | null;
  /** Scores after folding case, outer punctuation and synonyms. */
  tolerant: MatchScores;
  /** Mean pass@k over the clips, by rising k; only of sampled answers. */
  passAtK?: { k: number; value: number }[];
  clips: EvalClip[];
  /** Whether no earlier evaluation of this kind in this run scored as high by the run's `bestMetric`. */
  best?: boolean;
}

interface StepReport {
  step: number;
  metrics: MetricValues;
  /** Seconds by phase, of src/protocol/phases.ts. */
  seconds: Record<string, number>;
}

export type Event =
  | { type: 'ready'; device: DeviceInfo }
  | { type: 'unavailable'; reason: string; hint: string }
  | { type: 'data'; requestId: number; summary: DataSummary }
  | { type: 'model'; requestId?: number; summary: ModelSummary }
  | { type: 'models'; requestId?: number; models: StoredModel[] }
  | { type: 'download'; requestId: number; status: DownloadStatus }
  | { type: 'preview'; requestId: number; preview: Preview }
  | { type: 'state'; state: RunState; step: number; steps: number; message?: string }
  | { type: 'progress'; requestId?: number; what: string; done: number; total: number; unit: string }
  | ({ type: 'step' } & StepReport)
  /** The run is not well. */
  | { type: 'alarm'; alarm: Alarm }
  | { type: 'rollouts'; step: number; groups: RolloutGroup[] }
  /** What is new of an answer that is being sampled, at most ten times a second. */
  | ({ type: 'live' } & LiveAnswer)
  | { type: 'eval'; requestId?: number; result: EvalResult }
  | { type: 'plan'; requestId: number; plan: MemoryPlan; whatIf?: WhatIf[] }
  | { type: 'exportPlan'; requestId: number; files: PlannedFile[] }
  /** `place` is where the files lie: a folder's name, or '' for the browser's own storage. */
  | { type: 'exported'; requestId: number; files: ExportedFile[]; place: string }
  | { type: 'exportBroken'; broken: BrokenExport }
  /** Every stored run that no tab holds, newest first, and those that cannot be gone on with. */
  | { type: 'runs'; runs: StoredRun[]; damaged: DamagedRun[] }
  /** A checkpoint of the present run has been written. */
  | { type: 'saved'; runId: string; name: string; step: number }
  /**
   * What of the present run is not saved just now, though it should be; without `trouble`, that is over. So is it by `saved`.
   * `lost`: nor is anything that was saved before.
   */
  | { type: 'unsaved'; trouble?: { message: string; hint: string }; lost?: boolean }
  /** A stored run takes the place of the present one; its earlier steps, answers and evaluations follow as events. */
  | { type: 'resumed'; requestId: number; run: StoredRun; config: Config }
  /** The run under way stands at an earlier step again: what was told of later ones is taken back, and comes anew. */
  | { type: 'rewound'; step: number }
  | { type: 'memory'; parts: Record<string, number>; peak: number }
  /** All that was found so far; `done` and `total` count comparisons. */
  | { type: 'bench'; requestId: number; report: BenchReport; done: number; total: number }
  | { type: 'done'; requestId: number }
  /** Something that the person should know of work that goes on; nothing failed by it. */
  | { type: 'note'; message: string; hint?: string }
  | { type: 'error'; requestId?: number; message: string; hint?: string; details?: string; fatal: boolean };

export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;
