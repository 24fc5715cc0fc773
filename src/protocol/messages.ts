/**
 * What crosses between page and worker. Commands go in, events come out; both are structured-clonable.
 * A command with a `requestId` is answered by its event(s) with the same id and closed by exactly one `done` or `error`.
 */
import type { Config } from './config.ts';
import type { MetricValues } from './metrics.ts';

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

export interface ExportParts {
  /** Full weights with the adapter added, in the layout they came in. */
  merged: boolean;
  /** PEFT adapter; empty when the run has no LoRA. */
  adapter: boolean;
  /** metrics.jsonl */
  metrics: boolean;
  /** rollouts.jsonl */
  rollouts: boolean;
}

export type Command =
  | { type: 'openDemo'; requestId: number }
  | { type: 'openData'; requestId: number; files: SourceFile[] }
  | { type: 'openModel'; requestId: number; files: SourceFile[] }
  | { type: 'preview'; requestId: number; exampleId: string }
  | { type: 'start'; config: Config }
  | { type: 'pause' }
  | { type: 'resume' }
  /** One step, then a pause: the next step of a paused run, else the first step of a new run with `config`. */
  | { type: 'step'; config?: Config }
  | { type: 'stop' }
  | { type: 'evaluate'; requestId: number; split: Split; mute?: Mute }
  | { type: 'export'; requestId: number; parts: ExportParts }
  /** Goes on with a stored run; its model and its data must be open, those of the demo open by themselves. */
  | { type: 'resumeRun'; requestId: number; runId: string }
  | { type: 'deleteRun'; requestId: number; runId: string };

export type CommandType = Command['type'];

export interface DeviceInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** True for a software adapter: right numbers, low speed. */
  isSoftware: boolean;
  features: string[];
  limits: Record<string, number>;
}

/** Something wrong with the data that did not stop the rest. */
export interface DataIssue {
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
}

export interface DataSummary {
  count: number;
  labels: { label: string; count: number }[];
  splits: Record<Split, number>;
  examples: ExampleInfo[];
  issues: DataIssue[];
}

export interface ModelSummary {
  name: string;
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
  /** Unreadable answers by truth; without it, recall by label can only be given among the readable ones. */
  unreadable?: number[];
}

export interface EvalResult {
  split: Split;
  /** Optimizer steps behind the evaluated weights; 0 = as loaded. */
  step: number;
  mute?: Mute;
  n: number;
  correct: number;
  /** Share correct, 0..1. */
  war: number;
  /** Mean recall over labels, 0..1. */
  uar: number;
  confusion: Confusion;
  /** Answers in which no known label could be read. */
  unreadable: number;
  /** 95 % interval of `war`. */
  interval: [low: number, high: number];
}

export interface ExportedFile {
  /** Path inside the archive or folder. */
  name: string;
  blob: Blob;
}

/** A run that is kept on this device, by its newest checkpoint. */
export interface StoredRun {
  id: string;
  /** Two words, for people. */
  name: string;
  /** Optimizer steps behind its newest checkpoint, and steps in all. */
  step: number;
  steps: number;
  /** When the newest checkpoint was written, in milliseconds since 1970. */
  savedAt: number;
  model: string;
  data: string;
  /** Whether model and data are the embedded ones. */
  demo: boolean;
  /** Of all its checkpoints. */
  bytes: number;
  /** Whether it was written on an adapter like the present one: elsewhere the numbers go on with other last bits. */
  sameDevice: boolean;
}

interface StepReport {
  step: number;
  metrics: MetricValues;
  /** Seconds by phase: rollout, score, update … */
  seconds: Record<string, number>;
}

export type Event =
  | { type: 'ready'; device: DeviceInfo }
  | { type: 'unavailable'; reason: string; hint: string }
  | { type: 'data'; requestId: number; summary: DataSummary }
  | { type: 'model'; requestId?: number; summary: ModelSummary }
  | { type: 'preview'; requestId: number; preview: Preview }
  | { type: 'state'; state: RunState; step: number; steps: number; message?: string }
  | { type: 'progress'; requestId?: number; what: string; done: number; total: number; unit: string }
  | ({ type: 'step' } & StepReport)
  | { type: 'rollouts'; step: number; groups: RolloutGroup[] }
  /** The answer being sampled, at most ten times a second. */
  | { type: 'live'; step: number; text: string; tokens: number; exampleId?: string }
  | { type: 'eval'; requestId?: number; result: EvalResult }
  | { type: 'exported'; requestId: number; files: ExportedFile[] }
  /** Every stored run that no tab holds, newest first. */
  | { type: 'runs'; runs: StoredRun[] }
  /** A checkpoint of the present run has been written. */
  | { type: 'saved'; runId: string; name: string; step: number }
  /** A stored run takes the place of the present one; its earlier steps, answers and evaluations follow as events. */
  | { type: 'resumed'; requestId: number; run: StoredRun; config: Config }
  | { type: 'memory'; parts: Record<string, number>; peak: number }
  | { type: 'done'; requestId: number }
  | { type: 'error'; requestId?: number; message: string; hint?: string; details?: string; fatal: boolean };

export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;
