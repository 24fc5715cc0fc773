import type { Example } from '../data/types.ts';
import type { Gpu } from '../gpu/index.ts';
import { type FeatureCache, memoryFeatureCache, type Notes } from '../io/feature-cache.ts';
import { InputError } from '../math/errors.ts';
import type { DecodedClip } from '../media/types.ts';
import type { ShownClip } from '../models/mrope.ts';
import type { DataIssue } from '../protocol/messages.ts';
import type { ClipEncoder, ClipInput, Features } from '../rl/encoder.ts';
import { openEncoder } from '../rl/encoders.ts';
import { clipInput, emptyInput } from './clips.ts';
import { clipFingerprint, encoderFingerprint } from './fingerprint.ts';
import type { MediaSpec } from './media-spec.ts';
import type { OpenModel } from './model.ts';
import type { Report } from './progress.ts';

/** What one pass over clips reports: bytes of the towers' weights, then clips. */
export interface PrepareReport {
  readonly weights: Report;
  readonly clips: Report;
}

/** Turns an example's files into frames and sound. @throws InputError naming the clip */
export type Decode = (example: Example, spec: MediaSpec) => Promise<DecodedClip>;

type Read = { readonly input: ClipInput } | { readonly issue: DataIssue };

/** Where a clip's features are, and what the tower saw where that depends on the clip. */
interface Kept {
  readonly key: string;
  readonly shown?: ShownClip;
}

interface Wanted {
  readonly example: Example;
  readonly key: string;
}

const noted = ({ grid, sliceSeconds }: ShownClip): Notes => ({
  grid: grid.join(' '),
  sliceSeconds: String(sliceSeconds),
});

/** The inverse of `noted`; nothing where nothing was noted. */
function readShown({ grid, sliceSeconds }: Notes): { shown?: ShownClip } {
  const [slices, rows, columns] = (grid ?? '').split(' ').map(Number);
  if (!slices || !rows || !columns || sliceSeconds === undefined) return {};
  return { shown: { grid: [slices, rows, columns], sliceSeconds: Number(sliceSeconds) } };
}

/**
 * What one model's towers make of the clips. Towers never train here, so a clip is decoded and encoded once, and its
 * features are kept on disk by the clip's content and the towers: later runs and visits load no tower. Clips that cannot be
 * read become issues.
 */
export class FeatureStore {
  readonly #gpu: Gpu;
  readonly #model: OpenModel;
  readonly #cache: FeatureCache;
  readonly #decode: Decode;
  /** Takes what the disk has no room for. */
  readonly #overflow = memoryFeatureCache();
  /** Prepared clips by path. */
  readonly #kept = new Map<string, Kept>();
  readonly #issues = new Map<string, DataIssue>();
  #encoder?: Promise<string>;
  #encoded = 0;

  constructor(gpu: Gpu, model: OpenModel, cache: FeatureCache, decode: Decode) {
    this.#gpu = gpu;
    this.#model = model;
    this.#cache = cache;
    this.#decode = decode;
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
  }

  /** Whether the clip was prepared and could be read. */
  has({ path }: Example): boolean {
    return this.#kept.has(path);
  }

  /** What the tower saw of a prepared clip, for models that ask for it. */
  shownOf({ path }: Example): ShownClip | undefined {
    return this.#kept.get(path)?.shown;
  }

  /** Features of a prepared clip, from where they are kept. */
  async load({ path }: Example): Promise<Features> {
    const key = this.#kept.get(path)?.key;
    const found = key && ((await this.#cache.get(key)) ?? (await this.#overflow.get(key)));
    if (found) return found;
    throw new InputError(`${path}: its features are no longer on disk.`, {
      hint: 'The browser may have cleared its storage. Start the run again; the clip is then encoded once more.',
    });
  }

  /** What the towers make of a clip without anything in it. */
  async empty(report: PrepareReport): Promise<Features> {
    const { media } = this.#model;
    if (media.kind === 'patches') throw new Error('FeatureStore.empty: the tower takes no empty clip.');
    const key = `nothing-${await this.#encoderKey()}`;
    const known = (await this.#cache.get(key)) ?? (await this.#overflow.get(key));
    if (known) return known;
    using encoder = await this.#openEncoder(report);
    await this.#keep(key, await encoder.encode(await emptyInput(media)));
    return ((await this.#cache.get(key)) ?? (await this.#overflow.get(key)))!;
  }

  /**
   * Prepares the clips of these examples that are not there yet; while one is encoded the next is decoded. Without any, no
   * tower is loaded.
   */
  async prepare(examples: readonly Example[], report: PrepareReport, stopped: () => boolean): Promise<void> {
    const queue = await this.#missing(examples, report.clips, stopped);
    if (queue.length === 0 || stopped()) return;
    using encoder = await this.#openEncoder(report);
    let next = this.#read(queue[0]!.example);
    for (const [index, { example, key }] of queue.entries()) {
      if (stopped()) return;
      const read = await next;
      const following = queue[index + 1];
      if (following) next = this.#read(following.example);
      if ('issue' in read) this.#issues.set(example.path, read.issue);
      else {
        const notes = read.input.patches ? noted(read.input.patches) : {};
        await this.#keep(key, await encoder.encode(read.input), notes);
        this.#kept.set(example.path, { key, ...readShown(notes) });
      }
      report.clips(index + 1, queue.length);
    }
  }

  /** Looks clips up by their content; returns those that the towers have not seen. */
  async #missing(examples: readonly Example[], report: Report, stopped: () => boolean): Promise<Wanted[]> {
    const unknown = new Map<string, Example>();
    for (const example of examples) if (!this.#known(example.path)) unknown.set(example.path, example);
    const missing: Wanted[] = [];
    let looked = 0;
    for (const [path, example] of unknown) {
      if (stopped()) return [];
      const key = `${await clipFingerprint(example)}-${await this.#encoderKey()}`;
      const notes = (await this.#cache.notes(key)) ?? (await this.#overflow.notes(key));
      if (notes) this.#kept.set(path, { key, ...readShown(notes) });
      else missing.push({ example, key });
      report(++looked, unknown.size);
    }
    return missing;
  }

  #known(path: string): boolean {
    return this.#kept.has(path) || this.#issues.has(path);
  }

  #encoderKey(): Promise<string> {
    this.#encoder ??= encoderFingerprint(this.#model);
    return this.#encoder;
  }

  #openEncoder({ weights }: PrepareReport): Promise<ClipEncoder> {
    return openEncoder(this.#gpu, this.#model, weights);
  }

  async #keep(key: string, { vision, audio }: Features, notes: Notes = {}): Promise<void> {
    this.#encoded++;
    const arrays = { ...(vision ? { vision } : {}), ...(audio ? { audio } : {}) };
    // A full disk must not end a run.
    await this.#cache.put(key, arrays, notes).catch(() => this.#overflow.put(key, arrays, notes));
  }

  async #read(example: Example): Promise<Read> {
    const { media } = this.#model;
    try {
      return { input: await clipInput(await this.#decode(example, media), media) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { message, hint } = error;
      return {
        issue: {
          reason: 'clip unreadable',
          file: example.path,
          message,
          ...(hint === undefined ? {} : { hint }),
        },
      };
    }
  }
}
