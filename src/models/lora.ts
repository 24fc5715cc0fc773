import type { Tensor } from '../gpu/index.ts';
import { kaimingUniform } from '../math/init.ts';

/** The seven linear layers of a decoder layer an adapter can sit on, in module order. */
export const LORA_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

/** y += scale · (x Aᵀ) Bᵀ (Hu et al. 2021, arXiv 2106.09685). a [rank, in], b [out, rank]. */
export interface Adapter {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
}

export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

/** A named f32 array, as a parameter store and files hold it. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const block = (target: LoraTarget): string =>
  target === 'gate_proj' || target === 'up_proj' || target === 'down_proj' ? 'mlp' : 'self_attn';

/** Checkpoint name of the linear layer `target` of decoder layer `layer`, without `.weight`. */
export const linearName = (layer: number, target: LoraTarget): string =>
  `model.layers.${layer}.${block(target)}.${target}`;

/** A starts Kaiming-uniform (a = √5) and B zero, as in PEFT, so that a fresh adapter changes nothing. */
export function freshAdapters(
  config: LoraConfig,
  layers: number,
  shapeOf: (name: string) => readonly number[],
  seed: number,
): NamedArray[] {
  const { rank } = config;
  const arrays: NamedArray[] = [];
  for (let layer = 0; layer < layers; layer++) {
    for (const target of LORA_TARGETS.filter((name) => config.targets.includes(name))) {
      const name = linearName(layer, target);
      const [out, inputs] = shapeOf(`${name}.weight`) as [number, number];
      const a = kaimingUniform(rank, inputs, seed, arrays.length);
      arrays.push({ name: `${name}.lora_A.weight`, shape: [rank, inputs], data: a });
      arrays.push({ name: `${name}.lora_B.weight`, shape: [out, rank], data: new Float32Array(out * rank) });
    }
  }
  return arrays;
}
