import { type FeatureCache, openFeatureCache } from '../io/feature-cache.ts';
import { opfsStore } from '../io/file-store.ts';
import { decodeExample } from './clips.ts';
import { writeExport } from './export/write.ts';
import type { Decode } from './features.ts';
import { RunStore } from './runs/run-store.ts';

/** What a session takes from where it runs. */
export interface SessionHost {
  readonly decode: Decode;
  openFeatureCache(): Promise<FeatureCache>;
  readonly writeExport: typeof writeExport;
  /** The runs kept here; absent where nothing can be kept. */
  readonly runs?: RunStore;
}

/** The browser, with its private files; without kept runs where it lets a page keep nothing, as private windows do. */
export async function browserHost(): Promise<SessionHost> {
  const host = { decode: decodeExample, openFeatureCache, writeExport };
  try {
    return { ...host, runs: new RunStore(opfsStore(await navigator.storage.getDirectory())) };
  } catch {
    return host;
  }
}
