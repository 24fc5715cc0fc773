import { defineKernel, type Gpu, read, type Tape, type Tensor, update } from '../gpu/index.ts';
import { scatterRowsInto } from '../ops/splice-rows.ts';
import type { KeyValueCache, Qwen2Config } from './qwen2.ts';

const advanceKernel = defineKernel({
  shader: 'decode_rows',
  entry: 'advance',
  uniforms: { rows: 'u32' },
  bindings: { positions: update(1), slots: update(2), spans: update(3), ended: read(4) },
});

/** Keys and values of every layer, one slot a token, written in place and never moved. */
export class DecoderCache {
  readonly slots: number;
  readonly #gpu: Gpu;
  readonly #keys: readonly Tensor[];
  readonly #values: readonly Tensor[];

  /** Allocates `slots` tokens for all layers: 2 · layers · slots · kvHeads · headDim f32. */
  constructor(gpu: Gpu, config: Qwen2Config, slots: number) {
    this.slots = slots;
    this.#gpu = gpu;
    const shape = [slots, config.kvHeads * config.headDim];
    const layers = Array.from({ length: config.layers }, (_, layer) => layer);
    this.#keys = layers.map((layer) => gpu.tensor('cache', `keys ${layer}`, shape));
    this.#values = layers.map((layer) => gpu.tensor('cache', `values ${layer}`, shape));
  }

  /** Writes new keys and values to `at` (u32, one slot a token); attention reads the new ones only (prefill). */
  fill(tape: Tape, at: Tensor): KeyValueCache {
    return (layer, k, v) => {
      this.#write(tape, layer, k, v, at);
      return { k, v };
    };
  }

  /** Writes new keys and values to `at`; attention reads the whole cache (decode). */
  extend(tape: Tape, at: Tensor): KeyValueCache {
    return (layer, k, v) => {
      this.#write(tape, layer, k, v, at);
      return { k: this.#keys[layer]!, v: this.#values[layer]! };
    };
  }

  #write(tape: Tape, layer: number, k: Tensor, v: Tensor, at: Tensor): void {
    scatterRowsInto(tape.recorder, k, at, this.#keys[layer]!);
    scatterRowsInto(tape.recorder, v, at, this.#values[layer]!);
  }

  [Symbol.dispose](): void {
    this.#gpu.free(...this.#keys, ...this.#values);
  }
}

/**
 * Records that every decoding row moves one token on: its position, its cache slot, and the end of what it sees. Rows whose
 * `ended` (u32 [rows]) is not 0 stay where they are.
 */
export function advanceRows(
  tape: Tape,
  { positions, slots, spans, ended }: Record<'positions' | 'slots' | 'spans' | 'ended', Tensor>,
): void {
  const rows = positions.shape[0]!;
  tape.recorder.dispatch(advanceKernel, {
    uniforms: { rows },
    tensors: { positions, slots, spans, ended },
    workgroups: Math.ceil(rows / 64),
  });
}
