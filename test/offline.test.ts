import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { offlinePlan } from '../src/cli/offline-bundle.ts';
import { cacheName, fileOf, outdated, rangeOf } from '../src/offline/plan.ts';

const SCOPE = 'https://studio.example/app/';
const PLAN = { version: 'b2', first: ['index.html', 'assets/a-1.js'], later: ['assets/pyodide.asm.wasm'] };

describe('what is answered without a network', () => {
  it('is the build’s own files, and the page at its address', () => {
    expect(fileOf(PLAN, SCOPE, SCOPE)).toBe('index.html');
    expect(fileOf(PLAN, `${SCOPE}?x=1#/train`, SCOPE)).toBe('index.html');
    expect(fileOf(PLAN, `${SCOPE}assets/a-1.js`, SCOPE)).toBe('assets/a-1.js');
    expect(fileOf(PLAN, `${SCOPE}assets/pyodide.asm.wasm`, SCOPE)).toBe('assets/pyodide.asm.wasm');
  });

  it('is nothing of another origin, of another folder, or that the build has not', () => {
    expect(fileOf(PLAN, 'https://huggingface.co/app/index.html', SCOPE)).toBeUndefined();
    expect(fileOf(PLAN, 'https://studio.example/index.html', SCOPE)).toBeUndefined();
    expect(fileOf(PLAN, `${SCOPE}api/models`, SCOPE)).toBeUndefined();
  });

  it('is the part of a file that a player asks for', () => {
    expect(rangeOf('bytes=0-', 100)).toEqual([0, 100]);
    expect(rangeOf('bytes=10-19', 100)).toEqual([10, 20]);
    expect(rangeOf('bytes=90-200', 100)).toEqual([90, 100]);
    expect(rangeOf('bytes=-5', 100)).toEqual([95, 100]);
    for (const header of [null, 'bytes=-', 'bytes=100-', 'bytes=0-1,4-5', 'lines=1-2'])
      expect(rangeOf(header, 100), `${header}`).toBeUndefined();
  });

  it('goes with its build, but for the one before, which another tab may be at work with', () => {
    expect(cacheName(PLAN)).toBe('studio-b2');
    expect(outdated(['studio-a', 'studio-b1', 'other', 'studio-b2'], PLAN)).toEqual(['studio-a']);
    expect(outdated(['studio-b2'], PLAN)).toEqual([]);
  });
});

describe('the list of a build’s files', () => {
  const planOf = (files: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(tmpdir(), 'built-'));
    try {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      return offlinePlan(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const built = { 'index.html': 'a', 'demo/data.json': 'b', 'assets/pyodide.asm-1.wasm': 'c' };

  it('has all of them at once but Python, and neither itself nor what no page asks for', () => {
    const { first, later } = planOf({
      ...built,
      '.vite/manifest.json': 'd',
      'service-worker.js': 'e',
      'assets/x.js.map': 'f',
    });
    expect(first).toEqual(['demo/data.json', 'index.html']);
    expect(later).toEqual(['assets/pyodide.asm-1.wasm']);
  });

  it('has another name where any of them differs', () => {
    const { version } = planOf(built);
    expect(planOf(built).version).toBe(version);
    expect(planOf({ ...built, 'demo/data.json': 'B' }).version).not.toBe(version);
  });
});
