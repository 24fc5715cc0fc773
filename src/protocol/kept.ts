/** What is kept in the browser's storage or exported from it: exports, models from a hub, runs. */
import { wholeConfig } from './config.ts';
import { runAbout, runGlance } from './run-about.ts';
import { forkOptimizer } from './run-fork.ts';
import { anyNumber, blob, directory, longArray, unwritten, z } from './shapes.ts';

/** Element types in which merged weights are written. */
const mergedDtype = z.enum(['bf16', 'f32']);
export type MergedDtype = z.infer<typeof mergedDtype>;

export const exportParts = z.object({
  /** Full weights with the adapter added, under the published names; null for none. */
  merged: mergedDtype.nullable(),
  /** PEFT adapter; empty when the run has no LoRA. */
  adapter: z.boolean(),
  /** `checkpoint-N` as TRL resumes from; nothing when the run trains more than an adapter. */
  checkpoint: z.boolean(),
  /** `handoff/`: checkpoint, launchers, settings, rewards, data and merged weights for other trainers. */
  handoff: z.boolean(),
  /** `handoff/media/`: the clips too, so that the bundle goes on without the data folder. */
  clips: z.boolean().optional(),
  /** metrics.jsonl */
  metrics: z.boolean(),
  /** rollouts.jsonl */
  rollouts: z.boolean(),
  /** predictions.jsonl: every answer of every evaluation; nothing where none was made. */
  predictions: z.boolean().optional(),
  /** `logs/`: the metrics as TensorBoard, wandb, trackio and spreadsheets read them. */
  logs: z.boolean().optional(),
  /** report.html: the run as one page to read and to print. */
  report: z.boolean().optional(),
});
export type ExportParts = z.infer<typeof exportParts>;

/** The hub that repositories come from unless another is named. */
export const HUB_URL = 'https://huggingface.co';

export const hubSource = z.object({
  baseUrl: z.string(),
  /** `owner/name` */
  id: z.string(),
  /** A branch, a tag or a commit. */
  revision: z.string(),
});
/** A repository at one revision of a hub. */
export type HubSource = z.infer<typeof hubSource>;

export const exportPlace = z.discriminatedUnion('kind', [
  /** A folder that the person chose. */
  z.object({ kind: z.literal('folder'), folder: directory }),
  /** One zip archive in the browser's own storage, to be downloaded. */
  z.object({ kind: z.literal('archive') }),
  /** The files one by one in the browser's own storage. */
  z.object({ kind: z.literal('files') }),
]);
/** Where an export is written. */
export type ExportPlace = z.infer<typeof exportPlace>;

export const keptWeights = z.object({
  id: z.string(),
  /** Two words, for people. */
  name: z.string(),
  step: z.number().int(),
});
/** A run that is kept on this device, at one of its steps. */
export type KeptWeights = z.infer<typeof keptWeights>;

export const checkpointChoice = z.union([z.int().min(0), z.enum(['best', 'good'])]);
/** A checkpoint of a stored run: by its step, or the one that scored best, or the last one from before a collapse. */
export type CheckpointChoice = z.infer<typeof checkpointChoice>;

const exportRequest = z.object({
  parts: exportParts,
  place: exportPlace,
  /** Whose weights they are. */
  run: keptWeights,
});
/** All it takes to begin an export again. */
export type ExportRequest = z.infer<typeof exportRequest>;

/** Whether a remembered request can be asked again: an earlier version of the page may have asked for other parts. */
export function isExportRequest(value: unknown): value is ExportRequest {
  return exportRequest.safeParse(value).success;
}

const plannedFile = z.object({
  path: z.string(),
  /** Exact for weights, an estimate for some text. */
  bytes: z.number(),
});
/** A file of an export before it is made. */
export type PlannedFile = z.infer<typeof plannedFile>;
export const plannedFiles = unwritten(longArray(plannedFile));

export const brokenExport = z.object({
  /** Name of the folder or archive it was going to. */
  target: z.string(),
  /** ISO 8601. */
  started: z.string(),
  files: plannedFiles,
  /** Paths of those that are whole, where that can be told. */
  written: unwritten(longArray(z.string())),
  /** What was asked for; absent where its weights were not those of a kept run. */
  request: exportRequest.optional(),
});
/** An export that the page was closed upon, or that failed. */
export type BrokenExport = z.infer<typeof brokenExport>;

export const exportedFile = z.object({
  /** Path inside the folder, or the archive's name. */
  name: z.string(),
  /** The file on disk: nothing is read before it is asked for. */
  blob,
});
export type ExportedFile = z.infer<typeof exportedFile>;

export const storedModel = z.object({
  /** Names it in commands. */
  key: z.string(),
  source: hubSource,
  /** Bytes that are here. */
  done: z.number(),
  /** Of how many; 0 when that is not known. */
  total: z.number(),
  /** All is here and was checked. */
  complete: z.boolean(),
  /** It is whole, and scores texts: no run trains it. */
  isClassifier: z.boolean(),
});
/** A model that was downloaded into the browser's storage, whole or in part. */
export type StoredModel = z.infer<typeof storedModel>;

export const downloadStatus = z.object({
  key: z.string(),
  source: hubSource,
  phase: z.enum(['listing', 'downloading', 'checking', 'waiting', 'stopped', 'complete']),
  /** The file at work; empty while listing. */
  file: z.string(),
  /** Bytes of the whole model; while checking, of the file. */
  done: z.number(),
  total: z.number(),
  /** Why it waits, or what the person should know about the server. */
  note: z.string().optional(),
});
/** How far the download under way is; `stopped` and `complete` are its last words. */
export type DownloadStatus = z.infer<typeof downloadStatus>;

const storedCheckpoint = z.object({
  /** Optimizer steps behind it. */
  step: z.number(),
  /** When it was written, in milliseconds since 1970. */
  savedAt: z.number(),
  /** What it scored on held-out clips, where it is the best of its run. */
  best: z.object({ metric: z.string(), value: anyNumber }).optional(),
  /** The newest one of which training still vouched that all was well, where later ones have to show it. */
  healthy: z.boolean().optional(),
});
/** A checkpoint of a kept run that can be opened. */
export type StoredCheckpoint = z.infer<typeof storedCheckpoint>;

export const storedRun = z.object({
  id: z.string(),
  /** For people: two words, or what somebody calls it. */
  name: z.string(),
  about: runAbout.omit({ name: true }),
  glance: runGlance,
  /** When it was begun, in milliseconds since 1970. */
  createdAt: z.number(),
  config: wholeConfig,
  /** Optimizer steps behind its newest checkpoint. */
  step: z.number(),
  /** Steps in all. */
  steps: z.number(),
  /** When the newest checkpoint was written, in milliseconds since 1970. */
  savedAt: z.number(),
  model: z.string(),
  data: z.string(),
  /** Whether model and data are the embedded ones. */
  demo: z.boolean(),
  /** Of everything that it takes on this device. */
  bytes: z.number(),
  /** Whether it was written on an adapter like the present one: elsewhere the numbers go on with other last bits. */
  sameDevice: z.boolean(),
  /** By rising step; the last one is the newest. */
  checkpoints: z.array(storedCheckpoint),
  /** The checkpoint of another run that it went on from. */
  from: keptWeights.optional(),
  /** Where that was with settings of its own; `anew`: it took over weights alone, and counts its steps from 0. */
  fork: z.object({ optimizer: forkOptimizer, anew: z.boolean() }).optional(),
  /** Where its end was put off: after which step, and how many steps there had been in all. */
  prolonged: z.array(z.object({ step: z.number(), steps: z.number() })).optional(),
  /** Programs of own rewards that it was trained with, by the SHA-256 of their text; absent: none. */
  programs: z.array(z.object({ name: z.string(), hash: z.string() })).optional(),
  /** What of it is damaged or could not be checked, a sentence each. */
  notes: z.array(z.string()),
});
/** A run that is kept on this device, by its newest checkpoint. */
export type StoredRun = z.infer<typeof storedRun>;

export const damagedRun = z.object({
  id: z.string(),
  /** Its id where its name cannot be read. */
  name: z.string(),
  /** What is wrong with it, and where. */
  reason: z.string(),
  /** Of everything that it takes on this device. */
  bytes: z.number(),
  /** Steps of its checkpoints that are whole. */
  whole: z.array(z.number()),
});
/** A run that is kept on this device and cannot be gone on with. Nothing of it is deleted unless a person says so. */
export type DamagedRun = z.infer<typeof damagedRun>;

/** Begins the name of the browser's lock on a run; the run's id follows. Whoever trains a run holds it. */
export const RUN_LOCK = 'studio run ';

/** The name in a run's id, which ends with the time of its beginning. */
export const runNameOfId = (id: string): string => id.replace(/-[^-]*$/, '');
