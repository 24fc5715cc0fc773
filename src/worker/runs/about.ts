/** `about.json` of a stored run: its name, tags and notes. No step depends on it, so a damaged one is said and passed over. */
import { readRecord, writeRecord } from '../../io/sealed/record.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import { InputError } from '../../math/errors.ts';
import { type RunAbout, runAbout } from '../../protocol/run-about.ts';

const ABOUT = 'about.json';

export interface FoundAbout {
  /** Absent where nothing was written down, or it cannot be read. */
  readonly about?: RunAbout;
  readonly notes: readonly string[];
}

export async function readAbout(store: FileStore, folder: string): Promise<FoundAbout> {
  const path = `${folder}/${ABOUT}`;
  try {
    const found = await readRecord(store, path);
    if (!found) return { notes: [] };
    return { about: parseAbout(found.value, path), notes: found.note === undefined ? [] : [found.note] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { notes: [`${error.message} The name, tags and notes that were given to the run are not shown.`] };
  }
}

/** @throws InputError when it is not what `writeAbout` writes */
function parseAbout(value: unknown, path: string): RunAbout {
  const { data, error } = runAbout.safeParse(value);
  if (data) return data;
  const issue = error.issues[0];
  throw new InputError(`${path}: ${issue?.path.join('.') || 'it'}: ${issue?.message}.`);
}

export async function writeAbout(
  store: FileStore,
  folder: string,
  { name, tags, notes }: RunAbout,
): Promise<void> {
  await writeRecord(store, `${folder}/${ABOUT}`, { name, tags, notes });
}
