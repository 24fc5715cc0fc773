/**
 * The WGSL files of `shaders/`, put together for one pipeline: header (constants and aliases), then the file,
 * then every file it names in `//! include NAME` lines, each once; `enable` lines go to the top. A line map leads a compiler message back to
 * the file and line it is about.
 */
const sources = import.meta.glob<string>('/shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Values put in front of a shader: numbers become `u32` constants, booleans `bool`, strings type aliases. */
export type Defines = Readonly<Record<string, number | boolean | string>>;

export interface ComposedShader {
  readonly code: string;
  /** For line n (1-based) of `code`: file name and line in it. */
  readonly origin: (line: number) => { file: string; line: number };
}

/** Text of shaders/`name`.wgsl. @throws when there is no such file. */
export function readSource(name: string): string {
  const source = sources[`/shaders/${name}.wgsl`];
  if (source === undefined) throw new Error(`shaders/${name}.wgsl does not exist.`);
  return source;
}

function collectIncludes(name: string, seen: Set<string>, readFile: typeof readSource): string[] {
  const files = [name];
  for (const match of readFile(name).matchAll(/^\/\/! include (\S+)$/gm)) {
    const included = `lib/${match[1]}`;
    if (seen.has(included)) continue;
    seen.add(included);
    files.push(...collectIncludes(included, seen, readFile));
  }
  return files;
}

function headerLine([name, value]: [string, number | boolean | string]): string {
  if (typeof value === 'number') return `const ${name}: u32 = ${value}u;`;
  if (typeof value === 'boolean') return `const ${name}: bool = ${value};`;
  return `alias ${name} = ${value};`;
}

/** Composes shaders/`name`.wgsl with its includes and `defines`. Throws if a file does not exist. */
export function composeShader(name: string, defines: Defines = {}, readFile = readSource): ComposedShader {
  const header = Object.entries(defines).map(headerLine);
  const lines = header.slice();
  const map = header.map((_, index) => ({ file: `header of ${name}`, line: index + 1 }));
  const enabled: string[] = [];
  for (const file of collectIncludes(name, new Set([name]), readFile)) {
    readFile(file)
      .split('\n')
      .forEach((text, index) => {
        const enables = /^enable .*;$/.test(text);
        if (enables) enabled.push(text);
        lines.push(enables ? '' : text);
        map.push({ file: `shaders/${file}.wgsl`, line: index + 1 });
      });
  }
  return {
    code: [...enabled, ...lines].join('\n'),
    origin: (line) => map[line - enabled.length - 1] ?? { file: `shaders/${name}.wgsl`, line },
  };
}

/** Names of all entry files (without `lib/`), for the test that compiles each. */
export function shaderNames(): string[] {
  return Object.keys(sources)
    .map((path) => path.slice('/shaders/'.length, -'.wgsl'.length))
    .filter((name) => !name.startsWith('lib/'));
}
