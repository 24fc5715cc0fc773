/**
 * What a shader's text says that the host must know: how its structs lie in memory, which buffers it binds, and which of them an
 * entry point uses. Reads the few forms that shaders/ has, not all of WGSL; what else a shader says is for its compiler.
 */

type Scalar = 'u32' | 'i32' | 'f32';

/** How a type lies in memory, in words of four bytes. */
export type Layout =
  | { readonly kind: 'scalar'; readonly scalar: Scalar; readonly align: number; readonly words: number }
  | ListLayout
  | StructLayout;

/** A vector or an array; one whose extent is known at run time only counts no words. */
interface ListLayout {
  readonly kind: 'list';
  readonly element: Layout;
  readonly count: number | undefined;
  readonly stride: number;
  readonly align: number;
  readonly words: number;
}

export interface StructLayout {
  readonly kind: 'struct';
  readonly name: string;
  /** In the struct's order. */
  readonly fields: ReadonlyMap<string, { readonly offset: number; readonly layout: Layout }>;
  readonly align: number;
  readonly words: number;
}

export interface DeclaredBinding {
  readonly name: string;
  readonly index: number;
  readonly type: GPUBufferBindingType;
  /** As WGSL writes the type. */
  readonly of: string;
}

export interface ShaderInterface {
  readonly bindings: ReadonlyMap<string, DeclaredBinding>;
  /** @throws where there is no such struct, or a field whose place cannot be told */
  readonly struct: (name: string) => StructLayout;
  /** Numbers of the bindings that an entry point uses, by itself or in what it calls; nothing where there is no such function. */
  readonly usedBy: (entry: string) => ReadonlySet<number> | undefined;
}

const STRUCT = /\bstruct\s+(\w+)\s*\{([^}]*)\}/g;
const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var<([^>]*)>\s*(\w+)\s*:\s*([^;]+);/g;
const LIST = /^(?:vec([234])|array)<(.*?)(?:,\s*(\d+)u?)?>$/;
const BUFFER_TYPES: Readonly<Record<string, GPUBufferBindingType>> = {
  uniform: 'uniform',
  'storage, read': 'read-only-storage',
  'storage, read_write': 'storage',
};

const roundUp = (value: number, step: number): number => step * Math.ceil(value / step);

/** Reads a shader put together with all that it includes. */
export function readInterface(shader: string, code: string): ShaderInterface {
  const text = code.replace(/\/\/[^\n]*/g, '');
  const structs = new Map(Array.from(text.matchAll(STRUCT), ([, name, body]) => [name!, body!]));
  const bindings = new Map(
    Array.from(text.matchAll(BINDING), ([, index, space, name, of]) => {
      const type = BUFFER_TYPES[space!];
      if (!type) throw new Error(`shaders/${shader}.wgsl: var<${space}> ${name} is bound in no known way.`);
      return [name!, { name: name!, index: Number(index), type, of: of!.trim() }];
    }),
  );
  const layouts = new Map<string, StructLayout>();
  const layoutOf = (type: string): Layout => {
    if (type === 'u32' || type === 'i32' || type === 'f32') {
      return { kind: 'scalar', scalar: type, align: 1, words: 1 };
    }
    const [, width, element, count] = LIST.exec(type) ?? [];
    if (element !== undefined) return listOf(layoutOf(element), width, count);
    return structOf(type);
  };
  const structOf = (name: string): StructLayout => {
    const body = structs.get(name);
    if (body === undefined) throw new Error(`shaders/${shader}.wgsl: ${name} is no struct or known type.`);
    const layout = layouts.get(name) ?? layStruct(name, body, layoutOf);
    layouts.set(name, layout);
    return layout;
  };
  const functions = functionsOf(text.replace(STRUCT, '').replace(BINDING, ''));
  const usedBy = (entry: string): ReadonlySet<number> | undefined => {
    if (!functions.has(entry)) return undefined;
    // Functions that are found are appended while they are walked over.
    const reached = new Set([entry]);
    for (const name of reached) {
      for (const other of functions.get(name)!) if (functions.has(other)) reached.add(other);
    }
    const names = [...reached].flatMap((name) => functions.get(name)!);
    return new Set(names.flatMap((name) => bindings.get(name)?.index ?? []));
  };
  return { bindings, struct: structOf, usedBy };
}

function listOf(element: Layout, width: string | undefined, count: string | undefined): ListLayout {
  if (width !== undefined) {
    const align = width === '2' ? 2 : 4;
    return { kind: 'list', element, count: Number(width), stride: 1, align, words: Number(width) };
  }
  const stride = roundUp(element.words, element.align);
  const extent = count === undefined ? undefined : Number(count);
  return {
    kind: 'list',
    element,
    count: extent,
    stride,
    align: element.align,
    words: stride * (extent ?? 0),
  };
}

/** WGSL's rules: a field begins at a multiple of its alignment, a struct ends at a multiple of the largest. */
function layStruct(name: string, body: string, layoutOf: (type: string) => Layout): StructLayout {
  const fields = new Map<string, { offset: number; layout: Layout }>();
  let [end, align] = [0, 1];
  // A comma between angle brackets belongs to a type.
  for (const member of body.split(/,(?![^<]*>)/)) {
    const [field, type] = member.split(':').map((part) => part.trim());
    if (!field || type === undefined) continue;
    const layout = layoutOf(type);
    const offset = roundUp(end, layout.align);
    fields.set(field, { offset, layout });
    end = offset + layout.words;
    align = Math.max(align, layout.align);
  }
  return { kind: 'struct', name, fields, align, words: roundUp(end, align) };
}

/** Of each function, what its text names and does not declare itself. */
function functionsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const functions = new Map<string, readonly string[]>();
  for (const piece of text.split(/\bfn\s+/).slice(1)) {
    const own = new Set(
      Array.from(piece.matchAll(/\b(\w+)\s*:|\b(?:let|var|const)\s+(\w+)/g), ([, a, b]) => a ?? b),
    );
    const names = new Set(piece.match(/(?<![.\w])[A-Za-z_]\w*/g));
    const [name] = names;
    functions.set(
      name!,
      [...names].filter((each) => !own.has(each)),
    );
  }
  return functions;
}
