import { DecoderCache } from '../../decoder/cache.ts';
import type { Qwen2 } from '../../decoder/qwen2.ts';
import { decodeStep } from '../../decoder/qwen2-decode.ts';
import type { Gpu, Tensor } from '../../gpu/index.ts';
import { decodeVariantOf } from '../../ops/decode/gemv.ts';
import { embedding } from '../../ops/tokens/gather-rows.ts';
import type { Contestant } from '../timing.ts';
import { freeAll, plannedContestant } from './planned.ts';

/** Keys and values of the prompt in every layer, [prompt, kvHeads · headDim] each. */
export interface PromptKeys {
  readonly keys: Float32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

export interface DecodeRowsOptions {
  readonly rows: number;
  readonly promptLength: number;
  /** Zeros unless given: a kernel's time does not depend on them. */
  readonly prompt?: PromptKeys;
}

/** A decode step of some slots that share one prompt, as in a rollout; each decodes token 1. `result` is the logits of all slots. */
export async function decodeRows(gpu: Gpu, decoder: Qwen2, options: DecodeRowsOptions): Promise<Contestant> {
  const { rows, promptLength, prompt } = options;
  const { config, embedTokens } = decoder;
  const spans = Array.from({ length: rows }, (_, row) => {
    const slot = promptLength + row;
    return [0, promptLength, slot, slot + 1];
  });
  const u32 = (label: string, shape: readonly number[], data: Uint32Array): Tensor =>
    gpu.upload('inputs', label, shape, data, 'u32');
  const ids = u32('ids', [rows], new Uint32Array(rows).fill(1));
  const at = {
    positions: u32('positions', [rows], new Uint32Array(rows).fill(promptLength)),
    spans: u32('spans', [rows, 4], Uint32Array.from(spans.flat())),
  };
  const cache = new DecoderCache(gpu, config, promptLength + rows);
  for (let layer = 0; prompt && layer < config.layers; layer++) {
    gpu.write(cache.layer(layer).keys, prompt.keys);
    gpu.write(cache.layer(layer).values, prompt.values);
  }
  const variant = decodeVariantOf(gpu.traits);
  const contestant = await plannedContestant(gpu, 'decode', (tape) =>
    tape.constant(() => {
      const x = embedding(tape, embedTokens, ids);
      return decodeStep(tape.recorder, decoder, x, { rows: at, cache, adapters: false, variant });
    }),
  );
  const dispose = (): void => {
    contestant.dispose();
    cache[Symbol.dispose]();
    freeAll(gpu, [ids, ...Object.values(at)]);
  };
  return { ...contestant, dispose };
}
