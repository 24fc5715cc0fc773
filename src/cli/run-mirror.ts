/** A run's checkpoints on disk, `OUT/runs/<id>/…` as the page keeps them, so that a later command can go on from there. */
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
import { dirname, join } from 'node:path';
import { InputError } from '../math/errors.ts';
import { type Config, parseConfig } from '../protocol/config.ts';
import type { ExportedName, RunStorage } from './headless.ts';

const LOGS = ['events.jsonl', 'rollouts.jsonl'];
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

  /** Resolves when everything asked for is on disk. Rejects when something could not be copied. */
  async settled(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Tensors, then logs, then seals: a copy that breaks off leaves no checkpoint that looks whole. */
  async #copy(runId: string): Promise<void> {
    const files = await this.#storage.storedFiles(runId);
    const folder = join(this.#out, 'runs', runId);
    const isSeal = ({ name }: ExportedName): boolean => name.endsWith('/manifest.json');
    const whole = new Set(files.filter(isSeal).map(({ name }) => dirname(name)));
    const missing = files.filter(
      ({ name }) => whole.has(dirname(name)) && !existsSync(join(folder, dirname(name), 'manifest.json')),
    );
    const description = files.filter(({ name }) => name === 'config.json');
    for (const file of [...description, ...missing.filter((each) => !isSeal(each))]) {
      // One that has gone belonged to a checkpoint that a newer one has replaced; that one's copy comes next.
      if (!(await this.#copyFile(runId, folder, file))) return;
    }
    for (const name of LOGS) await this.#copyLog(runId, folder, name);
    for (const file of missing.filter(isSeal)) await this.#copyFile(runId, folder, file);
    removeOthers(folder, whole);
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

  /** Logs only grow while a run is under way: what is new is added. */
  async #copyLog(runId: string, folder: string, name: string): Promise<void> {
    const path = join(folder, name);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const size = (await this.#storage.storedFiles(runId)).find((file) => file.name === name)?.size;
      if (size === undefined) return;
      const from = this.#copied.get(path) ?? 0;
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

/** Removes checkpoints that the page has given up, their seals first. */
function removeOthers(folder: string, wanted: ReadonlySet<string>): void {
  const checkpoints = join(folder, 'checkpoints');
  if (!existsSync(checkpoints)) return;
  for (const name of readdirSync(checkpoints)) {
    if (wanted.has(`checkpoints/${name}`)) continue;
    rmSync(join(checkpoints, name, 'manifest.json'), { force: true });
    rmSync(join(checkpoints, name), { recursive: true });
  }
}

/** A run on disk. */
export interface RunOnDisk {
  readonly id: string;
  readonly folder: string;
  readonly config: Config;
}

/** The newest run below `out` that has a checkpoint. @throws InputError when there is none */
export function findRun(out: string): RunOnDisk {
  const runs = join(out, 'runs');
  const found = existsSync(runs) ? readdirSync(runs).flatMap((id) => runIn(join(runs, id), id) ?? []) : [];
  const newest = found.sort((a, b) => b.createdAt - a.createdAt)[0];
  if (newest) return newest;
  throw new InputError(`${out}: there is no run with a checkpoint to go on from.`, {
    hint: 'Leave out --resume to begin one.',
  });
}

function runIn(folder: string, id: string): (RunOnDisk & { createdAt: number }) | undefined {
  const checkpoints = join(folder, 'checkpoints');
  const whole = existsSync(checkpoints)
    ? readdirSync(checkpoints).filter((name) => existsSync(join(checkpoints, name, 'manifest.json')))
    : [];
  if (whole.length === 0) return undefined;
  const { config, createdAt } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  return { id, folder, config: parseConfig(config), createdAt: Number(createdAt) };
}
