import { f32ToBytes } from './dtype.ts';
import type { TensorSource } from './safetensors.ts';
import { byteLength } from './safetensors-write.ts';

/** `base` with the tensors that `top` has, too, read from there. What only `top` has stays out. */
export function overlay(base: TensorSource, top: TensorSource): TensorSource {
  const of = (name: string): TensorSource => (base.has(name) && top.has(name) ? top : base);
  return {
    label: base.label,
    names: () => base.names(),
    has: (name) => base.has(name),
    info: (name) => of(name).info(name),
    bytes: (name) => of(name).bytes(name),
    pieces: (name, pieceBytes, range) => of(name).pieces(name, pieceBytes, range),
    float32: (name) => of(name).float32(name),
    integers: (name) => of(name).integers(name),
  };
}

/** An f32 tensor whose values are made when they are read. */
export interface ComputedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  values(): Promise<Float32Array<ArrayBuffer>>;
}

/** Tensors that are computed, as if they lay in a file. A range of one computes the whole of it. */
export function computedSource(tensors: readonly ComputedTensor[], label: string): TensorSource {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const find = (name: string): ComputedTensor => {
    const found = byName.get(name);
    if (found) return found;
    throw new Error(`${label}: tensor "${name}" is missing.`);
  };
  const bytes = async (name: string) => f32ToBytes('F32', await find(name).values());
  return {
    label,
    names: () => [...byName.keys()],
    has: (name) => byName.has(name),
    info(name) {
      const { shape } = find(name);
      return { name, dtype: 'F32', shape, start: 0, end: byteLength({ dtype: 'F32', shape }) };
    },
    bytes,
    async *pieces(name, pieceBytes, range) {
      const all = await bytes(name);
      const last = Math.min(all.length, range?.end ?? all.length);
      for (let at = range?.start ?? 0; at < last; at += pieceBytes) {
        yield { offset: at, bytes: all.slice(at, Math.min(last, at + pieceBytes)) };
      }
    },
    float32: (name) => find(name).values(),
    async integers(name) {
      throw new Error(`${label}: tensor "${name}" holds no integers.`);
    },
  };
}
