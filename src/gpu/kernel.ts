import type { Defines } from './shaders.ts';

export type ScalarType = 'u32' | 'i32' | 'f32';
/**
 * `read`: only read. `uniform`: only read, and bound as uniforms are. `write`: wholly overwritten. `update`: read and written
 * (accumulated, or changed in place).
 */
export type Access = 'read' | 'uniform' | 'write' | 'update';

export interface Binding {
  readonly index: number;
  readonly access: Access;
}

/** Binding number and access of a tensor the shader reads. */
export const read = (index: number): Binding => ({ index, access: 'read' });
/**
 * The same of a short vector, which takes none of the eight storage bindings: at most 64 KiB and whole vec4s, of a size that the
 * shader is compiled for.
 */
export const uniform = (index: number): Binding => ({ index, access: 'uniform' });
/** Binding number and access of a tensor the shader overwrites. */
export const write = (index: number): Binding => ({ index, access: 'write' });
/** Binding number and access of a tensor the shader changes in place. */
export const update = (index: number): Binding => ({ index, access: 'update' });

/**
 * One entry point of one shader file, with what it is given: the fields of its uniform struct at binding 0 (in
 * order, four bytes each) and its storage bindings. The pipeline's layout is built from this list, so a
 * disagreement with the shader fails when the pipeline is made.
 */
export interface Kernel<U extends string = string, B extends string = string> {
  readonly shader: string;
  readonly entry: string;
  readonly uniforms: Readonly<Record<U, ScalarType>>;
  readonly bindings: Readonly<Record<B, Binding>>;
}

export function defineKernel<U extends string, B extends string>(kernel: Kernel<U, B>): Kernel<U, B> {
  return kernel;
}

/** What one pipeline is specialised by, beside the kernel. */
export interface Specialisation {
  readonly defines?: Defines;
  /** Values for the shader's `override` declarations. */
  readonly constants?: Readonly<Record<string, number>>;
}

export function kernelLabel(kernel: Kernel, special: Specialisation = {}): string {
  const extras = Object.entries({ ...special.defines, ...special.constants }).map(([k, v]) => `${k}=${v}`);
  return [`${kernel.shader}.${kernel.entry}`, ...extras].join(' ');
}

/** The uniform struct's bytes, in declared order. A missing value is an error of the caller's types. */
export function encodeUniforms<U extends string>(
  kernel: Kernel<U>,
  values: Readonly<Record<U, number>>,
): Uint32Array {
  const names = Object.keys(kernel.uniforms) as U[];
  const words = new Uint32Array(Math.max(4, Math.ceil(names.length / 4) * 4));
  const floats = new Float32Array(words.buffer);
  names.forEach((name, index) => {
    if (kernel.uniforms[name] === 'f32') floats[index] = values[name];
    else words[index] = values[name];
  });
  return words;
}
