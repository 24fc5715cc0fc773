/**
 * The code that runs inside a sandbox, as one text: the frame there has no network, so it cannot load a file. `import code from
 * './x.ts?inline'` gives that text, in a build and on the development server.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
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
      rolldownOptions: {
        external: [/^node:/, 'ws'],
        checks: { bundlerTimings: false, pluginTimings: false },
      },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]) as Rolldown.RolldownOutput[];
  const chunks = outputs.flatMap(({ output }) => output).filter((file) => file.type === 'chunk');
  if (chunks.length !== 1) throw new Error(`Bundling ${entry} gave ${chunks.length} files, expected one.`);
  return chunks[0]!.code;
}

const PYODIDE = '/pyodide.asm.mjs';

/** `plugins` see the modules of what is inlined, too. */
export function sandboxCode(plugins: readonly Plugin[] = []): Plugin {
  return {
    name: 'studio:sandbox',
    enforce: 'pre',
    async load(id) {
      const entry = /^(.*\.ts)\?inline(?:&|$)/.exec(id)?.[1];
      if (entry === undefined) return null;
      const text = await bundledText(entry, plugins);
      return `export default ${JSON.stringify(text)};`;
    },
    configureServer({ middlewares, config }) {
      const { resolve } = createRequire(join(config.root, 'package.json'));
      // The page fetches it as a text, to which the development server would add its client.
      middlewares.use((request, response, next) => {
        if (request.url?.endsWith(PYODIDE)) response.end(readFileSync(resolve(`pyodide${PYODIDE}`)));
        else next();
      });
    },
  };
}
