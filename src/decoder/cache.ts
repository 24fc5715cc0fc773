import type { Gpu, Tape, Tensor } from '../gpu/index.ts';
import { scatterRowsInto } from '../ops/tokens/splice-rows.ts';
import type { KeyValues, Qwen2Config, TakeKeyValues } from './qwen2.ts';

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

  /** Keys and values of one layer, [slots, kvHeads · headDim] each. */
  layer(index: number): KeyValues {
    return { keys: this.#keys[index]!, values: this.#values[index]! };
  }

  /** Writes the keys and values of a pass to `at` (u32, one slot a token); its queries see those of the pass. */
  fill(tape: Tape, at: Tensor): TakeKeyValues {
    return (layer, own) => {
      scatterRowsInto(tape.recorder, own.keys, at, this.#keys[layer]!);
      scatterRowsInto(tape.recorder, own.values, at, this.#values[layer]!);
      return undefined;
    };
  }

  /** The same, but the queries see the KV cache. */
  extend(tape: Tape, at: Tensor): TakeKeyValues {
    const fill = this.fill(tape, at);
    return (layer, own) => fill(layer, own) ?? this.layer(layer);
  }

  [Symbol.dispose](): void {
    this.#gpu.free(...this.#keys, ...this.#values);
  }
}
