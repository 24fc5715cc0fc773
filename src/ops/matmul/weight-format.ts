import type { DType } from '../../gpu/index.ts';

const FORMATS: Partial<Record<DType, number>> = { f32: 0, bf16: 1, f16: 2, q8: 3, q4: 4 };

/** The `WEIGHT_FORMAT` that lib/weight.wgsl reads this dtype with. Throws for types that hold no weights. */
export function weightFormat(dtype: DType): number {
  const format = FORMATS[dtype];
  if (format === undefined) {
    throw new Error(
      `Weights of type ${dtype} are not supported; use one of ${Object.keys(FORMATS).join(', ')}.`,
    );
  }
  return format;
}

/** What shaders that read f32 weights by four values and others by two words are specialised by. */
export const weightLoads = (dtype: DType): { WEIGHT_FORMAT: number; B_LOAD: string } => {
  const format = weightFormat(dtype);
  return { WEIGHT_FORMAT: format, B_LOAD: format === 0 ? 'vec4<u32>' : 'vec2<u32>' };
};
