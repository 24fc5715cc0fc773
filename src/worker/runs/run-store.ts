/** Runs on this device: `runs/<id>/{config.json, events.jsonl, rollouts.jsonl, tokens/…, start/…, checkpoints/step-N/…}`. */

import { isFull } from '../../io/files/room.ts';
import { copyPath, readRecord, writeRecord } from '../../io/sealed/record.ts';
import { type FileToWrite, inspectSealed, openSealed, writeSealed } from '../../io/sealed/sealed.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import { blobFile, type FileToWrite as FileOut } from '../../io/writing/file-to-write.ts';
import { describeError, InputError } from '../../math/errors.ts';
import type { RunAbout } from '../../protocol/run-about.ts';
import type { LeftWeights } from '../../rl/policy/start-weights.ts';
import type { Report } from '../progress.ts';
import { readAbout, writeAbout } from './about.ts';
import type { AnswerLog } from './answer-log.ts';
import { Checkpoints, type DamagedCheckpoint, type WholeCheckpoint } from './checkpoints.ts';
import type { Fork } from './fork.ts';
import { glanceOf } from './glance.ts';
import type { KeepRule } from './keep.ts';
import { type ListedRuns, listed, listedDamaged } from './listing.ts';
import type { LookThrough } from './lock.ts';
import { RunLogs, type StepLine, storedSteps } from './logs.ts';
import { type Adapter, parseDescription, type RunDescription, type TrainState } from './records.ts';
import type { OpenArchive } from './run-archive.ts';
import { readStart, startFiles } from './start-files.ts';
import { storedAnswer } from './token-files.ts';
import type { KeptAnswer, TokenLog } from './token-log.ts';

const FREE_SPACE = 'Delete other runs, or free space on this device.';

const RUNS = 'runs';
const DESCRIPTION = 'config.json';

/** A checkpoint whose files are all as they were written. */
export interface OpenedCheckpoint {
  readonly state: TrainState;
  readonly files: ReadonlyMap<string, Blob>;
  /** Newer checkpoints that cannot be used, and why. */
  readonly damaged: readonly DamagedCheckpoint[];
  /** What was found damaged and made good, or cannot be checked. */
  readonly notes: readonly string[];
}

/** A run on this device, with the checkpoint to go on from. */
export interface TakenRun {
  readonly description: RunDescription;
  readonly checkpoint: OpenedCheckpoint;
  /** Whether the run has newer ones. */
  readonly isOlder: boolean;
  /** Whether the description is not as it lies there: its end was put off. */
  readonly isProlonged?: boolean;
  /** What goes on from there as a run of its own. */
  readonly fork?: Fork;
  /** What it began from, where that is another run's weights, or a model with an adapter. */
  readonly left?: LeftWeights;
}

type StartOf = Pick<RunDescription, 'id' | 'config' | 'hasStart'>;

/** A description, and what is to be said about the file it came from. */
export interface Described {
  /** By the name that somebody gave it, if anyone did. */
  readonly description: RunDescription;
  readonly about: Omit<RunAbout, 'name'>;
  readonly notes: readonly string[];
}

export class RunStore {
  readonly #files: FileStore;

  constructor(files: FileStore) {
    this.#files = files;
  }

  checkpoints(id: string): Checkpoints {
    return new Checkpoints(this.#files, folderOf(id));
  }

  /** Writes what a run is, unless both copies say so already. */
  async create(run: RunDescription): Promise<void> {
    const path = `${folderOf(run.id)}/${DESCRIPTION}`;
    const found = await readRecord(this.#files, path).catch(ignoreDamage);
    const isKept = found?.checked && !found.note && (await this.#files.read(copyPath(path)));
    if (!isKept) await writeRecord(this.#files, path, run);
  }

  /** Writes anew what a run is. */
  async change(run: RunDescription): Promise<void> {
    await writeRecord(this.#files, `${folderOf(run.id)}/${DESCRIPTION}`, run);
  }

  /** @throws InputError when there is no such run, it is damaged, or it was written by another version */
  async describe(id: string): Promise<Described> {
    const path = `${folderOf(id)}/${DESCRIPTION}`;
    const found = await readRecord(this.#files, path);
    if (found) {
      const notes = found.note === undefined ? [] : [found.note];
      if (!found.checked) {
        notes.push(`${path} has no hash, as an earlier version wrote it: settings could not be checked.`);
      }
      const description = parseDescription(found.value, path, id);
      const { about, notes: others } = await readAbout(this.#files, folderOf(id));
      const { name = description.name, tags = [], notes: said = '' } = about ?? {};
      return {
        description: { ...description, name },
        about: { tags, notes: said },
        notes: [...notes, ...others],
      };
    }
    if ((await this.#files.list(folderOf(id))).length > 0) throw new InputError(`${path} is missing.`);
    throw noSuchRun(id);
  }

  /** Writes down what a person says of a run. @throws InputError when there is no such run */
  async annotate(id: string, about: RunAbout): Promise<void> {
    if (!(await this.has(id))) throw noSuchRun(id);
    await writeAbout(this.#files, folderOf(id), about);
  }

  async has(id: string): Promise<boolean> {
    return (await this.#files.list(RUNS)).includes(id);
  }

  /** Step of the newest checkpoint that has all its files; undefined where there is none. */
  async newestStep(id: string): Promise<number | undefined> {
    return (await this.checkpoints(id).find()).whole.at(-1)?.step;
  }

  /** `answers` and `tokens` are what the run itself keeps of its answers. */
  logs(id: string, answers: AnswerLog, tokens: TokenLog): RunLogs {
    return new RunLogs(this.#files, folderOf(id), answers, tokens);
  }

  /** What is kept of an answer's tokens, by its place among all of the step. */
  tokens(id: string, step: number, place: number): Promise<KeptAnswer> {
    return storedAnswer(this.#files, folderOf(id), step, place);
  }

  /** A run's steps up to its newest checkpoint. */
  async steps(id: string): Promise<StepLine[]> {
    return storedSteps(this.#files, folderOf(id), (await this.newestStep(id)) ?? 0);
  }

  folder(id: string): string {
    return folderOf(id);
  }

  /** Writes the weights that a run begins from, where they are another run's, unless they are there. */
  async saveStart(id: string, left: LeftWeights): Promise<void> {
    const { state } = await inspectSealed(this.#files, startOf(id));
    if (state !== 'whole') await writeSealed(this.#files, startOf(id), startFiles(left));
  }

  /** What a run began from, undefined for published weights alone. @throws InputError when it is not as it was written */
  async openStart({ id, config, hasStart }: StartOf): Promise<LeftWeights | undefined> {
    const isNeeded = hasStart ?? config.startFrom !== 'published';
    // Runs of earlier versions do not say whether there is one.
    if (!isNeeded && (await inspectSealed(this.#files, startOf(id))).state === 'absent') return undefined;
    return readStart((await openSealed(this.#files, startOf(id))).files);
  }

  /**
   * Runs that can be gone on with, newest first, and those that cannot because they were damaged. What others left half
   * done is cleared away: checkpoints that were never finished, and runs that have none. A run that a tab is at work on is
   * neither listed nor touched. One odd run never hides the others.
   */
  async list(lookThrough: LookThrough, adapter: Adapter): Promise<ListedRuns> {
    const found: ListedRuns = { runs: [], damaged: [] };
    for (const id of await this.#files.list(RUNS)) {
      await lookThrough(id, async () => {
        try {
          await this.#list(id, adapter, found);
        } catch (error) {
          const bytes = await this.#bytesOf(id).catch(() => 0);
          found.damaged.push({ id, name: id, reason: describeError(error), bytes, whole: [] });
        }
      });
    }
    found.runs.sort((a, b) => b.savedAt - a.savedAt);
    return found;
  }

  async #list(id: string, adapter: Adapter, to: ListedRuns): Promise<void> {
    const checkpoints = this.checkpoints(id);
    const { whole, damaged, unfinished } = await checkpoints.find();
    await checkpoints.clear(unfinished);
    if (whole.length + damaged.length === 0) {
      const file = await this.#files.read(folderOf(id)).catch(ignoreDamage);
      if (file) throw new InputError(`${folderOf(id)} is a file of ${file.size} bytes, expected a folder.`);
      return this.remove(id);
    }
    const bytes = await this.#bytesOf(id);
    try {
      const described = await this.describe(id);
      const { description } = described;
      const start = await this.#startTrouble(description);
      const [newest] = whole.slice(-1);
      if (!newest || start !== undefined) {
        const reasons = [start, ...damaged.map(({ reason }) => reason)].filter((each) => each !== undefined);
        to.damaged.push(listedDamaged({ id, name: description.name, bytes, whole }, reasons.join(' ')));
      } else {
        const glance = await glanceOf(this.#files, folderOf(id), description.config);
        to.runs.push(listed({ ...described, glance, whole, damaged, bytes }, adapter));
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      to.damaged.push(listedDamaged({ id, name: id, bytes, whole }, describeError(error)));
    }
  }

  async #startTrouble({ id, config, hasStart }: StartOf): Promise<string | undefined> {
    const seal = await inspectSealed(this.#files, startOf(id));
    const isNeeded = hasStart ?? config.startFrom !== 'published';
    if (seal.state === 'whole' || (seal.state === 'absent' && !isNeeded)) return undefined;
    return seal.state === 'damaged' ? seal.reason : `${startOf(id)} was not written to its end.`;
  }

  async #bytesOf(id: string): Promise<number> {
    const sizes = await this.#files.sizes(folderOf(id));
    return sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Every file of a run, as it lies there. */
  async files(id: string): Promise<FileOut[]> {
    const files: FileOut[] = [];
    for (const { path } of await this.#files.sizes(folderOf(id))) {
      const blob = await this.#files.read(`${folderOf(id)}/${path}`);
      if (blob) files.push(blobFile(`${id}/${path}`, blob));
    }
    return files;
  }

  /** Writes a run out of an archive, and keeps it where it can be gone on with. @throws InputError */
  async unpack(archive: OpenArchive, adapter: Adapter, report: Report): Promise<RunDescription> {
    const { id } = archive;
    if (await this.has(id)) {
      throw new InputError(`The run "${id}" is kept on this device already.`, {
        hint: 'Delete it here first, where the one of the file is to take its place.',
      });
    }
    try {
      await archive.unpack(this.#files, RUNS, report);
      // What the list, Resume and Open read of it.
      const described = await this.describe(id);
      await this.newest(id);
      await this.openStart(described.description);
      return { ...described.description, name: (await this.summary(described, adapter)).name };
    } catch (error) {
      await this.#files.remove(folderOf(id));
      if (error instanceof InputError) throw error;
      if (isFull(error)) throw new InputError(`There is no room for the run "${id}".`, { hint: FREE_SPACE });
      throw new InputError(`The run "${id}" cannot be read: ${describeError(error)}`, { cause: error });
    }
  }

  /** A run as the list has it, by one of its checkpoints. */
  async summary(described: Described, adapter: Adapter) {
    const { id, config } = described.description;
    const { whole, damaged } = await this.checkpoints(id).find();
    const glance = await glanceOf(this.#files, folderOf(id), config);
    return listed({ ...described, glance, whole, damaged, bytes: await this.#bytesOf(id) }, adapter);
  }

  /** Writes a checkpoint. Throws unless it lies there as a whole afterwards, with what it takes to go on from it. */
  async save(id: string, step: number, files: readonly FileToWrite[]): Promise<void> {
    const checkpoints = this.checkpoints(id);
    await checkpoints.write(step, files);
    const found = await checkpoints.look(step);
    if (found === 'unfinished' || 'reason' in found || !(await this.isThere(id, step))) {
      throw new InputError('What was written is not there any more: this browser’s storage was cleared.');
    }
  }

  /** Whether run and checkpoint are still there: a quick look after every step. `step` 0 is none. */
  async isThere(id: string, step: number): Promise<boolean> {
    const description = await this.#files.read(`${folderOf(id)}/${DESCRIPTION}`);
    return description !== undefined && (step === 0 || this.checkpoints(id).isThere(step));
  }

  /** Removes checkpoints that are no longer wanted once that of `step` is written. */
  async thin(id: string, step: number, rule: KeepRule): Promise<void> {
    await this.checkpoints(id).thin(step, rule);
  }

  /** Removes a checkpoint that could not be written to its end. */
  async discard(id: string, step: number): Promise<void> {
    await this.checkpoints(id).remove(step);
  }

  /** Keeps a damaged checkpoint from being taken for a whole one. */
  async setAside(id: string, damaged: DamagedCheckpoint): Promise<void> {
    await this.checkpoints(id).setAside(damaged);
  }

  /** The newest checkpoint of which every byte is as it was written. @throws InputError when there is none */
  async newest(id: string): Promise<OpenedCheckpoint> {
    const { whole, damaged } = await this.checkpoints(id).find();
    const unusable = [...damaged];
    for (const found of whole.toReversed()) {
      try {
        const opened = await this.#open(id, found);
        return { ...opened, damaged: unusable.filter(({ step }) => step > found.step) };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        unusable.push({ step: found.step, reason: error.message });
      }
    }
    const reasons = unusable.map(({ reason }) => ` ${reason}`).join('');
    throw new InputError(`The run "${id}" has no checkpoint that can be read.${reasons}`, {
      hint: 'Delete it and start it again; the same seed gives the same curves.',
    });
  }

  /** The checkpoint of a step. @throws InputError when it is not kept, or damaged */
  async open(id: string, step: number): Promise<OpenedCheckpoint> {
    const { whole, damaged } = await this.checkpoints(id).find();
    const found = whole.find((each) => each.step === step);
    if (found) return { ...(await this.#open(id, found)), damaged: [] };
    const reason = damaged.find((each) => each.step === step)?.reason;
    if (reason !== undefined) throw new InputError(reason, { hint: 'Open another checkpoint of the run.' });
    const kept = whole.map((each) => each.step).join(', ') || 'none';
    throw new InputError(`The run "${id}" has no checkpoint of step ${step}; kept are those of ${kept}.`, {
      hint: 'Open one of these.',
    });
  }

  async #open(id: string, found: WholeCheckpoint): Promise<Omit<OpenedCheckpoint, 'damaged'>> {
    const { files, notes } = await this.checkpoints(id).open(found);
    return { state: found.state, files, notes };
  }

  /** Removes a run with all it holds. */
  async remove(id: string): Promise<void> {
    for (const { step } of (await this.checkpoints(id).find()).whole) await this.discard(id, step);
    await this.#files.remove(folderOf(id));
  }
}

export function noSuchRun(id: string): InputError {
  return new InputError(`There is no run "${id}" on this device.`, {
    hint: 'Reload the page for the present list.',
  });
}

function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof InputError)) throw error;
}

/** A run's folder. @throws InputError for an id that would lead elsewhere */
function folderOf(id: string): string {
  if (/^[^/\\]+$/.test(id) && id !== '.' && id !== '..') return `${RUNS}/${id}`;
  throw new InputError(`"${id}" is no run's id.`);
}

const startOf = (id: string): string => `${folderOf(id)}/start`;
