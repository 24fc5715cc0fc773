import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../src/cli/setup/paths.mjs';
import type { Sources } from './setup/layers.ts';
import { cycles, LAYERS, layerBreaches, references } from './setup/layers.ts';

const ROOT = projectRoot();

function readSources(): Sources {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(tsx?|mjs)$/.test(entry.name));
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  const fromRoot = (path: string) => relative(ROOT, path).split(sep).join('/');
  return new Map(paths.map((path) => [fromRoot(path), readFileSync(path, 'utf8')]));
}

describe('the sources', () => {
  const sources = readSources();

  it('import only along the table of layers', () => {
    expect(sources.size).toBeGreaterThan(10);
    expect(layerBreaches(sources)).toEqual([]);
  });

  it('have no cycle of files', () => {
    expect(cycles(sources)).toEqual([]);
  });

  it('ask for no model family by its name outside src/families: what a family lacks is absent from it', () => {
    const asks = /\bfamily\s*[!=]==?\s*['"`]|['"`]\s*[!=]==?\s*(?:\w+\.)*family\b/;
    expect(asks.test("if (model.family === 'Qwen2-VL')")).toBe(true);
    const outside = [...sources].filter(([path]) => !path.startsWith('src/families/'));
    expect(outside.filter(([, text]) => asks.test(text)).map(([path]) => path)).toEqual([]);
  });

  it('have every folder on the map in src/README.md, and the map no other', () => {
    const map = readFileSync(join(ROOT, 'src', 'README.md'), 'utf8');
    const named = [...map.matchAll(/^\| `src\/([^`/]+)\/` \|/gm)].map((match) => match[1] ?? '');
    const inFolders = [...sources.keys()].filter((path) => path.split('/').length > 2);
    const folders = [...new Set(inFolders.map((path) => path.split('/')[1] ?? ''))];
    expect(named.sort()).toEqual(folders.sort());
    expect(folders.filter((folder) => !Object.hasOwn(LAYERS, folder))).toEqual([]);
  });
});

describe('the table of layers', () => {
  it('is itself without a circle: a layer comes after all it may import', () => {
    const order = Object.keys(LAYERS);
    for (const [layer, allowed] of Object.entries(LAYERS)) {
      for (const below of allowed)
        expect(order.indexOf(below), `${layer} → ${below}`).toBeLessThan(order.indexOf(layer));
    }
  });
});

describe('references', () => {
  it('finds every form of import', () => {
    const text = [
      "import a, { b } from './a.ts';",
      "import type { C } from './c.ts';",
      "import {\n  d,\n  e,\n} from './d.ts';",
      "export { f } from './f.ts';",
      "export * from './g.ts';",
      "import './h.css';",
      "const i = await import('./i.ts');",
      "new Worker(new URL('../worker/j.ts', import.meta.url), { type: 'module' });",
      "const k = import.meta.glob<string>('/shaders/**/*.wgsl', { eager: true });",
      "let l: import('./l.ts').L;",
    ].join('\n');
    const found = references(text).map(({ kind, specifier }) => `${kind} ${specifier}`);
    expect(found.sort()).toEqual(
      [
        'import ./a.ts',
        'import ./c.ts',
        'import ./d.ts',
        'import ./f.ts',
        'import ./g.ts',
        'import ./h.css',
        'import ./i.ts',
        'url ../worker/j.ts',
        'glob /shaders/**/*.wgsl',
        'import ./l.ts',
      ].sort(),
    );
  });

  it('takes neither comments nor a comment mark in a string for code', () => {
    const text = [
      "// import a from './a.ts';",
      "/* import b from './b.ts';\n import c from './c.ts'; */",
      "const address = 'http://example.org'; import d from './d.ts';",
    ].join('\n');
    expect(references(text)).toEqual([{ specifier: './d.ts', kind: 'import' }]);
  });
});

describe('the checker', () => {
  const breachesOf = (path: string, text: string) => layerBreaches(new Map([[path, text]]));

  it.each([
    ['an arrow up', 'src/ops/add.ts', "import { openQwen2 } from '../decoder/qwen2.ts';"],
    ['a type-only arrow up', 'src/math/stats.ts', "import type { Gpu } from '../gpu/device.ts';"],
    ['an arrow across', 'src/ui/app.tsx', "import { rollout } from '../rl/rollout.ts';"],
    ['an arrow up by export', 'src/gpu/index.ts', "export { add } from '../ops/add.ts';"],
    ['a dynamic import up', 'src/store/runs.ts', "const rl = await import('../rl/step.ts');"],
    ['the worker as a module', 'src/store/worker.ts', "import { open } from '../worker/session.ts';"],
    [
      'the worker by a screen',
      'src/ui/app.tsx',
      "new Worker(new URL('../worker/worker.ts', import.meta.url));",
    ],
    ['a shader outside of its door', 'src/ops/add.ts', "import source from '../../shaders/add.wgsl?raw';"],
    ['shaders by glob elsewhere', 'src/gpu/kernel.ts', "import.meta.glob('/shaders/**/*.wgsl');"],
    [
      'the engine in a command that drives the page',
      'src/cli/train.ts',
      "import { add } from '../ops/add.ts';",
    ],
    ['a package in math', 'src/math/stats.ts', "import { z } from 'zod';"],
    ['a Node module in the page', 'src/io/files/files.ts', "import { readFileSync } from 'node:fs';"],
    [
      'a test helper in the sources',
      'src/ops/add.ts',
      "import { openTestDevice } from '../../test/setup/adapter.ts';",
    ],
    ['a folder that is not on the table', 'src/misc/all.ts', "import { z } from 'zod';"],
  ])('finds %s', (_, path, text) => {
    expect(breachesOf(path, text)).toHaveLength(1);
  });

  it.each([
    ['an arrow down', 'src/decoder/qwen2.ts', "import { add } from '../ops/add.ts';"],
    ['a neighbour', 'src/ops/add.ts', "import { shape } from './shape.ts';"],
    [
      'the worker as an address',
      'src/store/w.ts',
      "new Worker(new URL('../worker/worker.ts', import.meta.url));",
    ],
    ['the shader door', 'src/gpu/shaders.ts', "import.meta.glob('/shaders/**/*.wgsl');"],
    ['the engine in parity', 'src/cli/parity.ts', "import { add } from '../ops/add.ts';"],
    ['a package', 'src/ui/app.tsx', "import { useState } from 'react';"],
  ])('allows %s', (_, path, text) => {
    expect(breachesOf(path, text)).toEqual([]);
  });

  it('finds a cycle over three files once, whichever is read first', () => {
    const sources = new Map([
      ['src/ops/c.ts', "import './a.ts';"],
      ['src/ops/a.ts', "import './b.ts'; import './d.ts';"],
      ['src/ops/b.ts', "import './c.ts';"],
      ['src/ops/d.ts', ''],
    ]);
    expect(cycles(sources)).toEqual([['src/ops/a.ts', 'src/ops/b.ts', 'src/ops/c.ts']]);
  });

  it('finds no cycle in a diamond', () => {
    const sources = new Map([
      ['src/ops/a.ts', "import './b.ts'; import './c.ts';"],
      ['src/ops/b.ts', "import './d.ts';"],
      ['src/ops/c.ts', "import './d.ts';"],
      ['src/ops/d.ts', ''],
    ]);
    expect(cycles(sources)).toEqual([]);
  });
});
