/** Runs on this device: `runs/<id>/{config.json, events.jsonl, rollouts.jsonl, start/…, checkpoints/step-N/…}`. */
import type { FileStore } from '../../io/file-store.ts';
import { type FileToWrite, openSealed, readManifest, removeSealed, writeSealed } from '../../io/sealed.ts';
import { describeError, InputError } from '../../math/errors.ts';
import type { StoredRun } from '../../protocol/messages.ts';
import type { LeftWeights } from '../../rl/start-weights.ts';
import { surplusSteps } from './keep.ts';
import { RunLogs } from './logs.ts';
import {
  type Adapter,
  parseDescription,
  parseState,
  type RunDescription,
  STATE,
  type TrainState,
} from './records.ts';
import { readStart, startFiles } from './start-files.ts';

const RUNS = 'runs';
const DESCRIPTION = 'config.json';

/** A checkpoint whose files are all as they were written. */
export interface OpenedCheckpoint {
  readonly state: TrainState;
  readonly files: ReadonlyMap<string, Blob>;
  /** Of all checkpoints of the run, and of the weights it began from. */
  readonly bytes: number;
  /** Newer checkpoints that cannot be used, and why. */
  readonly damaged: readonly { readonly step: number; readonly reason: string }[];
}

interface Whole {
  readonly step: number;
  readonly bytes: number;
}

export class RunStore {
  readonly #files: FileStore;

  constructor(files: FileStore) {
    this.#files = files;
  }

  /** Writes what a new run is; its logs and checkpoints follow. */
  async create(run: RunDescription): Promise<void> {
    const text = `${JSON.stringify(run, null, 2)}\n`;
    await this.#files.append(`${folderOf(run.id)}/${DESCRIPTION}`, new TextEncoder().encode(text));
  }

  /** @throws InputError when there is no such run, or it was written by another version */
  async describe(id: string): Promise<RunDescription> {
    const path = `${folderOf(id)}/${DESCRIPTION}`;
    const text = await this.#files.text(path);
    if (text !== undefined) return parseDescription(text, path);
    throw new InputError(`There is no run "${id}" on this device.`, {
      hint: 'Reload the page for the present list.',
    });
  }

  logs(id: string): RunLogs {
    return new RunLogs(this.#files, folderOf(id));
  }

  /** Writes the weights that a run begins from, where they are another run's. */
  async saveStart(id: string, left: LeftWeights): Promise<void> {
    await writeSealed(this.#files, startOf(id), startFiles(left));
  }

  /** @throws InputError when they are not there, or not as they were written */
  async openStart(id: string): Promise<LeftWeights> {
    return readStart(await openSealed(this.#files, startOf(id)));
  }

  /** The same, or undefined where the run began from published weights alone. @throws InputError when they are not as they were written */
  async openStartIfKept(id: string): Promise<LeftWeights | undefined> {
    return (await readManifest(this.#files, startOf(id))) ? this.openStart(id) : undefined;
  }

  /** Bytes of all that a run would be gone on with from. */
  async #bytesOf(id: string, checkpoints: readonly Whole[]): Promise<number> {
    const { files = [] } = (await readManifest(this.#files, startOf(id))) ?? {};
    return [...files, ...checkpoints].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Runs that can be gone on with, newest first. What others left half done is cleared away: checkpoints that were never
   * finished, and runs without any. Runs that are held are at work and are neither listed nor touched: `heldRuns` is
   * asked after the names were read, since a run is held before its folder comes into being.
   */
  async list(heldRuns: () => Promise<ReadonlySet<string>>, adapter: Adapter): Promise<StoredRun[]> {
    const runs: StoredRun[] = [];
    const ids = await this.#files.list(RUNS);
    const held = await heldRuns();
    for (const id of ids) {
      if (held.has(id)) continue;
      const run = await this.#summarise(id, adapter);
      if (run) runs.push(run);
    }
    return runs.sort((a, b) => b.savedAt - a.savedAt);
  }

  async #summarise(id: string, adapter: Adapter): Promise<StoredRun | undefined> {
    await this.#clear(id);
    const whole = await this.#wholeCheckpoints(id);
    const newest = whole.at(-1);
    if (!newest) {
      await this.remove(id);
      return undefined;
    }
    try {
      const state = await this.#stateOf(id, newest.step);
      return summarise(await this.describe(id), { state, bytes: await this.#bytesOf(id, whole) }, adapter);
    } catch (error) {
      // Another version's run is left alone: that version can still read it.
      if (error instanceof InputError) return undefined;
      throw error;
    }
  }

  /** Removes checkpoints that were never finished. */
  async #clear(id: string): Promise<void> {
    const whole = new Set((await this.#wholeCheckpoints(id)).map(({ step }) => `step-${step}`));
    for (const name of await this.#files.list(`${folderOf(id)}/checkpoints`)) {
      if (!whole.has(name)) await this.#files.remove(`${folderOf(id)}/checkpoints/${name}`);
    }
  }

  /** Finished checkpoints in the order of their steps. */
  async #wholeCheckpoints(id: string): Promise<Whole[]> {
    const whole: Whole[] = [];
    for (const name of await this.#files.list(`${folderOf(id)}/checkpoints`)) {
      const step = /^step-(\d+)$/.exec(name)?.[1];
      const manifest =
        step === undefined ? undefined : await readManifest(this.#files, checkpointOf(id, Number(step)));
      if (!manifest) continue;
      whole.push({ step: Number(step), bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0) });
    }
    return whole.sort((a, b) => a.step - b.step);
  }

  async #stateOf(id: string, step: number): Promise<TrainState> {
    const path = `${checkpointOf(id, step)}/${STATE}`;
    return parseState((await this.#files.text(path)) ?? '', path);
  }

  /** Writes a checkpoint, then removes those that are no longer wanted. */
  async save(
    id: string,
    step: number,
    files: readonly FileToWrite[],
    { keep, best }: { readonly keep: number; readonly best?: number },
  ): Promise<void> {
    await writeSealed(this.#files, checkpointOf(id, step), files);
    const steps = (await this.#wholeCheckpoints(id)).map((whole) => whole.step);
    for (const old of surplusSteps(steps, keep, best)) await removeSealed(this.#files, checkpointOf(id, old));
  }

  /** Removes a checkpoint: one that could not be written to its end, or is damaged. */
  async discard(id: string, step: number): Promise<void> {
    await removeSealed(this.#files, checkpointOf(id, step));
  }

  /** The newest checkpoint of which every byte is as it was written. @throws InputError when there is none */
  async newest(id: string): Promise<OpenedCheckpoint> {
    const damaged: { step: number; reason: string }[] = [];
    const whole = await this.#wholeCheckpoints(id);
    for (const { step } of whole.toReversed()) {
      try {
        const files = await openSealed(this.#files, checkpointOf(id, step));
        return {
          state: await this.#stateOf(id, step),
          files,
          bytes: await this.#bytesOf(id, whole),
          damaged,
        };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        damaged.push({ step, reason: describeError(error) });
      }
    }
    const reasons = damaged.map(({ reason }) => ` ${reason}`).join('');
    throw new InputError(`The run "${id}" has no checkpoint that can be read.${reasons}`, {
      hint: 'Delete it and start it again; the same seed gives the same curves.',
    });
  }

  /** Removes a run with all it holds; what it is goes last. */
  async remove(id: string): Promise<void> {
    for (const { step } of await this.#wholeCheckpoints(id)) await this.discard(id, step);
    await this.#files.remove(folderOf(id));
  }
}

/** A run's folder. @throws InputError for an id that would lead elsewhere */
function folderOf(id: string): string {
  if (/^[\w-]+$/.test(id)) return `${RUNS}/${id}`;
  throw new InputError(`"${id}" is no run's id.`);
}

const startOf = (id: string): string => `${folderOf(id)}/start`;

function checkpointOf(id: string, step: number): string {
  return `${folderOf(id)}/checkpoints/step-${step}`;
}

/** A stored run as the page shows it. */
export function summarise(
  { id, name, demo, config, model, data }: RunDescription,
  { state, bytes }: Pick<OpenedCheckpoint, 'state' | 'bytes'>,
  adapter: Adapter,
): StoredRun {
  return {
    ...{ id, name, demo, bytes, model: model.name, data: data.name },
    ...{ step: state.step, steps: config.steps, savedAt: state.savedAt },
    sameDevice: isSameAdapter(state.device, adapter),
  };
}

function isSameAdapter(a: Adapter, b: Adapter): boolean {
  return a.vendor === b.vendor && a.architecture === b.architecture && a.description === b.description;
}
