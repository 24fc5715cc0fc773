import type { DecoderCache } from '../../decoder/cache.ts';
import { decode, positionAxes, type Qwen2, type RowTensors } from '../../decoder/qwen2.ts';
import { layoutGroups, packRows, positionShape } from '../../decoder/rows.ts';
import type { PromptTokens } from '../../families/api.ts';
import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { embedding } from '../../ops/tokens/gather-rows.ts';
import { spliceRows } from '../../ops/tokens/splice-rows.ts';
import { MediaBatch, type MediaTokens } from '../media/media-input.ts';
import { PADDING } from '../update/pass-arrays.ts';

/** The extents that a prefill is recorded for. */
export interface PrefillShape {
  readonly prompts: number;
  /** Tokens and media tokens of one prompt, at most. */
  readonly promptTokens: number;
  readonly mediaRows: number;
}

/** A prompt on its way into the cache. */
export interface Entry {
  readonly prompt: PromptTokens;
  readonly media: MediaTokens;
  /** Cache slot of its first token. */
  readonly firstSlot: number;
}

/** A prompt without its last token, which the rows of a decode step feed themselves. */
function withoutLast({ ids, positions }: PromptTokens) {
  const length = ids.length - 1;
  if (!positions) return { promptLength: length, completionLengths: [] };
  const axes = positions.positions.length / ids.length;
  const promptPositions = { ...positions, positions: positions.positions.subarray(0, axes * length) };
  return { promptLength: length, completionLengths: [], promptPositions };
}

/** Reads prompts, but for their last tokens, into a cache of keys and values: so many in one pass. */
export class Prefill {
  readonly shape: PrefillShape;
  readonly #gpu: Gpu;
  readonly #axes: number;
  /** Absent where prompts have no media. */
  readonly #media: MediaBatch | undefined;
  /** u32 [tokens] */
  readonly #ids: Tensor;
  /** u32 [tokens] cache slot of each token. */
  readonly #slots: Tensor;
  readonly #rows: RowTensors;
  #plan!: Plan;

  private constructor(gpu: Gpu, model: Qwen2, shape: PrefillShape) {
    const { prompts, promptTokens, mediaRows } = shape;
    const tokens = prompts * promptTokens;
    const u32 = (label: string, extents: readonly number[]): Tensor =>
      gpu.tensor('inputs', `prompt ${label}`, extents, 'u32');
    this.shape = shape;
    this.#gpu = gpu;
    this.#axes = positionAxes(model.config);
    this.#media =
      mediaRows > 0 ? new MediaBatch(gpu, 'prompt', prompts * mediaRows, model.config.hiddenSize) : undefined;
    this.#ids = u32('ids', [tokens]);
    this.#slots = u32('slots', [tokens]);
    this.#rows = {
      positions: u32('positions', positionShape(tokens, this.#axes)),
      spans: u32('spans', [tokens, 4]),
      keySpans: u32('key spans', [tokens, 2]),
    };
  }

  /** Records and compiles the pass. */
  static async create(
    gpu: Gpu,
    arena: Arena,
    model: Qwen2,
    cache: DecoderCache,
    shape: PrefillShape,
    adapters: boolean,
  ): Promise<Prefill> {
    const prefill = new Prefill(gpu, model, shape);
    const tape = Tape.on(gpu);
    tape.recorder.mark('prefill');
    tape.constant(() => {
      const text = embedding(tape, model.embedTokens, prefill.#ids);
      const media = prefill.#media;
      const x = media ? spliceRows(tape, text, media.rows, media.at) : text;
      const takeKeyValues = cache.fill(tape, prefill.#slots);
      decode(tape, model, x, prefill.#rows, { adapters, takeKeyValues });
    });
    prefill.#plan = await Plan.create(gpu, `prefill of ${shape.prompts}`, tape.recorder, arena);
    return prefill;
  }

  /** Reads at most as many prompts as the shape has. */
  async run(entries: readonly Entry[]): Promise<void> {
    const capacity = this.#ids.shape[0]!;
    const layout = layoutGroups(entries.map(({ prompt }) => withoutLast(prompt)));
    const rows = packRows(layout, capacity, this.#axes);
    const ids = new Uint32Array(capacity);
    const slots = new Uint32Array(capacity).fill(PADDING);
    entries.forEach(({ prompt, firstSlot }, index) => {
      const { promptStart, promptLength } = layout[index]!;
      ids.set(prompt.ids.subarray(0, promptLength), promptStart);
      for (let i = 0; i < promptLength; i++) slots[promptStart + i] = firstSlot + i;
    });
    this.#gpu.write(this.#rows.positions, rows.positions);
    this.#gpu.write(this.#rows.spans, rows.spans);
    this.#gpu.write(this.#rows.keySpans, rows.keySpans);
    this.#gpu.write(this.#ids, ids);
    this.#gpu.write(this.#slots, slots);
    this.#media?.write(
      entries.map(({ prompt }) => prompt),
      layout.map(({ promptStart }) => promptStart),
      entries.map(({ media }) => media),
    );
    await this.#plan.run();
  }

  [Symbol.dispose](): void {
    const { positions, spans, keySpans } = this.#rows;
    this.#plan[Symbol.dispose]();
    this.#media?.[Symbol.dispose]();
    this.#gpu.free(this.#ids, this.#slots, positions, spans, keySpans);
  }
}
