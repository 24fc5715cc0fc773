import type { Defines } from './shaders.ts';

/** `read`: only read. `write`: wholly overwritten. `update`: read and written (accumulated, or changed in place). */
export type Access = 'read' | 'write' | 'update';

/**
 * One entry point of one shader file, with what it is given, by the names that the shader has for it: the fields of its uniform struct,
 * and the buffers that it uses. Types, order and numbers are the shader's (src/gpu/bound.ts), which is compared with this list.
 */
export interface Kernel<U extends string = string, B extends string = string> {
  readonly shader: string;
  readonly entry: string;
  readonly uniforms: readonly U[];
  readonly bindings: Readonly<Record<B, Access>>;
}

/** Names of the buffers that a kernel reads, overwrites, and changes in place. */
interface Buffers<R extends string, W extends string, M extends string> {
  readonly reads?: readonly R[];
  readonly writes?: readonly W[];
  readonly updates?: readonly M[];
}

/** Kernels of one shader, whose uniform struct has those fields: an entry point and its buffers each. */
export function kernelsOf<const U extends string>(shader: string, uniforms: readonly U[]) {
  return <const R extends string = never, const W extends string = never, const M extends string = never>(
    entry: string,
    { reads = [], writes = [], updates = [] }: Buffers<R, W, M>,
  ): Kernel<U, R | W | M> => {
    const named = (names: readonly string[], access: Access) => names.map((name) => [name, access]);
    const bindings = [...named(reads, 'read'), ...named(writes, 'write'), ...named(updates, 'update')];
    return { shader, entry, uniforms, bindings: Object.fromEntries(bindings) };
  };
}

/** The same kernel where what it writes to `name` goes to a part of it or is added to what is there. */
export function updating<U extends string, B extends string>(
  kernel: Kernel<U, B>,
  name: NoInfer<B>,
): Kernel<U, B> {
  return { ...kernel, bindings: { ...kernel.bindings, [name]: 'update' } };
}

/** Definitions that one pipeline of a kernel is compiled with. */
export interface Specialisation {
  readonly defines?: Defines;
}

export function kernelLabel(kernel: Kernel, special: Specialisation = {}): string {
  const extras = Object.entries(special.defines ?? {}).map(([k, v]) => `${k}=${v}`);
  return [`${kernel.shader}.${kernel.entry}`, ...extras].join(' ');
}
