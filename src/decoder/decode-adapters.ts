import { type Gpu, placed, sizeOf, type Tensor } from '../gpu/index.ts';
import type { AttentionAdapters } from '../ops/decode/decode-adapted.ts';
import { loraWindow } from '../ops/matmul/lora-window.ts';
import type { Qwen2 } from './qwen2.ts';

/**
 * What a decode step needs to apply the adapters around attention without dispatches of their own. Frozen biases of queries and keys
 * are copied side by side as they are now.
 */
export class DecodeAdapters {
  readonly #gpu: Gpu;
  readonly #layers: readonly (AttentionAdapters | undefined)[];

  constructor(gpu: Gpu, model: Qwen2) {
    this.#gpu = gpu;
    this.#layers = model.layers.map((layer, index) => attentionAdapters(gpu, layer, index));
  }

  /**
   * Of a layer; none where it has no adapters there, where they lie apart, where the biases train or there are none, or where queries
   * and keys are normed, which needs the adapters applied: it takes more dispatches then.
   */
  layer(index: number): AttentionAdapters | undefined {
    return this.#layers[index];
  }

  [Symbol.dispose](): void {
    this.#gpu.free(...this.#layers.flatMap((layer) => (layer ? [layer.biases] : [])));
  }
}

function attentionAdapters(
  gpu: Gpu,
  { linears, headNorms }: Qwen2['layers'][number],
  index: number,
): AttentionAdapters | undefined {
  const projected = [linears.q_proj, linears.k_proj, linears.v_proj] as const;
  const [q, k, v] = projected.map(({ adapter }) => adapter);
  const o = linears.o_proj.adapter;
  const window = loraWindow([q, k, v, o].flatMap((adapter) => (adapter ? [adapter] : [])));
  const biases = [linears.q_proj.bias, linears.k_proj.bias].filter((bias) => bias !== undefined);
  const oneFormat = new Set(projected.map(({ weight }) => weight.dtype)).size === 1;
  const areFrozen = biases.length === 2 && !biases.some(({ grad }) => grad);
  if (!window || !oneFormat || !areFrozen || headNorms) return undefined;
  return { window, biases: sideBySide(gpu, `layer ${index} biases`, biases), q, k, v, o };
}

/** A copy of vectors in f32, one behind the other. */
function sideBySide(gpu: Gpu, label: string, vectors: readonly Tensor[]): Tensor {
  const counts = vectors.map(({ shape }) => sizeOf(shape));
  const joined = gpu.tensor('weights', label, [counts.reduce((sum, count) => sum + count, 0)]);
  const encoder = gpu.device.createCommandEncoder({ label });
  let at = 0;
  for (const [i, vector] of vectors.entries()) {
    const { buffer, offset } = placed(vector);
    encoder.copyBufferToBuffer(buffer, offset, placed(joined).buffer, 4 * at, 4 * counts[i]!);
    at += counts[i]!;
  }
  gpu.device.queue.submit([encoder.finish()]);
  return joined;
}
