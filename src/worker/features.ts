import type { Example } from '../data/types.ts';
import { InputError } from '../math/errors.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { ClipEncoder, type ClipInput, type Features } from '../rl/encoder.ts';
import type { Policy } from '../rl/policy.ts';
import { clipInput, decodeExample, emptyInput } from './clips.ts';
import type { MediaSpec } from './media-spec.ts';
import type { Report } from './progress.ts';

type Read = { readonly input: ClipInput } | { readonly issue: DataIssue };

/**
 * What one model's towers make of the clips. Towers never train here, so every clip is decoded and encoded once, however
 * many runs follow. Clips that cannot be read become issues.
 */
export class FeatureStore {
  readonly #spec: MediaSpec;
  /** By the clip's path. */
  readonly #features = new Map<string, Features>();
  readonly #issues = new Map<string, DataIssue>();
  #empty?: Features;

  constructor(spec: MediaSpec) {
    this.#spec = spec;
  }

  /** Clips that could not be read so far. */
  get issues(): readonly DataIssue[] {
    return [...this.#issues.values()];
  }

  /** Forgets all clips: those of another data set may have the same paths. */
  clear(): void {
    this.#features.clear();
    this.#issues.clear();
  }

  /** Features of the clip; undefined when it was not prepared or could not be read. */
  get({ path }: Example): Features | undefined {
    return this.#features.get(path);
  }

  /** What the towers make of a clip without anything in it. */
  async empty(policy: Policy): Promise<Features> {
    if (!this.#empty) {
      using encoder = await ClipEncoder.create(policy);
      this.#empty = await encoder.encode(await emptyInput(this.#spec));
    }
    return this.#empty;
  }

  /** Prepares the clips of these examples that are not there yet; while one is encoded the next is decoded. */
  async prepare(
    policy: Policy,
    examples: readonly Example[],
    report: Report,
    stopped: () => boolean,
  ): Promise<void> {
    const wanted = new Map<string, Example>();
    for (const example of examples) if (!this.#known(example.path)) wanted.set(example.path, example);
    const queue = [...wanted.values()];
    if (queue.length === 0) return;
    using encoder = await ClipEncoder.create(policy);
    let next = this.#read(queue[0]!);
    for (const [index, { path }] of queue.entries()) {
      if (stopped()) return;
      const read = await next;
      const following = queue[index + 1];
      if (following) next = this.#read(following);
      if ('issue' in read) this.#issues.set(path, read.issue);
      else this.#features.set(path, await encoder.encode(read.input));
      report(index + 1, queue.length);
    }
  }

  #known(path: string): boolean {
    return this.#features.has(path) || this.#issues.has(path);
  }

  async #read(example: Example): Promise<Read> {
    try {
      return { input: await clipInput(await decodeExample(example, this.#spec), this.#spec) };
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
