/**
 * The code that runs inside a sandbox, as one text: the frame there has no network, so it cannot load a file. `import code from
 * './x.ts?inline'` gives that text, in a build and on the development server.
 */
import { fileURLToPath } from 'node:url';
import type { Plugin, Rolldown } from 'vite';

/** Bundles an entry with all that it imports into one script; `plugins` see its modules. */
export async function bundledText(entry: string, plugins: readonly Plugin[] = []): Promise<string> {
  const { build } = await import('vite');
  const result = await build({
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [sandboxCode(plugins), ...plugins],
    build: {
      write: false,
      target: 'es2023',
      // Of a library Vite leaves out what would preload files.
      lib: { entry, formats: ['iife'], name: 'entry' },
      minify: true,
      // Pyodide's loader names what it would import elsewhere.
      rolldownOptions: { external: [/^node:/, 'ws'] },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]) as Rolldown.RolldownOutput[];
  const chunks = outputs.flatMap(({ output }) => output).filter((file) => file.type === 'chunk');
  if (chunks.length !== 1) throw new Error(`Bundling ${entry} gave ${chunks.length} files, expected one.`);
  return chunks[0]!.code;
}

/** `plugins` see the modules of what is inlined, too. */
export function sandboxCode(plugins: readonly Plugin[] = []): Plugin {
  return {
    name: 'studio:sandbox',
    enforce: 'pre',
    async load(id) {
      if (!id.endsWith('.ts?inline')) return null;
      const entry = id.slice(0, -'?inline'.length);
      const text = await bundledText(entry.startsWith('file:') ? fileURLToPath(entry) : entry, plugins);
      return `export default ${JSON.stringify(text)};`;
    },
  };
}
