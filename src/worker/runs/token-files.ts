/**
 * `tokens/from-N.bin` of a stored run: its token values, a file for some steps that follow each other, N the first of them. They
 * grow as the run's other logs do; what is kept no more is a file that is removed.
 */
import type { FileStore } from '../../io/writing/file-store.ts';
import { InputError } from '../../math/errors.ts';
import type { KeptAnswer, Segment, TokenLog } from './token-log.ts';
import { decodeAnswer, type FoundRecord, findRecords } from './token-record.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes that are written at a time. */
const PIECE_BYTES = 4 << 20;

/** How much of a segment is written, and where in its file that ends: damaged records stay in the file. */
interface Written {
  bytes: number;
  end: number;
}

export class TokenFiles {
  readonly #store: FileStore;
  readonly #folder: string;
  readonly #log: TokenLog;
  readonly #written = new Map<number, Written>();

  /** `run`: the run's folder. */
  constructor(store: FileStore, run: string, log: TokenLog) {
    this.#store = store;
    this.#folder = folderIn(run);
    this.#log = log;
  }

  /** Brings the files up to the log. Throws when the device refuses; nothing is lost by that. */
  async flush(): Promise<void> {
    const { segments } = this.#log;
    const found = await filesIn(this.#store, this.#folder);
    const wanted = new Set(segments.map(({ first }) => first));
    for (const first of found) if (!wanted.has(first)) await this.#store.remove(this.#path(first));
    for (const segment of segments) {
      // What has vanished is written anew.
      if (!found.includes(segment.first)) this.#written.delete(segment.first);
      await this.#write(segment);
    }
  }

  async #write(segment: Segment): Promise<void> {
    const written = this.#written.get(segment.first) ?? { bytes: 0, end: 0 };
    this.#written.set(segment.first, written);
    while (written.bytes < segment.bytes) {
      const piece = segment.blob().slice(written.bytes, written.bytes + PIECE_BYTES);
      const bytes = new Uint8Array(await piece.arrayBuffer());
      if (await this.#store.writeFrom(this.#path(segment.first), written.end, bytes)) {
        written.bytes += bytes.byteLength;
        written.end += bytes.byteLength;
      } else {
        written.bytes = 0;
        written.end = 0;
      }
    }
  }

  #path(first: number): string {
    return pathIn(this.#folder, first);
  }

  /**
   * Takes the values up to `step` into the log, and cuts the files off there. `from`: the run's folder that is read, where another
   * run's values are taken over; that is left as it is. @returns a sentence where some are missing
   */
  async replay(step: number, from?: string): Promise<string[]> {
    const folder = from === undefined ? this.#folder : folderIn(from);
    const steps: number[] = [];
    for (const first of await filesIn(this.#store, folder)) {
      if (first > step) break;
      const bytes = await readBytes(this.#store, pathIn(folder, first));
      const records = [...soundRecords(bytes, steps.at(-1) ?? 0, step)];
      if (records.length === 0) continue;
      this.#log.takeOver(first, bytes, records);
      steps.push(...records.map((record) => record.step));
      if (from === undefined) await this.#cut(first, bytes.byteLength, records);
    }
    return missingNote(folder, steps);
  }

  /** What lies behind the last record that was taken is done again. */
  async #cut(first: number, size: number, records: readonly FoundRecord[]): Promise<void> {
    const { end } = records.at(-1)!;
    if (end < size) await this.#store.truncate(this.#path(first), end);
    const bytes = records.reduce((sum, record) => sum + record.end - record.start, 0);
    this.#written.set(first, { bytes, end });
  }
}

/** Records that go on from step `after`, up to one. */
function* soundRecords(bytes: Bytes, after: number, upTo: number): Generator<FoundRecord> {
  let last = after;
  for (const record of findRecords(bytes)) {
    if (record.step > upTo) return;
    if (record.step <= last) continue;
    last = record.step;
    yield record;
  }
}

/** Every step has values from the first that is kept on. */
function missingNote(folder: string, steps: readonly number[]): string[] {
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? -1];
  const missing = last - first + 1 - steps.length;
  if (missing === 0) return [];
  const many = missing === 1 ? 'the token values of 1 step are' : `the token values of ${missing} steps are`;
  return [`${folder}: ${many} damaged or missing, and left out.`];
}

/** An answer's tokens in the files of a run that is at rest. `run`: its folder. */
export async function storedAnswer(
  store: FileStore,
  run: string,
  step: number,
  place: number,
): Promise<KeptAnswer> {
  const folder = folderIn(run);
  const files = await filesIn(store, folder);
  const kept = files[0] === undefined ? {} : { first: files[0] };
  const file = files.findLast((first) => first <= step);
  if (file === undefined) return { answers: 0, ...kept };
  const bytes = await readBytes(store, pathIn(folder, file));
  for (const { step: found, answers, start, end } of findRecords(bytes)) {
    if (found !== step) continue;
    const tokens = decodeAnswer(bytes.subarray(start, end), place);
    return { answers, ...kept, ...(tokens ? { tokens } : {}) };
  }
  return { answers: 0, ...kept };
}

const folderIn = (run: string): string => `${run}/tokens`;

const pathIn = (folder: string, first: number): string => `${folder}/from-${first}.bin`;

/** First steps of the files that are ours, in their order. */
async function filesIn(store: FileStore, folder: string): Promise<number[]> {
  const names = await store.list(folder);
  const firsts = names.flatMap((name) => /^from-([1-9]\d{0,14})\.bin$/.exec(name)?.[1] ?? []);
  return firsts.map(Number).sort((a, b) => a - b);
}

/** Nothing where something else lies in the place of the file. */
async function readBytes(store: FileStore, path: string): Promise<Bytes> {
  try {
    const file = await store.read(path);
    return file ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array(0);
  } catch (error) {
    if (error instanceof InputError) return new Uint8Array(0);
    throw error;
  }
}
