import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { DecoderCache } from '../models/cache.ts';
import { decode, positionAxes, type Qwen2, type RowTensors } from '../models/qwen2.ts';
import { decodeStep } from '../models/qwen2-decode.ts';
import { layoutGroups, packRows, positionShape } from '../models/rows.ts';
import { advanceRows, type DecodeRows } from '../ops/decode-attention.ts';
import { sharedDepth, wholeDepth } from '../ops/few-rows.ts';
import { embedding, gatherRows } from '../ops/gather-rows.ts';
import { headLogits } from '../ops/head.ts';
import { Sampler, type SamplingSettings } from '../ops/sampling.ts';
import { spliceRows } from '../ops/splice-rows.ts';
import { MediaBatch, type MediaTokens } from './media-input.ts';
import { PADDING } from './pass-arrays.ts';
import type { PromptTokens } from './prompt-tokens.ts';

/** The extents that a generator's plans are recorded for. */
export interface GeneratorShape {
  readonly prompts: number;
  readonly groupSize: number;
  /** Room for the prompts' tokens, all together. */
  readonly promptTokens: number;
  /** Room for the prompts' media tokens, all together. */
  readonly mediaRows: number;
  readonly maxNewTokens: number;
}

export interface Completion {
  /** Sampled ids, the end token included where one was drawn. */
  readonly ids: Uint32Array;
  /** Log-probability of each id under the unfiltered softmax at the sampling temperature. */
  readonly logProbs: Float32Array;
  /** Whether an end token was drawn; otherwise the length limit cut it. */
  readonly ended: boolean;
}

/** Decode steps between two looks at whether all rows have ended. */
const STEPS_PER_CHECK = 8;

interface Inputs {
  readonly prefill: RowTensors;
  /** u32 [promptTokens] */
  readonly promptIds: Tensor;
  /** u32 [promptTokens] cache slot of each prompt token. */
  readonly promptSlots: Tensor;
  /** u32 [rows] packed index of each row's last prompt token. */
  readonly lastToken: Tensor;
  readonly rows: DecodeRows;
}

/**
 * Samples G completions for each of several prompts, on the GPU: one prefill of all prompts, whose keys and values the
 * group shares, then one plan per token for all rows. Which token, probability and end came out is read back at the end.
 */
export class Generator {
  readonly shape: GeneratorShape;
  readonly media: MediaBatch;
  readonly #gpu: Gpu;
  /** On how many axes a prompt's token has a position; what is sampled has the same on all. */
  readonly #axes: number;
  readonly #inputs: Inputs;
  readonly #cache: DecoderCache;
  readonly #sampler: Sampler;
  #prefill!: Plan;
  #step!: Plan;

  private constructor(gpu: Gpu, model: Qwen2, shape: GeneratorShape, endIds: readonly number[]) {
    const { prompts, groupSize, promptTokens, maxNewTokens, mediaRows } = shape;
    const rows = prompts * groupSize;
    const u32 = (label: string, extents: readonly number[]): Tensor =>
      gpu.tensor('inputs', label, extents, 'u32');
    this.shape = shape;
    this.#gpu = gpu;
    this.#axes = positionAxes(model.config);
    this.media = new MediaBatch(gpu, 'rollout', mediaRows, model.config.hiddenSize);
    this.#cache = new DecoderCache(gpu, model.config, promptTokens + rows * maxNewTokens);
    this.#sampler = new Sampler(gpu, { rows, capacity: maxNewTokens, vocab: model.config.vocabSize, endIds });
    this.#inputs = {
      prefill: {
        positions: u32('prompt positions', positionShape(promptTokens, this.#axes)),
        spans: u32('prompt spans', [promptTokens, 4]),
        keySpans: u32('prompt key spans', [promptTokens, 2]),
      },
      promptIds: u32('prompt ids', [promptTokens]),
      promptSlots: u32('prompt slots', [promptTokens]),
      lastToken: u32('last prompt token', [rows]),
      rows: {
        positions: u32('row positions', [rows]),
        spans: u32('row spans', [rows, 4]),
      },
    };
  }

  /** Records and compiles both plans. */
  static async create(
    gpu: Gpu,
    arena: Arena,
    model: Qwen2,
    shape: GeneratorShape,
    options: { endIds: readonly number[]; adapters: boolean },
  ): Promise<Generator> {
    const generator = new Generator(gpu, model, shape, options.endIds);
    generator.#prefill = await generator.#recordPrefill(arena, model, options.adapters);
    generator.#step = await generator.#recordStep(arena, model, options.adapters);
    return generator;
  }

  #recordPrefill(arena: Arena, model: Qwen2, adapters: boolean): Promise<Plan> {
    const tape = new Tape();
    const { prefill, promptIds, promptSlots, lastToken } = this.#inputs;
    tape.constant(() => {
      const text = embedding(tape, model.embedTokens, promptIds);
      const x = spliceRows(tape, text, this.media.rows, this.media.at);
      const takeKeyValues = this.#cache.fill(tape, promptSlots);
      const hidden = decode(tape, model, x, prefill, { adapters, takeKeyValues });
      const last = gatherRows(tape, hidden, lastToken);
      this.#sampler.record(tape.recorder, headLogits(tape.recorder, last, model.head));
    });
    return Plan.create(this.#gpu, 'prefill', tape.recorder, arena);
  }

  #recordStep(arena: Arena, model: Qwen2, adapters: boolean): Promise<Plan> {
    const tape = new Tape();
    const { recorder } = tape;
    const { rows } = this.#inputs;
    tape.constant(() => {
      const x = embedding(tape, model.embedTokens, this.#sampler.tokens);
      const lanes = this.#gpu.isSoftware ? wholeDepth : sharedDepth;
      const logits = decodeStep(recorder, model, x, { rows, cache: this.#cache, adapters, lanes });
      this.#sampler.record(recorder, logits);
      advanceRows(recorder, rows);
    });
    return Plan.create(this.#gpu, 'decode step', recorder, arena);
  }

  /**
   * Samples. `prompts` may be fewer than the shape has room for; the rest of the rows repeat the last prompt and are
   * thrown away. Returns [prompt][completion]. `media` may be left out when media.rows was filled on the GPU.
   */
  async generate(
    prompts: readonly PromptTokens[],
    settings: SamplingSettings,
    media?: readonly MediaTokens[],
    maxNewTokens = this.shape.maxNewTokens,
  ): Promise<Completion[][]> {
    this.#writeInputs(prompts, media);
    this.#sampler.begin(settings);
    await this.#prefill.run();
    for (let token = 1; token < maxNewTokens; token++) {
      await this.#step.run();
      if (token % STEPS_PER_CHECK === 0 && (await this.#sampler.allEnded())) break;
    }
    return this.#collect(prompts.length, maxNewTokens);
  }

  #writeInputs(prompts: readonly PromptTokens[], media?: readonly MediaTokens[]): void {
    const { prompts: room, groupSize, promptTokens, maxNewTokens } = this.shape;
    const filled = Array.from({ length: room }, (_, i) => prompts[Math.min(i, prompts.length - 1)]!);
    const shapes = (lengths: number[]) =>
      filled.map(({ ids, positions }) => ({
        promptLength: ids.length,
        completionLengths: lengths,
        ...(positions ? { promptPositions: positions } : {}),
      }));
    const packed = layoutGroups(shapes([]));
    const slots = layoutGroups(shapes(Array<number>(groupSize).fill(maxNewTokens)));
    const rows = packRows(packed, promptTokens, this.#axes);
    const ids = new Uint32Array(promptTokens);
    const promptSlots = new Uint32Array(promptTokens).fill(PADDING);
    const lastToken: number[] = [];
    const row = { positions: [] as number[], spans: [] as number[] };
    filled.forEach((prompt, p) => {
      const { promptStart, promptLength } = packed[p]!;
      const slot = slots[p]!;
      ids.set(prompt.ids, promptStart);
      for (let i = 0; i < promptLength; i++) promptSlots[promptStart + i] = slot.promptStart + i;
      for (const start of slot.starts) {
        lastToken.push(promptStart + promptLength - 1);
        row.positions.push(prompt.positions?.next ?? promptLength);
        row.spans.push(slot.promptStart, slot.promptStart + promptLength, start, start + 1);
      }
    });
    const { prefill, promptIds, promptSlots: slotTensor, lastToken: last, rows: decoding } = this.#inputs;
    const write = (tensor: Tensor, data: Uint32Array): void => this.#gpu.write(tensor, data);
    write(prefill.positions, rows.positions);
    write(prefill.spans, rows.spans);
    write(prefill.keySpans, rows.keySpans);
    write(promptIds, ids);
    write(slotTensor, promptSlots);
    write(last, Uint32Array.from(lastToken));
    write(decoding.positions, Uint32Array.from(row.positions));
    write(decoding.spans, Uint32Array.from(row.spans));
    const starts = packed.map(({ promptStart }) => promptStart);
    const places = prompts.length;
    this.media.write(filled.slice(0, places), starts.slice(0, places), media);
  }

  async #collect(prompts: number, maxNewTokens: number): Promise<Completion[][]> {
    const { groupSize } = this.shape;
    const sampled = await this.#sampler.read();
    return Array.from({ length: prompts }, (_, p) =>
      Array.from({ length: groupSize }, (_, g) => {
        const row = sampled[p * groupSize + g]!;
        const length = Math.min(maxNewTokens, row.ids.length);
        return {
          ids: row.ids.slice(0, length),
          logProbs: row.logProbs.slice(0, length),
          ended: row.ended,
        };
      }),
    );
  }

  [Symbol.dispose](): void {
    const { prefill, promptIds, promptSlots, lastToken, rows } = this.#inputs;
    this.#prefill[Symbol.dispose]();
    this.#step[Symbol.dispose]();
    this.media[Symbol.dispose]();
    this.#cache[Symbol.dispose]();
    this.#sampler[Symbol.dispose]();
    const { positions, spans, keySpans } = prefill;
    this.#gpu.free(positions, spans, keySpans, promptIds, promptSlots, lastToken);
    this.#gpu.free(rows.positions, rows.spans);
  }
}
