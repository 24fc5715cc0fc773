import { PromptSampler, type SamplerState } from '../data/sampler.ts';
import { type ClipExample, type Dataset, type Example, hasClip, mediaName } from '../data/types.ts';
import { InputError } from '../math/errors.ts';
import type { ClipCount } from '../protocol/results.ts';
import { leftOutLine, type RunPrompts } from '../rl/prompts.ts';
import type { FeatureStore, PrepareReport } from './clips/features.ts';

/** Which rows a run takes when, and which of them it cannot use. */
export interface Dealt {
  readonly sampler: SamplerState;
  /** Rows that the order is over. */
  readonly clips: number;
  /** Ids of those that cannot be read, and gave way or will. */
  readonly unreadable: readonly string[];
}

export interface RowsParts {
  readonly data: Dataset;
  /** Absent where nothing is asked about clips. */
  readonly features?: FeatureStore | undefined;
  readonly config: { readonly seed: number; readonly promptsPerStep: number };
  readonly prompts: Pick<RunPrompts, 'asks' | 'leftOut'>;
}

/**
 * The rows that a run trains on, in its order, which is over all that are listed and asked: one whose clip cannot be read gives
 * way to the next when its turn comes (why: D-152). Clips of the steps to come are made ready ahead of them.
 */
export class TrainingRows {
  readonly #parts: RowsParts;
  #rows: readonly Example[];
  #sampler?: PromptSampler;
  /** Rows that could not be read in an earlier visit: they stay out, or the run would go on otherwise than without the break. */
  #left: ReadonlySet<string> = new Set();

  constructor(parts: RowsParts) {
    this.#parts = parts;
    const { data, prompts } = parts;
    this.#rows = data.examples.filter((row) => row.split === 'train' && prompts.asks(row));
    if (this.#rows.length > 0) this.#sampler = this.#samplerAt();
  }

  get all(): readonly Example[] {
    return this.#rows;
  }

  get clips(): ClipExample[] {
    return this.#rows.filter(hasClip);
  }

  /** Whether it can stand there before all clips are known: earlier versions dealt only those that could be read. */
  canStand(at: Pick<Dealt, 'clips'> | undefined): boolean {
    return at === undefined || at.clips === this.#rows.length;
  }

  #samplerAt(state?: SamplerState): PromptSampler {
    return new PromptSampler(this.#rows.length, this.#parts.config.seed, state);
  }

  /** Of an order that is never empty. */
  get #order(): PromptSampler {
    if (this.#sampler) return this.#sampler;
    throw this.#nothing();
  }

  /** Epochs so far, with the fraction of the present one. */
  get epochs(): number {
    return this.#order.epochs;
  }

  get dealt(): Dealt {
    const unreadable = this.#rows.filter((row) => this.#isOut(row)).map(({ id }) => id);
    return { sampler: this.next, clips: this.#rows.length, unreadable };
  }

  /** How many clips are ready for their step; undefined of rows that need no making ready. */
  get count(): ClipCount | undefined {
    const { features } = this.#parts;
    const { clips } = this;
    if (!features || clips.length === 0) return undefined;
    const unreadable = clips.filter((clip) => this.#isOut(clip)).length;
    const ready = clips.filter((clip) => features.has(clip) && !this.#isOut(clip)).length;
    return { ready, unreadable, total: clips.length };
  }

  /** Stands where a stored run stood. @throws InputError where that cannot be */
  stand({
    sampler,
    clips,
    unreadable,
  }: Omit<Dealt, 'unreadable'> & Partial<Pick<Dealt, 'unreadable'>>): void {
    if (!this.canStand({ clips })) this.#dealReadable(clips);
    this.#left = new Set(unreadable);
    this.#sampler = this.#samplerAt(sampler);
    for (const [index, row] of this.#rows.entries()) if (this.#isRefused(row)) this.#demandNew(index);
  }

  #dealReadable(clips: number): void {
    const { data, features } = this.#parts;
    const readable = this.#rows.filter((row) => !hasClip(row) || features?.has(row));
    if (readable.length !== clips) {
      const [first] = features?.issues ?? [];
      const why = first ? ` One that cannot: ${first.message}` : '';
      throw new InputError(
        `${data.name}: ${readable.length} training clips can be read, but the run was on ${clips}.${why}`,
        { hint: PUT_BACK },
      );
    }
    this.#rows = readable;
  }

  #isRefused(row: Example): boolean {
    return hasClip(row) && this.#parts.features?.refuses(row) === true;
  }

  #isOut(row: Example): boolean {
    return this.#left.has(row.id) || this.#isRefused(row);
  }

  readonly #isOutAt = (index: number): boolean => this.#isOut(this.#rows[index]!);

  /** The rows that come next, as far as is known now. */
  coming(count: number): Example[] {
    return this.#rowsAt(this.#order.ahead(count, this.#isOutAt));
  }

  get #next(): Example[] {
    return this.coming(this.#parts.config.promptsPerStep);
  }

  #rowsAt(indices: readonly number[]): Example[] {
    return indices.map((index) => this.#rows[index]!);
  }

  #missing(rows: readonly Example[]): ClipExample[] {
    const { features } = this.#parts;
    return features ? rows.filter(hasClip).filter((row) => !features.has(row) && !features.refuses(row)) : [];
  }

  /**
   * Makes the clips of the next step ready; returns whether they are, which they may not be where it was stopped. The towers
   * stay on the device until every clip is known. @throws InputError when no clip is left, or one is gone that the run has seen
   */
  async makeReady(report: PrepareReport, stopped: () => boolean): Promise<boolean> {
    for (;;) {
      this.#demandSome();
      const missing = this.#missing(this.#next);
      if (missing.length === 0) break;
      await this.#parts.features!.prepare(missing, report, stopped, true);
      if (stopped()) return false;
      for (const clip of missing) if (this.#isRefused(clip)) this.#demandNew(this.#rows.indexOf(clip));
    }
    if (this.#missing(this.#rows).length === 0) this.#parts.features?.letGo();
    return true;
  }

  /** Has the clips of the next step decoded while the device is at work on something else. */
  lookAhead(): void {
    const missing = this.#sampler ? this.#missing(this.#next) : [];
    if (missing.length > 0) this.#parts.features!.lookAhead(missing);
  }

  /** Rows that can be used, as far as is known now. */
  get usable(): Example[] {
    return this.#rows.filter((row) => !this.#isOut(row));
  }

  /** Where the next step takes its rows. */
  get next(): SamplerState {
    return this.#sampler?.state ?? { epoch: 0, index: 0 };
  }

  /** The next rows of the order: those of a step, unless it is said how many. */
  deal(count = this.#parts.config.promptsPerStep): Example[] {
    return this.#rowsAt(this.#order.next(count, this.#isOutAt));
  }

  /** Rows as a run deals them from a place in its order on; without those that are known not to be readable. */
  dealFrom(state: SamplerState, count: number): Example[] {
    return this.#rowsAt(this.#samplerAt(state).next(count, this.#isOutAt));
  }

  #demandSome(): void {
    if (this.#rows.every((row) => this.#isOut(row))) throw this.#nothing();
  }

  /** A clip that had its turn was read then. @throws InputError */
  #demandNew(index: number): void {
    const row = this.#rows[index]!;
    if (this.#left.has(row.id) || !this.#order.hadTurn(index)) return;
    const { data, features } = this.#parts;
    const issue = features?.issues.find(({ file }) => hasClip(row) && file === mediaName(row));
    throw new InputError(
      `${data.name}: a clip that the run was trained on cannot be read any more. ${issue?.message ?? row.id}`,
      { hint: PUT_BACK },
    );
  }

  #nothing(): InputError {
    const { data, prompts } = this.#parts;
    const [first] = prompts.leftOut;
    const thing = data.kind === 'clips' ? 'clip' : 'question';
    return new InputError(
      `${data.name}: no ${thing} of the split "train" can be used.${first ? ` ${leftOutLine(first)}` : ''}`,
      {
        hint:
          first?.refused?.hint ??
          'Look at the issues of the data set; every clip and row that was left out is listed there.',
      },
    );
  }
}

const PUT_BACK =
  'Put the clips back as they were, or go on in the browser the run was started in: another one may lack a codec.';
