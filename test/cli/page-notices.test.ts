import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noticesOf, packageFolderOf } from '../../src/cli/page-notices.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

const folder = (name: string) => join(projectRoot(), 'node_modules', name);

describe('notices of bundled packages', () => {
  it('name each once with its terms, and say where the source of weak copyleft is', () => {
    const text = noticesOf(['mediabunny', 'react', '@tensorflow/tfjs-core', 'react'].map(folder));
    expect(text.match(/^react \d/gm)).toHaveLength(1);
    expect(text).toMatch(/^mediabunny [\d.]+\nLicence: MPL-2\.0/m);
    expect(text).toContain('Mozilla Public License Version 2.0');
    expect(text).toMatch(
      /Source Code Form of mediabunny [\d.]+ is available.*\nhttps:\/\/github\.com\/Vanilagy/,
    );
    expect(text).toContain('Permission is hereby granted, free of charge');
    expect(text).toContain('Apache License 2.0 is in LICENSE, beside this file');
  });

  it('of Python, which its package only names, come with it', () => {
    const text = noticesOf([folder('pyodide')]);
    expect(text).toMatch(/Source Code Form of pyodide [\d.]+ is available.*\nhttps:\/\/github\.com\/pyodide/);
    expect(text).toContain('PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2');
  });

  it('are of the package that a module lies in, nested ones too', () => {
    expect(packageFolderOf('/p/node_modules/@a/b/dist/x.js?v=1')).toBe('/p/node_modules/@a/b');
    expect(packageFolderOf('/p/node_modules/a/node_modules/c/i.js')).toBe('/p/node_modules/a/node_modules/c');
    expect(packageFolderOf('\0/p/node_modules/a/i.js?commonjs-module')).toBe('/p/node_modules/a');
    expect(packageFolderOf('/p/src/main.ts')).toBeUndefined();
  });
});
