import { DecoderCache } from '../../decoder/cache.ts';
import { DecodeAdapters } from '../../decoder/decode-adapters.ts';
import type { Qwen2 } from '../../decoder/qwen2.ts';
import { decodeStep } from '../../decoder/qwen2-decode.ts';
import type { PromptTokens } from '../../families/api.ts';
import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { advanceRows, type DecodeRows } from '../../ops/decode/decode-attention.ts';
import { decodeVariantOf } from '../../ops/decode/gemv.ts';
import { embedding } from '../../ops/tokens/gather-rows.ts';
import { type SampledRow, Sampler, type SamplingSettings } from '../../ops/tokens/sampling.ts';
import type { MediaTokens } from '../media/media-input.ts';
import { type Entry, Prefill } from './prefill.ts';
import { RowSchedule, type RowStart, type Task } from './row-schedule.ts';

/** The extents that a generator's plans are recorded for. */
export interface GeneratorShape {
  /** Rows that decode together. */
  readonly rows: number;
  /** Completions of each prompt. */
  readonly groupSize: number;
  /** Prompts that the cache has room for; with more of them than the rows need, rows wait less for a place. */
  readonly places: number;
  /** Tokens of the longest prompt. */
  readonly promptTokens: number;
  /** Room for one prompt's media tokens. */
  readonly mediaRows: number;
  /** Prompts that one pass may read; those that come later, or are fewer, are read one by one. */
  readonly prefillTogether: number;
  readonly maxNewTokens: number;
}

export interface Completion {
  /** Sampled ids, the end token included where one was drawn. */
  readonly ids: Uint32Array;
  /** Log-probability of each id under the unfiltered softmax at the sampling temperature. */
  readonly logProbs: Float32Array;
  /** Whether an end token or a stop was met; otherwise the length limit cut it. */
  readonly ended: boolean;
  /** Whether a stop ended it: its last token completes one. */
  readonly stopped?: boolean;
}

export type LimitOf = (prompt: number, index: number) => number;

/** How many of a completion's ids it takes for a stop to stand in them; undefined where none does. */
export type StopOf = (ids: Uint32Array) => number | undefined;

export interface GenerateOptions {
  /** Most tokens of a completion, or of each by its prompt and index; as many as the shape has room for unless said. */
  readonly limit?: number | LimitOf;
  /** Ends completions before an end token does. */
  readonly stop?: StopOf | undefined;
  /** Told how many prompts have all their completions. */
  readonly progress?: (prompts: number) => void;
  /** Hears one completion after the other while they are drawn. */
  readonly listener?: Listener | undefined;
}

/** Hears what a completion draws between two looks. */
export interface Listener {
  /** Which of the rows at work to listen to until the next look; undefined: none. */
  choose(rows: Iterable<number>): number | undefined;
  /** All ids that the row's completion has drawn so far, and whether it is at its end. */
  hear(completion: Task, ids: Uint32Array, isWhole: boolean): void;
}

/** Media tokens of a prompt, asked for when it is put into the cache. */
export type MediaOf = (prompt: number) => MediaTokens | Promise<MediaTokens>;

/** A completion's first tokens: a limit of its own is met between two looks. */
const cut = ({ ids, logProbs, ended }: Completion, limit: number): Completion =>
  ids.length <= limit
    ? { ids, logProbs, ended }
    : { ids: ids.slice(0, limit), logProbs: logProbs.slice(0, limit), ended: false };

/** A completion up to a stop, if one stands in it. */
function upTo(stop: StopOf | undefined, whole: Completion): Completion {
  const length = stop?.(whole.ids);
  if (length === undefined) return whole;
  const { ids, logProbs } = whole;
  return { ids: ids.slice(0, length), logProbs: logProbs.slice(0, length), ended: true, stopped: true };
}

/** What a look at the rows finds. */
interface Look {
  readonly resting: readonly boolean[];
  readonly rows?: readonly SampledRow[];
  /** What the row that is listened to has drawn. */
  readonly ids?: Uint32Array | undefined;
}

/** Decode steps between two looks at which rows have ended. */
const STEPS_PER_CHECK = 8;

/**
 * Samples G completions for each of any number of prompts, on the GPU. A prompt is read once, whatever its completions:
 * the keys and values of all its tokens but the last lie in a place of the cache. Each row of a decode step then works on a
 * completion of its own, beginning with the prompt's last token; a row that is done takes the next completion that waits.
 * A completion's random numbers are those of its number among all, so that the schedule does not change what is drawn.
 * Every few steps it is read back which rows are done.
 */
export class Generator {
  readonly shape: GeneratorShape;
  readonly #gpu: Gpu;
  readonly #rows: DecodeRows;
  readonly #cache: DecoderCache;
  readonly #adapters?: DecodeAdapters;
  readonly #sampler: Sampler;
  /** The largest first, the last for one prompt. */
  #prefills: readonly Prefill[] = [];
  #step!: Plan;

  private constructor(
    gpu: Gpu,
    model: Qwen2,
    shape: GeneratorShape,
    { endIds, adapters }: { readonly endIds: readonly number[]; readonly adapters: boolean },
  ) {
    const { rows, places, promptTokens, maxNewTokens } = shape;
    const u32 = (label: string, extents: readonly number[]): Tensor =>
      gpu.tensor('inputs', `row ${label}`, extents, 'u32');
    this.shape = shape;
    this.#gpu = gpu;
    this.#cache = new DecoderCache(gpu, model.config, places * promptTokens + rows * maxNewTokens);
    this.#sampler = new Sampler(gpu, { rows, capacity: maxNewTokens, vocab: model.config.vocabSize, endIds });
    if (adapters) this.#adapters = new DecodeAdapters(gpu, model);
    this.#rows = { positions: u32('positions', [rows]), spans: u32('spans', [rows, 4]) };
  }

  /** Records and compiles all plans. */
  static async create(
    gpu: Gpu,
    arena: Arena,
    model: Qwen2,
    shape: GeneratorShape,
    { endIds, adapters }: { endIds: readonly number[]; adapters: boolean },
  ): Promise<Generator> {
    const generator = new Generator(gpu, model, shape, { endIds, adapters });
    const prefill = (prompts: number): Promise<Prefill> =>
      Prefill.create(gpu, arena, model, generator.#cache, { ...shape, prompts }, adapters);
    const { prefillTogether } = shape;
    // All are recorded before the first is compiled, so that their pipelines compile together.
    const prefills = [...(prefillTogether > 1 ? [prefill(prefillTogether)] : []), prefill(1)];
    const step = generator.#recordStep(arena, model);
    [generator.#step, ...generator.#prefills] = await Promise.all([step, ...prefills]);
    return generator;
  }

  #recordStep(arena: Arena, model: Qwen2): Promise<Plan> {
    const tape = Tape.on(this.#gpu);
    const { recorder } = tape;
    const rows = this.#rows;
    const variant = decodeVariantOf(this.#gpu.traits);
    recorder.mark('decode');
    tape.constant(() => {
      const x = embedding(tape, model.embedTokens, this.#sampler.tokens);
      const logits = decodeStep(recorder, model, x, {
        rows,
        cache: this.#cache,
        adapters: this.#adapters !== undefined,
        decodeAdapters: this.#adapters,
        variant,
      });
      this.#sampler.record(recorder, logits);
      advanceRows(recorder, rows, this.#sampler.state.ended);
    });
    return Plan.create(this.#gpu, 'decode step', recorder, arena);
  }

  /** Samples. Returns [prompt][completion]. Throws where a prompt is too long or ends with a media token. */
  async generate(
    prompts: readonly PromptTokens[],
    settings: SamplingSettings,
    media: MediaOf,
    { limit = this.shape.maxNewTokens, stop, progress = () => undefined, listener }: GenerateOptions = {},
  ): Promise<Completion[][]> {
    for (const prompt of prompts) this.#check(prompt);
    const { rows, places, groupSize } = this.shape;
    const schedule = new RowSchedule({ prompts: prompts.length, groupSize, rows, places });
    const limitOf = typeof limit === 'number' ? () => limit : limit;
    const completions = prompts.map((): Completion[] => []);
    /** Tokens that each row at work may still draw. */
    const left = new Map<number, number>();
    let whole = 0;
    this.#sampler.begin(settings, typeof limit === 'number' ? limit : undefined);
    this.#park();
    while (schedule.waits || schedule.running.size > 0) {
      const { enters, starts } = schedule.deal();
      const entries: Entry[] = [];
      for (const { prompt, place } of enters) {
        const firstSlot = this.#placeStart(place);
        entries.push({ prompt: prompts[prompt]!, media: await media(prompt), firstSlot });
      }
      await this.#enter(entries);
      for (const start of starts) this.#start(start, prompts[start.prompt]!, settings.firstRow ?? 0);
      for (const { row, prompt, index } of starts) left.set(row, limitOf(prompt, index));
      await this.#advance(left);
      const heard = listener?.choose(left.keys());
      // While nobody is followed some row's ids are read all the same: memory must not depend on when somebody is.
      const read = listener ? (heard ?? 0) : undefined;
      // Stops are found in the ids of all rows.
      const { resting, rows: look, ids } = await this.#look(schedule.waits || stop !== undefined, read);
      const isStopped = (row: number): boolean => stop !== undefined && stop(look![row]!.ids) !== undefined;
      const done = [...schedule.running.keys()].filter(
        (row) => resting[row] || !left.get(row) || isStopped(row),
      );
      if (heard !== undefined && ids) {
        const task = schedule.running.get(heard)!;
        const drawn = ids.subarray(0, Math.min(limitOf(task.prompt, task.index), stop?.(ids) ?? ids.length));
        listener?.hear(task, drawn, done.includes(heard));
      }
      for (const row of done) left.delete(row);
      // Nothing is taken while nobody waits and some rows are still at work.
      if (done.length === 0 || (!schedule.waits && done.length < schedule.running.size)) continue;
      const sampled = look ?? (await this.#sampler.read());
      for (const row of done) {
        const { prompt, index } = schedule.running.get(row)!;
        completions[prompt]![index] = upTo(stop, cut(sampled[row]!, limitOf(prompt, index)));
        if (schedule.finish(row)) progress(++whole);
      }
    }
    return completions;
  }

  #check({ ids, video, audio }: PromptTokens): void {
    const { promptTokens } = this.shape;
    if (ids.length === 0 || ids.length > promptTokens) {
      throw new Error(`Generator: a prompt of ${ids.length} tokens; expected 1 to ${promptTokens}.`);
    }
    const ends = [...(video ?? []), ...(audio ?? [])].map(({ start, count }) => start + count);
    if (ends.includes(ids.length)) throw new Error('Generator: a prompt must end with a token of text.');
  }

  /** Lets all rows rest, each in its own part of the cache: a row that never begins writes there, too. */
  #park(): void {
    const { rows } = this.shape;
    const starts = Array.from({ length: rows }, (_, row) => this.#rowStart(row));
    const spans = starts.flatMap((start) => [0, 0, start, start + 1]);
    this.#gpu.write(this.#rows.spans, Uint32Array.from(spans));
    this.#sampler.park();
  }

  /** Decodes until the next look. */
  async #advance(left: Map<number, number>): Promise<void> {
    const steps = Math.min(STEPS_PER_CHECK, Math.max(...left.values()));
    for (let step = 0; step < steps; step++) await this.#step.run();
    for (const [row, tokens] of left) left.set(row, Math.max(0, tokens - steps));
  }

  /** Which rows rest, and what was drawn: by all rows where that is asked for, else by the row `read`. One wait for the device. */
  async #look(all: boolean, read: number | undefined): Promise<Look> {
    if (all) {
      const rows = await this.#sampler.read();
      const ids = read === undefined ? undefined : rows[read]!.ids;
      return { resting: rows.map(({ rests }) => rests), rows, ids };
    }
    if (read === undefined) return { resting: await this.#sampler.resting() };
    return this.#sampler.restingAndDrawn(read);
  }

  /** First slot of a prompt's place, and of a row's own tokens. */
  #placeStart = (place: number): number => place * this.shape.promptTokens;
  #rowStart = (row: number): number => this.#placeStart(this.shape.places) + row * this.shape.maxNewTokens;

  async #enter(entries: readonly Entry[]): Promise<void> {
    let at = 0;
    for (const prefill of this.#prefills) {
      const { prompts } = prefill.shape;
      for (; entries.length - at >= prompts; at += prompts)
        await prefill.run(entries.slice(at, at + prompts));
    }
  }

  /** Lets a row begin a completion with its prompt's last token. */
  #start({ row, place, prompt: number, index }: RowStart, prompt: PromptTokens, firstStream: number): void {
    const { positions, spans } = this.#rows;
    const length = prompt.ids.length - 1;
    const [promptStart, own] = [this.#placeStart(place), this.#rowStart(row)];
    const position = (prompt.positions?.next ?? prompt.ids.length) - 1;
    this.#gpu.write(positions, Uint32Array.of(position), row);
    this.#gpu.write(spans, Uint32Array.of(promptStart, promptStart + length, own, own + 1), 4 * row);
    this.#sampler.start(row, {
      token: prompt.ids[length]!,
      stream: firstStream + number * this.shape.groupSize + index,
    });
  }

  [Symbol.dispose](): void {
    const { positions, spans } = this.#rows;
    for (const prefill of this.#prefills) prefill[Symbol.dispose]();
    this.#step[Symbol.dispose]();
    this.#cache[Symbol.dispose]();
    this.#sampler[Symbol.dispose]();
    this.#adapters?.[Symbol.dispose]();
    this.#gpu.free(positions, spans);
  }
}
