/** What is kept in the browser's storage or written out of it: exports, models from a hub, runs. */

/** Element types in which merged weights are written. */
export type MergedDtype = 'bf16' | 'f32';

export interface ExportParts {
  /** Full weights with the adapter added, under the published names; null for none. */
  merged: MergedDtype | null;
  /** PEFT adapter; empty when the run has no LoRA. */
  adapter: boolean;
  /** `checkpoint-N` as TRL resumes from; nothing when the run trains more than an adapter. */
  checkpoint: boolean;
  /** `handoff/`: checkpoint, launchers, settings, rewards, data and merged weights for other trainers. */
  handoff: boolean;
  /** `handoff/media/`: the clips too, so that the bundle goes on without the data folder. */
  clips?: boolean;
  /** metrics.jsonl */
  metrics: boolean;
  /** rollouts.jsonl */
  rollouts: boolean;
}

/** The hub that repositories come from unless another is named. */
export const HUB_URL = 'https://huggingface.co';

/** A repository at one revision of a hub. */
export interface HubSource {
  baseUrl: string;
  /** `owner/name` */
  id: string;
  /** A branch, a tag or a commit. */
  revision: string;
}

/** Where an export is written. */
export type ExportPlace =
  /** A folder that the person chose. */
  | { kind: 'folder'; folder: FileSystemDirectoryHandle }
  /** One zip archive in the browser's own storage, to be downloaded. */
  | { kind: 'archive' }
  /** The files one by one in the browser's own storage. */
  | { kind: 'files' };

/** A run that is kept on this device, at one of its steps. */
export interface KeptWeights {
  id: string;
  /** Two words, for people. */
  name: string;
  step: number;
}

/** A checkpoint of a stored run: by its step, or the one that scored best, or the last one from before a collapse. */
export type CheckpointChoice = number | 'best' | 'good';

/** All it takes to begin an export again. */
export interface ExportRequest {
  parts: ExportParts;
  place: ExportPlace;
  /** Whose weights they are. */
  run: KeptWeights;
}

/** A file of an export before it is made. */
export interface PlannedFile {
  path: string;
  /** Exact for weights, an estimate for some text. */
  bytes: number;
}

/** An export that the page was closed upon, or that failed. */
export interface BrokenExport {
  /** Name of the folder or archive it was going to. */
  target: string;
  /** ISO 8601. */
  started: string;
  files: readonly PlannedFile[];
  /** Paths of those that are whole, where that can be told. */
  written: readonly string[];
  /** What was asked for; absent where its weights were not those of a kept run. */
  request?: ExportRequest;
}

/** A model that was downloaded into the browser's storage, whole or in part. */
export interface StoredModel {
  /** Names it in commands. */
  key: string;
  source: HubSource;
  /** Bytes that are here; of how many, 0 when that is not known. */
  done: number;
  total: number;
  /** All is here and was checked. */
  complete: boolean;
}

export const DOWNLOAD_PHASES = [
  'listing',
  'downloading',
  'checking',
  'waiting',
  'stopped',
  'complete',
] as const;

/** How far the download under way is; `stopped` and `complete` are its last words. */
export interface DownloadStatus {
  key: string;
  source: HubSource;
  phase: (typeof DOWNLOAD_PHASES)[number];
  /** The file at work; empty while listing. */
  file: string;
  /** Bytes of the whole model; while checking, of the file. */
  done: number;
  total: number;
  /** Why it waits, or what the person should know about the server. */
  note?: string;
}

export interface ExportedFile {
  /** Path inside the folder, or the archive's name. */
  name: string;
  /** The file on disk: nothing is read before it is asked for. */
  blob: Blob;
}

/** A checkpoint of a kept run that can be opened. */
export interface StoredCheckpoint {
  /** Optimizer steps behind it. */
  step: number;
  /** When it was written, in milliseconds since 1970. */
  savedAt: number;
  /** What it scored on held-out clips, where it is the best of its run. */
  best?: { metric: string; value: number };
  /** The newest one of which training still vouched that all was well, where later ones have to show it. */
  healthy?: boolean;
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
  /** Of everything that it takes on this device. */
  bytes: number;
  /** Whether it was written on an adapter like the present one: elsewhere the numbers go on with other last bits. */
  sameDevice: boolean;
  /** By rising step; the last one is the newest. */
  checkpoints: StoredCheckpoint[];
  /** The older checkpoint of another run that it went on from. */
  from?: KeptWeights;
  /** What of it is damaged or could not be checked, a sentence each. */
  notes: string[];
}

/** A run that is kept on this device and cannot be gone on with. Nothing of it is deleted unless a person says so. */
export interface DamagedRun {
  id: string;
  /** Its id where its name cannot be read. */
  name: string;
  /** What is wrong with it, and where. */
  reason: string;
  /** Of everything that it takes on this device. */
  bytes: number;
  /** Steps of its checkpoints that are whole. */
  whole: number[];
}

/** Begins the name of the browser's lock on a run; the run's id follows. Whoever trains a run holds it. */
export const RUN_LOCK = 'studio run ';

/** The name in a run's id, which ends with the time of its beginning. */
export const runNameOfId = (id: string): string => id.replace(/-[^-]*$/, '');
