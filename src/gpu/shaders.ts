/**
 * The WGSL files of `shaders/`, put together for one pipeline: header (constants and aliases), then the file,
 * then every file of `shaders/lib/` that it names in `//! include NAME` lines, each once; `enable` and `diagnostic` lines go to the top. A line
 * map leads a compiler message back to the file and line it is about.
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

const INCLUDE = /^\/\/! include (\S+)$/gm;

function collectIncludes(name: string, seen: Set<string>, readFile: typeof readSource): string[] {
  const files = [name];
  for (const [, lib] of readFile(name).matchAll(INCLUDE)) {
    const included = `lib/${lib}`;
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

interface Line {
  readonly text: string;
  readonly file: string;
  /** 1-based, in its file. */
  readonly line: number;
}

const linesOf = (file: string, texts: readonly string[]): Line[] =>
  texts.map((text, index) => ({ text, file, line: index + 1 }));

/** WGSL wants directives before everything else. */
const isDirective = ({ text }: Line): boolean => /^(enable|diagnostic)\b.*;$/.test(text);

/** Composes shaders/`name`.wgsl with its includes and `defines`. Throws if a file does not exist. */
export function composeShader(name: string, defines: Defines = {}, readFile = readSource): ComposedShader {
  const header = linesOf(`header of ${name}`, Object.entries(defines).map(headerLine));
  const files = collectIncludes(name, new Set([name]), readFile);
  const body = files.flatMap((file) => linesOf(`shaders/${file}.wgsl`, readFile(file).split('\n')));
  const lines = [...body.filter(isDirective), ...header, ...body.filter((line) => !isDirective(line))];
  return {
    code: lines.map(({ text }) => text).join('\n'),
    origin: (number) => {
      const { file, line } = lines[number - 1] ?? { file: `shaders/${name}.wgsl`, line: number };
      return { file, line };
    },
  };
}

const names = Object.keys(sources).map((path) => path.slice('/shaders/'.length, -'.wgsl'.length));

/** Names of all entry files (without `lib/`), for the test that compiles each. */
export const shaderNames = (): string[] => names.filter((name) => !name.startsWith('lib/'));

/** Names of all files that are included, `lib/` with them. */
export const libraryNames = (): string[] => names.filter((name) => name.startsWith('lib/'));
