/** A run's checkpoints on disk, `OUT/runs/<id>/…` as the page keeps them, so that a later command can go on from there. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describeError, InputError } from '../math/errors.ts';
import { type Config, parseConfig } from '../protocol/config.ts';
import type { ExportedName, RunStorage } from './headless.ts';

const LOGS = ['events.jsonl', 'rollouts.jsonl'];
/** Folder of logs that begin anew from time to time, the oldest of which go. */
const VALUES = 'tokens';
/** Both copies of what a run is, and of what seals a folder. */
const DESCRIPTIONS = ['config.json', 'config.copy.json'];
const SEALS = ['manifest.json', 'manifest.copy.json'];
/** Lies in a folder that is not written to its end. */
const UNFINISHED = 'unfinished';
/** Tries at a file that the page is writing to. */
const MOST_TRIES = 20;
const TRY_AGAIN_MS = 50;
/** Bytes copied at a time. */
const PIECE_BYTES = 32 << 20;

/** Copies what a session keeps of its run to disk, whenever it has saved a checkpoint. */
export class RunMirror {
  readonly #storage: RunStorage;
  readonly #out: string;
  /** Bytes of each log that are on disk. */
  readonly #copied = new Map<string, number>();
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(storage: RunStorage, out: string) {
    this.#storage = storage;
    this.#out = out;
  }

  /** Begins to copy; one copy after the other. */
  follow(runId: string): void {
    this.#last = this.#last
      .then(() => this.#copy(runId))
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }

  /** The run goes on from an earlier step: its logs were cut, and are copied from the beginning. */
  rewind(): void {
    this.#last = this.#last.then(() => this.#copied.clear());
  }

  /** Resolves when everything asked for is on disk. Rejects when something could not be copied. */
  async settled(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Tensors, then logs, then seals: a copy that breaks off leaves no checkpoint that looks whole. */
  async #copy(runId: string): Promise<void> {
    const files = await this.#storage.storedFiles(runId);
    const folder = join(this.#out, 'runs', runId);
    const isSeal = ({ name }: ExportedName): boolean => SEALS.includes(basename(name));
    const whole = wholeFolders(files);
    const missing = files.filter(
      ({ name }) => whole.has(dirname(name)) && !isWhole(join(folder, dirname(name))),
    );
    const description = files.filter(({ name }) => DESCRIPTIONS.includes(name));
    for (const { name } of missing) markUnfinished(join(folder, dirname(name)));
    for (const file of [...description, ...missing.filter((each) => !isSeal(each))]) {
      // One that has gone belonged to a checkpoint that a newer one has replaced; that one's copy comes next.
      if (!(await this.#copyFile(runId, folder, file))) return;
    }
    const values = files.map(({ name }) => name).filter((name) => name.startsWith(`${VALUES}/`));
    for (const name of [...LOGS, ...values]) await this.#copyLog(runId, folder, name);
    for (const file of missing.filter(isSeal)) {
      if (!(await this.#copyFile(runId, folder, file))) return;
    }
    for (const { name } of missing) rmSync(join(folder, dirname(name), UNFINISHED), { force: true });
    removeOthers(folder, whole);
    removeOldValues(join(folder, VALUES), values);
  }

  /** False when the file has gone. */
  async #copyFile(runId: string, folder: string, { name, size }: ExportedName): Promise<boolean> {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'w');
    try {
      for (let at = 0; at < size; at += PIECE_BYTES) {
        const bytes = await this.#storage.readStored(runId, name, at, Math.min(size, at + PIECE_BYTES));
        if (!bytes) return false;
        writeSync(file, bytes);
      }
      return true;
    } finally {
      closeSync(file);
    }
  }

  /** Logs grow while a run is under way: what is new is added. One that has become shorter was written anew. */
  async #copyLog(runId: string, folder: string, name: string): Promise<void> {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const size = (await this.#storage.storedFiles(runId)).find((file) => file.name === name)?.size;
      if (size === undefined) return;
      const before = this.#copied.get(path) ?? 0;
      const from = before <= size ? before : 0;
      const bytes = await this.#storage.readStored(runId, name, from, size);
      if (bytes) {
        if (from === 0) writeFileSync(path, bytes);
        else appendFileSync(path, bytes);
        this.#copied.set(path, size);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
    throw new InputError(`${path}: the page is writing to it without a pause, so it could not be copied.`);
  }
}

/** Folders of the page's that are sealed. */
function wholeFolders(files: readonly ExportedName[]): Set<string> {
  const names = new Set(files.map(({ name }) => name));
  const folders = [...names].filter((name) => basename(name) === SEALS[0]).map((name) => dirname(name));
  return new Set(folders.filter((folder) => !names.has(`${folder}/${UNFINISHED}`)));
}

/** Whether a folder on disk is sealed. */
function isWhole(folder: string): boolean {
  return SEALS.some((seal) => existsSync(join(folder, seal))) && !existsSync(join(folder, UNFINISHED));
}

function markUnfinished(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, UNFINISHED), '');
}

/** Removes checkpoints that the page has given up, marked as unfinished meanwhile. */
function removeOthers(folder: string, wanted: ReadonlySet<string>): void {
  const checkpoints = join(folder, 'checkpoints');
  if (!existsSync(checkpoints)) return;
  for (const name of readdirSync(checkpoints)) {
    if (wanted.has(`checkpoints/${name}`)) continue;
    markUnfinished(join(checkpoints, name));
    rmSync(join(checkpoints, name), { recursive: true });
  }
}

/** Removes values of tokens that the page keeps no more. */
function removeOldValues(folder: string, wanted: readonly string[]): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (!wanted.includes(`${VALUES}/${name}`)) rmSync(join(folder, name));
}

/** A run on disk. */
export interface RunOnDisk {
  readonly id: string;
  readonly folder: string;
  readonly config: Config;
}

/** The newest run below `out` that has a checkpoint. @throws InputError when there is none, saying which are damaged */
export function findRun(out: string): RunOnDisk {
  const runs = join(out, 'runs');
  const ids = existsSync(runs) ? readdirSync(runs) : [];
  const found: (RunOnDisk & { createdAt: number })[] = [];
  const damaged: string[] = [];
  for (const id of ids) {
    if (!hasCheckpoint(join(runs, id))) continue;
    try {
      found.push(runIn(join(runs, id), id));
    } catch (error) {
      damaged.push(describeError(error));
    }
  }
  const newest = found.sort((a, b) => b.createdAt - a.createdAt)[0];
  if (newest) return newest;
  if (damaged.length > 0) {
    throw new InputError(`${out}: no run there can be gone on with. ${damaged.join(' ')}`, {
      hint: 'Its checkpoints lie beside it as safetensors. Leave out --resume to begin another run.',
    });
  }
  throw new InputError(`${out}: there is no run with a checkpoint to go on from.`, {
    hint: 'Leave out --resume to begin one.',
  });
}

function hasCheckpoint(folder: string): boolean {
  const checkpoints = join(folder, 'checkpoints');
  if (!existsSync(checkpoints)) return false;
  return readdirSync(checkpoints).some((name) => isWhole(join(checkpoints, name)));
}

/** By whichever copy of its description is sound. @throws InputError when none is */
function runIn(folder: string, id: string): RunOnDisk & { createdAt: number } {
  const reasons: string[] = [];
  for (const name of DESCRIPTIONS.filter((each) => existsSync(join(folder, each)))) {
    try {
      const { config, createdAt } = readDescription(join(folder, name));
      return { id, folder, config: parseConfig(config), createdAt: Number(createdAt) };
    } catch (error) {
      reasons.push(`${join(folder, name)}: ${describeError(error)}`);
    }
  }
  throw new InputError(reasons.join(' ') || `${join(folder, 'config.json')} is missing.`);
}

function parsedObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new InputError('it is no JSON object.');
}

/** Compared with its hash, where it has one: earlier versions wrote none. */
function readDescription(path: string): Record<string, unknown> {
  const { sha256, ...value } = parsedObject(readFileSync(path, 'utf8'));
  const found = createHash('sha256').update(JSON.stringify(value)).digest('hex');
  const hasCopy = DESCRIPTIONS.every((name) => existsSync(join(dirname(path), name)));
  if (sha256 === found || (sha256 === undefined && !hasCopy)) return value;
  throw new InputError('it was damaged: what it says has another SHA-256 than it says itself.');
}
