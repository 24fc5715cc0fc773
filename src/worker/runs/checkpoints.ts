/** `checkpoints/step-N/` of a stored run: sealed folders, looked through, opened, written and thinned out. */
import { blobSource } from '../../io/files/bytes.ts';
import {
  type FileToWrite,
  inspectSealed,
  type OpenedFolder,
  openSealed,
  removeSealed,
  setAside,
  writeSealed,
} from '../../io/sealed/sealed.ts';
import { openSafetensors } from '../../io/tensors/safetensors.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import { InputError } from '../../math/errors.ts';
import { ADAPTER, MODEL, OPTIMIZER } from './checkpoint.ts';
import { type KeepRule, surplusSteps } from './keep.ts';
import { parseState, STATE, type TrainState } from './records.ts';

/** A checkpoint that has all its files, with the right sizes. */
export interface WholeCheckpoint {
  readonly step: number;
  readonly state: TrainState;
  /** What was found damaged and made good, or cannot be checked. */
  readonly notes: readonly string[];
  /** Without a manifest that could be trusted: its files are whole by their own headers. */
  readonly unproven?: true;
}

/** One that cannot be used as it is. Nothing of it is deleted. */
export interface DamagedCheckpoint {
  readonly step: number;
  readonly reason: string;
}

export interface FoundCheckpoints {
  /** In the order of their steps. */
  readonly whole: readonly WholeCheckpoint[];
  readonly damaged: readonly DamagedCheckpoint[];
  /** Names of folders that were never written to their end. */
  readonly unfinished: readonly string[];
}

export class Checkpoints {
  readonly #store: FileStore;
  readonly #folder: string;

  /** `run`: the run's folder. */
  constructor(store: FileStore, run: string) {
    this.#store = store;
    this.#folder = `${run}/checkpoints`;
  }

  #at(step: number): string {
    return `${this.#folder}/step-${step}`;
  }

  /** Looks through all of them. Folders of other names are not ours and left alone. */
  async find(): Promise<FoundCheckpoints> {
    const whole: WholeCheckpoint[] = [];
    const damaged: DamagedCheckpoint[] = [];
    const unfinished: string[] = [];
    for (const name of await this.#store.list(this.#folder)) {
      const step = /^step-(0|[1-9]\d{0,14})$/.exec(name)?.[1];
      if (step === undefined) continue;
      const found = await this.look(Number(step));
      if (found === 'unfinished') unfinished.push(name);
      else if ('reason' in found) damaged.push(found);
      else whole.push(found);
    }
    const byStep = (a: { step: number }, b: { step: number }): number => a.step - b.step;
    return { whole: whole.sort(byStep), damaged: damaged.sort(byStep), unfinished };
  }

  async look(step: number): Promise<WholeCheckpoint | DamagedCheckpoint | 'unfinished'> {
    const folder = this.#at(step);
    const seal = await inspectSealed(this.#store, folder);
    try {
      if (seal.state === 'whole') {
        const text = seal.files.find(({ name }) => name === STATE)?.text;
        const state = parseState(text ?? (await this.#stateText(folder)), `${folder}/${STATE}`, step);
        return { step, state, notes: seal.notes };
      }
      if (seal.state !== 'damaged') return 'unfinished';
      if (seal.suspect === 'files') return { step, reason: seal.reason };
      return await this.#byHeaders(step, seal.reason);
    } catch (error) {
      if (error instanceof InputError) return { step, reason: error.message };
      throw error;
    }
  }

  async #stateText(folder: string): Promise<string> {
    return (await this.#store.text(`${folder}/${STATE}`)) ?? '';
  }

  /** Without a manifest to go by: tensors' files say in their headers how long they are. @throws InputError when one is not */
  async #byHeaders(step: number, reason: string): Promise<WholeCheckpoint> {
    const folder = this.#at(step);
    const names = (await this.#store.sizes(folder)).map(({ path }) => path);
    const weights = names.find((name) => name === ADAPTER || name === MODEL);
    if (!weights || !names.includes(OPTIMIZER) || !names.includes(STATE)) throw new InputError(reason);
    try {
      for (const name of [weights, OPTIMIZER]) await this.#demandLength(`${folder}/${name}`);
      const state = parseState(await this.#stateText(folder), `${folder}/${STATE}`, step);
      const note = `${reason} The checkpoint's files are whole by their own headers; they cannot be compared with hashes.`;
      return { step, state, notes: [note], unproven: true };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`${reason} ${error.message}`);
    }
  }

  async #demandLength(path: string): Promise<void> {
    const file = (await this.#store.read(path))!;
    const { tensors } = await openSafetensors(blobSource(file), path);
    const end = Math.max(0, ...[...tensors.values()].map((tensor) => tensor.end));
    if (tensors.size > 0 && end === file.size) return;
    throw new InputError(`${path} is ${file.size} bytes long, its header says ${end}.`);
  }

  /** Its files, every byte compared with its hash where there is one. @throws InputError naming the file that differs */
  async open(found: WholeCheckpoint): Promise<OpenedFolder> {
    const folder = this.#at(found.step);
    if (!found.unproven) return openSealed(this.#store, folder);
    const files = new Map<string, Blob>();
    for (const { path } of await this.#store.sizes(folder)) {
      files.set(path, (await this.#store.read(`${folder}/${path}`))!);
    }
    return { files, notes: found.notes };
  }

  async write(step: number, files: readonly FileToWrite[]): Promise<void> {
    await writeSealed(this.#store, this.#at(step), files);
  }

  /** Removes those up to `step` that are no longer wanted. Later ones are of a past that the run no longer has. */
  async thin(step: number, rule: KeepRule): Promise<void> {
    const { whole, damaged } = await this.find();
    const steps = whole.map((each) => each.step).filter((each) => each <= step);
    const past = damaged.map((each) => each.step).filter((each) => each < step);
    for (const old of [...surplusSteps(steps, rule), ...past]) await this.remove(old);
  }

  async remove(step: number): Promise<void> {
    await removeSealed(this.#store, this.#at(step));
  }

  async clear(names: readonly string[]): Promise<void> {
    for (const name of names) await removeSealed(this.#store, `${this.#folder}/${name}`);
  }

  async setAside({ step, reason }: DamagedCheckpoint): Promise<void> {
    await setAside(this.#store, this.#at(step), reason);
  }

  /** Whether its manifest is still there: a quick look after every step. */
  async isThere(step: number): Promise<boolean> {
    return (await this.#store.read(`${this.#at(step)}/manifest.json`)) !== undefined;
  }
}
