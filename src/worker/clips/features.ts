import { type ClipExample, mediaName } from '../../data/types.ts';
import type { ShownClip } from '../../decoder/mrope.ts';
import type { ClipInput, Features } from '../../families/shared/clip-encoder.ts';
import { type FeatureCache, memoryFeatureCache, type Notes } from '../../io/features/feature-cache.ts';
import { isReadFailure, unreadableFile } from '../../io/files/unreadable.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import type { HeldGpu } from '../gpu/held-gpu.ts';
import type { ClipModel } from '../inputs/model.ts';
import { Lane } from '../lane.ts';
import type { Report } from '../progress.ts';
import { DecodeAhead } from './decode-ahead.ts';
import { type Decode, decodeMedia } from './decoded.ts';
import { clipFingerprint, encoderFingerprint } from './fingerprint.ts';
import { Towers } from './towers.ts';

/** What one pass over clips reports: bytes of the towers' weights, then clips. */
export interface PrepareReport {
  readonly weights: Report;
  readonly clips: Report;
}

export const QUIET: PrepareReport = { weights: () => undefined, clips: () => undefined };

type Read = { readonly input: ClipInput; readonly notes: Notes } | { readonly issue: DataIssue };

/** Where a clip's features are, and what the tower saw where that depends on the clip. */
interface Kept {
  readonly example: ClipExample;
  readonly key: string;
  readonly shown?: readonly ShownClip[];
}

type Wanted = Pick<Kept, 'example' | 'key'>;

const noted = (shown: readonly ShownClip[]): Notes => ({
  grid: shown.map(({ grid }) => grid.join(' ')).join(', '),
  sliceSeconds: shown.map(({ sliceSeconds }) => sliceSeconds).join(', '),
});

/** The inverse of `noted`; nothing where nothing was noted. */
function readShown({ grid, sliceSeconds }: Notes): { shown?: readonly ShownClip[] } {
  if (grid === undefined || sliceSeconds === undefined) return {};
  const seconds = sliceSeconds.split(', ').map(Number);
  const shown = grid.split(', ').map((written, index) => {
    const [slices = 0, rows = 0, columns = 0] = written.split(' ').map(Number);
    return { grid: [slices, rows, columns] as const, sliceSeconds: seconds[index]! };
  });
  return shown.every(({ grid: [slices, rows, columns] }) => slices && rows && columns) ? { shown } : {};
}

/**
 * What one model's towers make of the clips. Towers never train here, so a clip is decoded and encoded once, and its
 * features are kept on disk by the clip's content and the towers: later runs and visits load no tower. Clips that cannot be
 * read become issues.
 */
export class FeatureStore {
  readonly #model: ClipModel;
  readonly #cache: FeatureCache;
  readonly #towers: Towers;
  readonly #decoded: DecodeAhead;
  /** Takes what the disk has no room for. */
  readonly #overflow = memoryFeatureCache();
  /** Prepared clips by name. */
  readonly #kept = new Map<string, Kept>();
  readonly #issues = new Map<string, DataIssue>();
  /** Keys of clips that the towers have not seen, by name. */
  readonly #unseen = new Map<string, string>();
  /** Clips are looked up one after the other, those of a preparation behind those ahead of it. */
  readonly #lookups = new Lane();
  /** Counts what ends the looking ahead. */
  #turn = 0;
  /** Where the latest preparation was reported, and whether towers stay after it. */
  #report?: PrepareReport;
  #stay = false;
  #isUnsettled = false;
  /** What is being encoded anew, one after the other: there is one device. */
  #repairs: Promise<unknown> = Promise.resolve();
  #encoder?: Promise<string>;
  #encoded = 0;

  constructor(held: Pick<HeldGpu, 'gpu'>, model: ClipModel, cache: FeatureCache, decode: Decode) {
    this.#model = model;
    this.#cache = cache;
    this.#towers = new Towers(held, model);
    this.#decoded = new DecodeAhead((example) => decodeMedia(example, model.clips, decode));
  }

  /** Clips that could not be read so far. */
  get issues(): readonly DataIssue[] {
    return [...this.#issues.values()];
  }

  /** Clips that the towers have run over so far. */
  get encoded(): number {
    return this.#encoded;
  }

  /** Forgets all clips: those of another data set may have the same paths. What is on disk stays. */
  clear(): void {
    this.#kept.clear();
    this.#issues.clear();
    this.#unseen.clear();
    this.letGo();
    this.#cache.release();
  }

  /** Whether the clip was prepared and could be read. */
  has(example: ClipExample): boolean {
    return this.#kept.has(mediaName(example));
  }

  /** Whether the clip could not be read. */
  refuses(example: ClipExample): boolean {
    return this.#issues.has(mediaName(example));
  }

  /** What the tower saw of each picture and video of a prepared example, for models that ask for it. */
  shownOf(example: ClipExample): readonly ShownClip[] | undefined {
    return this.#kept.get(mediaName(example))?.shown;
  }

  /** Features of a prepared clip, from where they are kept; encoded anew where they were cleared or damaged since. */
  async load(example: ClipExample): Promise<Features> {
    const name = mediaName(example);
    const kept = this.#kept.get(name);
    const found = kept && (await this.#find(kept.key));
    if (found) return found;
    if (kept) return this.#again(kept);
    throw new InputError(`${name}: its features are no longer on disk, and the clip was not prepared.`, {
      hint: 'Start the run again; the clip is then encoded once more.',
    });
  }

  async #find(key: string): Promise<Features | undefined> {
    return (await this.#cache.get(key)) ?? (await this.#overflow.get(key));
  }

  /** Encodes a clip anew, and with it every other one that is gone: a storage that was cleared has none of them. */
  async #again(wanted: Kept): Promise<Features> {
    const repaired = this.#repairs.then(async () => {
      const found = await this.#find(wanted.key);
      if (found) return found;
      const gone: Wanted[] = [wanted];
      for (const kept of this.#kept.values()) {
        if (kept.key !== wanted.key && !(await this.#notes(kept.key))) gone.push(kept);
      }
      await this.#encodeAgain(gone, wanted);
      return this.#find(wanted.key);
    });
    this.#repairs = repaired.catch(() => undefined);
    const features = await repaired;
    if (features) return features;
    throw new InputError(
      `${mediaName(wanted.example)}: its features can be kept neither on disk nor in memory.`,
      {
        hint: 'Make room on the disk, and go on with the run from its last checkpoint.',
      },
    );
  }

  /** @throws InputError where the clip that was asked for is no longer what it was */
  #encodeAgain(gone: readonly Wanted[], { example: wanted }: Wanted): Promise<void> {
    const { weights, clips } = this.#report ?? QUIET;
    return this.#towers.use(weights, this.#stay, async (encoder) => {
      for (const [index, { example, key }] of gone.entries()) {
        const read = await this.#readAgain(example, key);
        if ('input' in read)
          await this.#keep(key, mediaName(example), await encoder.encode(read.input), read.notes);
        else if (example === wanted) throw new InputError(read.issue.message, read.issue);
        clips(index + 1, gone.length);
      }
    });
  }

  /** A clip as before; one that was changed since is not taken for it. */
  async #readAgain(example: ClipExample, key: string): Promise<Read> {
    try {
      const same = key === `${await clipFingerprint(example)}-${await this.#encoderKey()}`;
      if (same) return await this.#read(example);
      throw new InputError(`${mediaName(example)}: found another clip than the run was started with.`, {
        hint: 'Its features were cleared from storage, and the file was changed since: put the clip back as it was.',
      });
    } catch (error) {
      return { issue: issueOf(example, error) };
    }
  }

  async #notes(key: string): Promise<Notes | undefined> {
    return (await this.#cache.notes(key)) ?? (await this.#overflow.notes(key));
  }

  /** What the towers make of a clip without anything in it. */
  async empty(report: PrepareReport): Promise<Features> {
    const { empty } = this.#model.clips;
    if (!empty) throw new Error('FeatureStore.empty: the tower takes no empty clip.');
    const key = `nothing-${await this.#encoderKey()}`;
    const known = await this.#find(key);
    if (known) return known;
    await this.#towers.use(report.weights, this.#stay, async (encoder) =>
      this.#keep(key, 'A clip of nothing', await encoder.encode(await empty())),
    );
    return (await this.#find(key))!;
  }

  /**
   * Prepares the clips of these examples that are not there yet; while one is encoded the next is decoded. Without any, no
   * tower is loaded. With `stay` the towers remain on the device for the next preparation, until `letGo`.
   */
  async prepare(
    examples: readonly ClipExample[],
    report: PrepareReport,
    stopped: () => boolean,
    stay = false,
  ): Promise<void> {
    this.#report = report;
    this.#stay = stay;
    this.#turn++;
    const queue = await this.#lookups.run(() => this.#missing(examples, report.clips, stopped));
    if (queue.length > 0 && !stopped()) await this.#encode(queue, report, stopped);
    // While towers stay, more is to come soon.
    if (!stay) await this.#cache.settle();
    this.#isUnsettled = stay;
  }

  /**
   * Looks clips up, and decodes those that the towers have not seen, while the device does something else; the towers'
   * weights are read for that. What goes wrong is told by `prepare`, which ends the looking ahead.
   */
  lookAhead(examples: readonly ClipExample[]): void {
    const turn = ++this.#turn;
    const ended = (): boolean => turn !== this.#turn;
    void this.#lookups
      .run(() => this.#missing(examples, QUIET.clips, ended))
      .then((missing) => ended() || this.#decoded.begin(missing.map(({ example }) => example)))
      .catch(() => undefined);
  }

  /** Lets go of towers that stayed. */
  letGoOfTowers(): void {
    this.#stay = false;
    this.#towers.letGo();
  }

  /** Lets go of towers that stayed, and of what was decoded ahead of them. */
  letGo(): void {
    this.#turn++;
    this.#decoded.drop();
    this.letGoOfTowers();
    if (this.#isUnsettled) void this.#cache.settle().catch(() => undefined);
    this.#isUnsettled = false;
  }

  #encode(queue: readonly Wanted[], report: PrepareReport, stopped: () => boolean): Promise<void> {
    return this.#towers.use(report.weights, this.#stay, async (encoder) => {
      let next = this.#read(queue[0]!.example);
      for (const [index, { example, key }] of queue.entries()) {
        if (stopped()) return;
        const read = await next;
        const following = queue[index + 1];
        if (following) next = this.#read(following.example);
        const name = mediaName(example);
        this.#unseen.delete(name);
        if ('issue' in read) this.#issues.set(name, read.issue);
        else {
          await this.#keep(key, name, await encoder.encode(read.input), read.notes);
          this.#kept.set(name, { example, key, ...readShown(read.notes) });
        }
        report.clips(index + 1, queue.length);
      }
    });
  }

  /** Looks clips up by their content; returns those that the towers have not seen. */
  async #missing(
    examples: readonly ClipExample[],
    report: Report,
    stopped: () => boolean,
  ): Promise<Wanted[]> {
    const unknown = new Map<string, ClipExample>();
    for (const example of examples) {
      const name = mediaName(example);
      if (!this.#known(name)) unknown.set(name, example);
    }
    const missing: Wanted[] = [];
    if (unknown.size === 0 || stopped()) return missing;
    const encoder = await this.#encoderKey();
    let looked = 0;
    for (const [name, example] of unknown) {
      if (stopped()) return [];
      const key = this.#unseen.get(name) ?? (await this.#lookUp(example, encoder));
      if (key !== undefined) missing.push({ example, key });
      report(++looked, unknown.size);
    }
    return missing;
  }

  /** The key of a clip that the towers have not seen; undefined for one that they have, or that cannot be read. */
  async #lookUp(example: ClipExample, encoder: string): Promise<string | undefined> {
    const name = mediaName(example);
    const clip = await clipFingerprint(example).catch((error: unknown) => issueOf(example, error));
    if (typeof clip !== 'string') {
      this.#issues.set(name, clip);
      return undefined;
    }
    const key = `${clip}-${encoder}`;
    const notes = await this.#notes(key);
    if (!notes) {
      this.#unseen.set(name, key);
      return key;
    }
    this.#kept.set(name, { example, key, ...readShown(notes) });
    return undefined;
  }

  #known(name: string): boolean {
    return this.#kept.has(name) || this.#issues.has(name);
  }

  /** Reads the towers' weights once from end to end, which is told to whoever prepares clips by then. */
  #encoderKey(): Promise<string> {
    const report: Report = (done, total) => this.#report?.weights(done, total);
    this.#encoder ??= encoderFingerprint(this.#model, report).catch((error: unknown) => {
      this.#encoder = undefined;
      throw error;
    });
    return this.#encoder;
  }

  /** @throws InputError for features that are no numbers: they would spoil every run that finds them */
  async #keep(key: string, clip: string, { vision, audio }: Features, notes: Notes = {}): Promise<void> {
    this.#encoded++;
    const arrays = { ...(vision ? { vision } : {}), ...(audio ? { audio } : {}) };
    for (const [tower, values] of Object.entries(arrays)) demandFinite(clip, tower, values);
    // A full disk must not end a run.
    await this.#cache.put(key, arrays, notes).catch(() => this.#overflow.put(key, arrays, notes));
  }

  async #read(example: ClipExample): Promise<Read> {
    const { clips } = this.#model;
    try {
      const input = await clips.input(await this.#decoded.take(example));
      return { input, notes: input.patches ? noted(input.patches) : {} };
    } catch (error) {
      return { issue: issueOf(example, error) };
    }
  }
}

/** What is told of a clip that cannot be read. @throws what is no fault of the clip */
function issueOf(example: ClipExample, error: unknown): DataIssue {
  const name = mediaName(example);
  const told = isReadFailure(error) ? unreadableFile(name, error) : error;
  if (!(told instanceof InputError)) throw told;
  const { message, hint } = told;
  return { reason: 'clip unreadable', file: name, message, ...(hint === undefined ? {} : { hint }) };
}

function demandFinite(clip: string, tower: string, values: Float32Array): void {
  const broken = values.reduce((count, value) => (Number.isFinite(value) ? count : count + 1), 0);
  if (broken === 0) return;
  throw new InputError(
    `${clip}: the ${tower} tower made ${broken} values of ${values.length} that are not finite, expected none; nothing of it was kept.`,
    {
      hint: `The weights of the ${tower} tower are damaged, or were saved badly: download or copy the model again.`,
    },
  );
}
