import type { Tensor } from '../gpu/index.ts';
import { LORA_LINEARS, type LoraLinear, linearPath } from '../io/formats/peft.ts';
import { kaimingUniform } from '../math/init.ts';

/** y += scale · (x Aᵀ) Bᵀ (Hu et al. 2021, arXiv 2106.09685). a [rank, in], b [out, rank]. */
export interface Adapter {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
}

export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly LoraLinear[];
  /** Whether all linear layers of a vision tower have one, too. */
  readonly vision?: boolean;
}

/** A named f32 array, as a parameter store and files hold it. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Names of an adapter's two matrices, given the linear layer's checkpoint path. */
export const adapterNames = (path: string): { a: string; b: string } => ({
  a: `${path}.lora_A.weight`,
  b: `${path}.lora_B.weight`,
});

/** Whether a name is that of one of an adapter's matrices. */
export const isAdapterName = (name: string): boolean => name.includes('.lora_');

/** A linear layer by its checkpoint path, and its extents. */
export interface AdaptedLinear {
  readonly path: string;
  readonly extents: readonly [out: number, inputs: number];
}

/** The linear layers of a decoder that an adapter sits on, in order. */
export function adaptedLinears(
  { targets }: Pick<LoraConfig, 'targets'>,
  layers: number,
  extentsOf: (linear: LoraLinear) => readonly [number, number],
): AdaptedLinear[] {
  const linears = LORA_LINEARS.filter((name) => targets.includes(name));
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    linears.map((linear) => ({ path: linearPath(layer, linear), extents: extentsOf(linear) })),
  );
}

/** A starts Kaiming-uniform (a = √5) and B zero, as in PEFT, so that a fresh adapter changes nothing. */
export function freshAdapters(
  { rank }: Pick<LoraConfig, 'rank'>,
  linears: readonly AdaptedLinear[],
  seed: number,
): NamedArray[] {
  const arrays: NamedArray[] = [];
  for (const { path, extents } of linears) {
    const { a, b } = adapterNames(path);
    const [out, inputs] = extents;
    arrays.push({ name: a, shape: [rank, inputs], data: kaimingUniform(rank, inputs, seed, arrays.length) });
    arrays.push({ name: b, shape: [out, rank], data: new Float32Array(out * rank) });
  }
  return arrays;
}

/** target [out, in] += scale · B [out, rank] · A [rank, in], summed in float64 per element's terms of one rank at a time. */
export function addProduct(
  target: Float32Array,
  b: Float32Array,
  a: Float32Array,
  rank: number,
  scale: number,
): void {
  const inputs = a.length / rank;
  const row = new Float64Array(inputs);
  for (let out = 0; out < b.length / rank; out++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[out * rank + k]!;
      if (factor !== 0) for (let i = 0; i < inputs; i++) row[i]! += factor * a[k * inputs + i]!;
    }
    for (let i = 0; i < inputs; i++) target[out * inputs + i]! += row[i]!;
  }
}
