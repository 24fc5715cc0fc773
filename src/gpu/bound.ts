/** Kernels and structs of the host, led back to what their shaders say of them (src/gpu/wgsl.ts). */
import type { Kernel } from './kernel.ts';
import { composeShader } from './shaders.ts';
import {
  type DeclaredBinding,
  type Layout,
  readInterface,
  type ShaderInterface,
  type StructLayout,
} from './wgsl.ts';

/** Read once each, whoever asks: by what puts shaders together, and by name. */
const interfaces = new WeakMap<typeof composeShader, Map<string, ShaderInterface>>();

function interfaceOf(shader: string, compose: typeof composeShader): ShaderInterface {
  const known = interfaces.get(compose) ?? new Map<string, ShaderInterface>();
  interfaces.set(compose, known);
  const found = known.get(shader) ?? readInterface(shader, compose(shader).code);
  known.set(shader, found);
  return found;
}

/** Where each uniform lies. */
interface Uniforms {
  readonly words: number;
  readonly fields: readonly { readonly name: string; readonly at: number; readonly isFloat: boolean }[];
}

/** What a kernel's shader says of its uniforms and buffers. */
export interface BoundKernel {
  readonly uniforms: Uniforms;
  /** Those that the kernel names. */
  readonly bindings: readonly DeclaredBinding[];
}

/** The number of the uniform struct's binding. */
const UNIFORMS = 0;

/** @throws where kernel and shader disagree on a name, on an access, or on what the entry point uses */
export function bindKernel(kernel: Kernel, compose = composeShader): BoundKernel {
  const shader = interfaceOf(kernel.shader, compose);
  const struct = [...shader.bindings.values()].find(({ index }) => index === UNIFORMS);
  if (struct?.type !== 'uniform') fail(kernel, `the shader has no var<uniform> at binding ${UNIFORMS}.`);
  const layout = shader.struct(struct.of);
  compareFields(kernel, layout);
  const bindings = Object.entries(kernel.bindings).map(([name, access]) => {
    const binding = shader.bindings.get(name);
    if (!binding) {
      fail(
        kernel,
        `the shader has no "${name}", which the kernel names. It has ${list(shader.bindings.keys())}.`,
      );
    }
    if ((binding.type === 'storage') !== (access !== 'read')) {
      fail(kernel, `the kernel has "${name}" to ${access}, but the shader as ${binding.type}.`);
    }
    return binding;
  });
  compareUse(kernel, shader, bindings);
  return { uniforms: placeUniforms(kernel, layout), bindings };
}

function compareFields(kernel: Kernel, { name, fields }: StructLayout): void {
  const unknown = kernel.uniforms.filter((field) => !fields.has(field));
  const missing = [...fields.keys()].filter((field) => !kernel.uniforms.includes(field));
  if (unknown.length + missing.length === 0) return;
  const problems = [
    ...(unknown.length > 0 ? [`it has no ${list(unknown)}, which the kernel names`] : []),
    ...(missing.length > 0 ? [`the kernel does not name its ${list(missing)}`] : []),
  ];
  fail(kernel, `of struct ${name}, ${problems.join('; ')}.`);
}

/** Uniforms are bound as whole vec4s. */
const UNIFORM_STEP = 4;

function placeUniforms(kernel: Kernel, { words, fields }: StructLayout): Uniforms {
  return {
    words: UNIFORM_STEP * Math.max(1, Math.ceil(words / UNIFORM_STEP)),
    fields: Array.from(fields, ([name, { offset, layout }]) => {
      if (layout.kind !== 'scalar') fail(kernel, `uniform "${name}" is no single number.`);
      return { name, at: offset, isFloat: layout.scalar === 'f32' };
    }),
  };
}

/** A number has several names where entry points see one buffer as different types: numbers are compared. */
function compareUse(kernel: Kernel, shader: ShaderInterface, bindings: readonly DeclaredBinding[]): void {
  const used = shader.usedBy(kernel.entry);
  if (!used) fail(kernel, `the shader has no function ${kernel.entry}.`);
  const named = new Set([UNIFORMS, ...bindings.map(({ index }) => index)]);
  const forgotten = [...shader.bindings.values()].filter(({ index }) => used.has(index) && !named.has(index));
  if (forgotten.length > 0) {
    fail(
      kernel,
      `the shader uses ${list(forgotten.map(({ name }) => name))}, which the kernel does not name.`,
    );
  }
  const idle = bindings.filter(({ index }) => !used.has(index));
  if (idle.length > 0) {
    fail(
      kernel,
      `the kernel names ${list(idle.map(({ name }) => name))}, which ${kernel.entry} does not use.`,
    );
  }
}

const list = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ');

function fail({ shader, entry }: Kernel, problem: string): never {
  throw new Error(`${shader}.${entry} and shaders/${shader}.wgsl disagree: ${problem}`);
}

/** A number; a list for a vector or an array; an object by its fields' names for a struct. */
type Value = number | ArrayLike<number> | readonly Fields[] | Fields;
type Fields = Readonly<{ [field: string]: Value }>;

interface Writer {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly floats: Float32Array<ArrayBuffer>;
}

function writerOf(count: number): Writer {
  const words = new Uint32Array(count);
  return { words, floats: new Float32Array(words.buffer) };
}

function put(writer: Writer, at: number, layout: Layout, value: Value | undefined, name: string): void {
  if (layout.kind === 'scalar') {
    if (typeof value !== 'number') throw new Error(`${name} is ${value}; expected a number.`);
    (layout.scalar === 'f32' ? writer.floats : writer.words)[at] = value;
  } else if (layout.kind === 'list') {
    const { element, count, stride } = layout;
    const values = value as ArrayLike<Value>;
    if (count !== undefined && values.length !== count) {
      throw new Error(`${name} has ${values.length} values; expected ${count}.`);
    }
    for (let i = 0; i < values.length; i++) put(writer, at + i * stride, element, values[i], name);
  } else putStruct(writer, at, layout, value as Fields);
}

function putStruct(writer: Writer, at: number, { name, fields }: StructLayout, values: Fields): void {
  const unknown = Object.keys(values).filter((field) => !fields.has(field));
  if (unknown.length > 0)
    throw new Error(`struct ${name} has no field ${list(unknown)}. It has ${list(fields.keys())}.`);
  for (const [field, { offset, layout }] of fields) {
    put(writer, at + offset, layout, values[field], `${name}.${field}`);
  }
}

/** The bytes of a uniform struct. A missing value is an error of the caller's types. */
export function encodeUniforms(
  { words: count, fields }: Uniforms,
  values: Readonly<Record<string, number>>,
): Uint32Array {
  const { words, floats } = writerOf(count);
  for (const { name, at, isFloat } of fields) (isFloat ? floats : words)[at] = values[name]!;
  return words;
}

/** A struct of a shader that lies in a buffer, by its fields' names. Read from the shader when it is first asked. */
export class ShaderStruct {
  readonly #shader: string;
  readonly #name: string;

  constructor(shader: string, name: string) {
    this.#shader = shader;
    this.#name = name;
  }

  get #layout(): StructLayout {
    return interfaceOf(this.#shader, composeShader).struct(this.#name);
  }

  /** Words of four bytes, without the values of a last field that is an array of any extent: {@link strideOf} each. */
  get words(): number {
    return this.#layout.words;
  }

  /** In which word a field begins. */
  offsetOf(field: string): number {
    return this.#field(field).offset;
  }

  /** Words from value to value of an array. */
  strideOf(field: string): number {
    const { layout } = this.#field(field);
    return layout.kind === 'list' ? layout.stride : layout.words;
  }

  /** @throws where a field of the shader's has no value, or a value no field */
  encode(values: Fields): Uint32Array<ArrayBuffer> {
    const layout = this.#layout;
    const more = [...layout.fields].reduce((sum, [field, { layout: of }]) => {
      const isOpen = of.kind === 'list' && of.count === undefined;
      return isOpen ? sum + of.stride * (values[field] as ArrayLike<Value>).length : sum;
    }, 0);
    const writer = writerOf(layout.words + more);
    putStruct(writer, 0, layout, values);
    return writer.words;
  }

  #field(name: string) {
    const field = this.#layout.fields.get(name);
    if (!field) throw new Error(`shaders/${this.#shader}.wgsl: struct ${this.#name} has no field "${name}".`);
    return field;
  }
}
