/**
 * The checker behind test/layers.test.ts: reads the import specifiers of source files and finds arrows that the table of
 * layers does not allow, cycles between files, and shaders or Node modules imported where they do not belong.
 *
 * It reads text, not syntax trees: comments are blanked and the forms of import that the project uses are matched.
 */
import { posix } from 'node:path';

/** Path from the project's root (`src/gpu/tape.ts`) to the file's text. */
export type Sources = ReadonlyMap<string, string>;

/** One mention of another module; `url` when it is only an address (`new URL('…', import.meta.url)`). */
export interface Reference {
  specifier: string;
  kind: 'import' | 'url' | 'glob';
}

/** Which folders of src a folder may import, itself apart. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  math: [],
  rewards: ['math'],
  protocol: ['math', 'rewards'],
  sandbox: ['math', 'rewards'],
  io: ['math'],
  text: ['math', 'io', 'rewards'],
  media: ['math', 'io'],
  data: ['math', 'rewards', 'io', 'media', 'text', 'protocol'],
  gpu: ['math'],
  ops: ['gpu', 'math'],
  decoder: ['ops', 'gpu', 'io', 'math'],
  families: ['decoder', 'ops', 'gpu', 'io', 'text', 'media', 'protocol', 'math'],
  classifiers: ['families', 'decoder', 'ops', 'gpu', 'io', 'text', 'math'],
  optim: ['ops', 'gpu', 'math'],
  rl: ['families', 'decoder', 'optim', 'ops', 'gpu', 'text', 'data', 'io', 'math', 'rewards', 'protocol'],
  bench: ['rl', 'families', 'decoder', 'optim', 'ops', 'gpu', 'media', 'protocol', 'math'],
  worker: [
    ...[
      'math',
      'rewards',
      'protocol',
      'io',
      'text',
      'media',
      'data',
      'gpu',
      'ops',
      'decoder',
      'families',
      'classifiers',
      'optim',
    ],
    ...['rl', 'bench', 'sandbox'],
  ],
  store: ['sandbox', 'protocol', 'math'],
  offline: [],
  ui: ['store', 'sandbox', 'protocol', 'rewards', 'math', 'offline'],
  cli: ['protocol', 'math', 'offline'],
};

/** Commands that run the engine in Node; the others reach it only through the page. */
const ENGINE_COMMANDS =
  /^src\/cli\/(parity|bench|make-demo|demo|make-checkpoint|real-size|tiny-qwen|node)(\/|[.-])/;

/** Commands that run the worker's session in Node, on adapters that no browser offers. */
const SESSION_COMMANDS = /^src\/cli\/node\//;

/** The one file that loads shaders. */
const SHADER_DOOR = 'src/gpu/shaders.ts';

/** The one file outside of the commands that runs in Node only: folders on disk, for commands that run the engine. */
const NODE_DOOR = 'src/io/files/disk.ts';

const SPECIFIER_FORMS: readonly { pattern: RegExp; kind: Reference['kind'] }[] = [
  { pattern: /\b(?:import|export)\b[^'";]*?\bfrom\s*(['"])([^'"\n]+)\1/g, kind: 'import' },
  { pattern: /\bimport\s*(['"])([^'"\n]+)\1/g, kind: 'import' },
  { pattern: /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1/g, kind: 'import' },
  { pattern: /\bnew\s+URL\s*\(\s*(['"`])([^'"`\n]+)\1\s*,\s*import\.meta\.url/g, kind: 'url' },
  { pattern: /\bimport\.meta\.glob\s*(?:<[^(]*>)?\s*\(\s*\[?\s*(['"`])([^'"`\n]+)\1/g, kind: 'glob' },
];

/** Every module a source file mentions, in no particular order. */
export function references(text: string): Reference[] {
  const code = blankComments(text);
  return SPECIFIER_FORMS.flatMap(({ pattern, kind }) =>
    [...code.matchAll(pattern)].map((match) => ({ specifier: match[2] ?? '', kind })),
  );
}

/** Strings are matched first, so that a `//` inside one is not taken for a comment. */
function blankComments(text: string): string {
  const stringOrComment =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(stringOrComment, (found) => (/^\/[/*]/.test(found) ? ' ' : found));
}

/** The layer of a file: the folder in src it lies in; null outside of src. */
function layerOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** The file a relative specifier names, from the project's root; null for a package. */
function resolve(from: string, specifier: string): string | null {
  const path = specifier.replace(/[?#].*$/, '');
  if (path.startsWith('/')) return path.slice(1);
  return path.startsWith('.') ? posix.join(posix.dirname(from), path) : null;
}

/** Every breach of the table, one sentence each; empty when the sources keep to it. */
export function layerBreaches(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) =>
    references(text)
      .map((reference) => breach(path, reference))
      .filter((sentence) => sentence !== null),
  );
}

function breach(path: string, { specifier, kind }: Reference): string | null {
  const layer = layerOf(path);
  if (layer === null) return `${path} lies in no folder of src`;
  const allowed = LAYERS[layer];
  if (!allowed) return `${path}: the folder src/${layer} is not in the table of layers`;
  if (/\.wgsl\b/.test(specifier)) {
    return path === SHADER_DOOR ? null : `${path} imports the shader ${specifier}; only ${SHADER_DOOR} may`;
  }
  const target = resolve(path, specifier);
  if (target === null) return packageBreach(path, layer, specifier);
  const targetLayer = layerOf(target);
  if (targetLayer === null) return kind === 'import' ? `${path} imports ${target}, outside of src` : null;
  if (targetLayer === layer || allowed.includes(targetLayer)) return null;
  if (layer === 'store' && targetLayer === 'worker' && kind === 'url') return null;
  const isEngine = !['store', 'ui', 'worker'].includes(targetLayer);
  if (layer === 'cli' && ENGINE_COMMANDS.test(path) && isEngine) return null;
  if (SESSION_COMMANDS.test(path) && targetLayer === 'worker') return null;
  return `${path} (${layer}) imports ${target} (${targetLayer}); ${layer} may import ${allowed.join(', ') || 'nothing'}`;
}

function packageBreach(path: string, layer: string, specifier: string): string | null {
  if (layer === 'math') return `${path} imports the package ${specifier}; math imports nothing`;
  if (specifier.startsWith('node:') && layer !== 'cli' && path !== NODE_DOOR)
    return `${path} imports ${specifier}, but runs in a page`;
  return null;
}

/** Cycles between files, each as the list of files on it, starting at the alphabetically first; addresses do not count. */
export function cycles(sources: Sources): string[][] {
  const found = new Map<string, string[]>();
  const finished = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = rotate(trail.slice(start));
      found.set(cycle.join(' '), cycle);
      return;
    }
    if (finished.has(path)) return;
    for (const next of importedFiles(path, sources)) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of [...sources.keys()].sort()) visit(path, []);
  return [...found.values()];
}

function importedFiles(path: string, sources: Sources): string[] {
  const imports = references(sources.get(path) ?? '').filter(({ kind }) => kind === 'import');
  const targets = imports.map(({ specifier }) => resolve(path, specifier));
  return targets.filter((target) => target !== null).filter((target) => sources.has(target));
}

function rotate(cycle: string[]): string[] {
  const first = cycle.indexOf([...cycle].sort()[0] ?? '');
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
