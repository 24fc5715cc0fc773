import type { Example } from '../data/types.ts';
import type { Gpu } from '../gpu/index.ts';
import { type FeatureCache, memoryFeatureCache } from '../io/feature-cache.ts';
import { InputError } from '../math/errors.ts';
import type { DecodedClip } from '../media/types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { ClipEncoder, type ClipInput, type Features } from '../rl/encoder.ts';
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

interface Wanted {
  readonly example: Example;
  readonly key: string;
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
  /** Cache keys by the clip's path. */
  readonly #keys = new Map<string, string>();
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
    this.#keys.clear();
    this.#issues.clear();
  }

  /** Whether the clip was prepared and could be read. */
  has({ path }: Example): boolean {
    return this.#keys.has(path);
  }

  /** Features of a prepared clip, from where they are kept. */
  async load({ path }: Example): Promise<Features> {
    const key = this.#keys.get(path);
    const found = key && ((await this.#cache.get(key)) ?? (await this.#overflow.get(key)));
    if (found) return found;
    throw new InputError(`${path}: its features are no longer on disk.`, {
      hint: 'The browser may have cleared its storage. Start the run again; the clip is then encoded once more.',
    });
  }

  /** What the towers make of a clip without anything in it. */
  async empty(report: PrepareReport): Promise<Features> {
    const key = `nothing-${await this.#encoderKey()}`;
    const known = (await this.#cache.get(key)) ?? (await this.#overflow.get(key));
    if (known) return known;
    using encoder = await this.#openEncoder(report);
    await this.#keep(key, await encoder.encode(await emptyInput(this.#model.media)));
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
        await this.#keep(key, await encoder.encode(read.input));
        this.#keys.set(example.path, key);
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
      if ((await this.#cache.has(key)) || (await this.#overflow.has(key))) this.#keys.set(path, key);
      else missing.push({ example, key });
      report(++looked, unknown.size);
    }
    return missing;
  }

  #known(path: string): boolean {
    return this.#keys.has(path) || this.#issues.has(path);
  }

  #encoderKey(): Promise<string> {
    this.#encoder ??= encoderFingerprint(this.#model);
    return this.#encoder;
  }

  #openEncoder({ weights }: PrepareReport): Promise<ClipEncoder> {
    return ClipEncoder.create(this.#gpu, this.#model, weights);
  }

  async #keep(key: string, { vision, audio }: Features): Promise<void> {
    this.#encoded++;
    const arrays = { ...(vision ? { vision } : {}), ...(audio ? { audio } : {}) };
    // A full disk must not end a run.
    await this.#cache.put(key, arrays).catch(() => this.#overflow.put(key, arrays));
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
