import type { Gpu } from '../gpu/index.ts';
import { type FeatureCache, openFeatureCache } from '../io/features/feature-cache.ts';
import { type FileStore, opfsStore } from '../io/writing/file-store.ts';
import type { RewardRunner } from '../rewards/contract.ts';
import { decodeForRuns } from './clips/clips.ts';
import type { Decode } from './clips/decoded.ts';
import { writeExport } from './export/write.ts';
import { RunStore } from './runs/run-store.ts';

/** What a session takes from where it runs. */
export interface SessionHost {
  /** Another device, made ready to work on, in the place of one that was lost. @throws InputError when there is none */
  openGpu(): Promise<Gpu>;
  readonly decode: Decode;
  openFeatureCache(): Promise<FeatureCache>;
  readonly writeExport: typeof writeExport;
  /** Runs the person's own rewards; absent where nothing does. */
  readonly rewards?: RewardRunner;
  /** The runs kept here; absent where nothing can be kept. */
  readonly runs?: RunStore;
}

/** The browser's private files; undefined where it lets a page keep nothing, as private windows do. */
export async function privateFiles(): Promise<FileStore | undefined> {
  try {
    const root = () => navigator.storage.getDirectory();
    await root();
    return opfsStore(root);
  } catch {
    return undefined;
  }
}

/** The browser, with its private files; without kept runs where there are none. */
export function browserHost(
  files: FileStore | undefined,
  openGpu: () => Promise<Gpu>,
  rewards: RewardRunner,
): SessionHost {
  const host = { openGpu, decode: decodeForRuns, openFeatureCache, writeExport, rewards };
  return files ? { ...host, runs: new RunStore(files) } : host;
}
