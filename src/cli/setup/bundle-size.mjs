// @ts-check
// The page must open fast before the engine is asked for: what index.html loads at once, compressed, against a budget.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const BUDGET_BYTES = 300_000;

/** @typedef {{ file: string, isEntry?: boolean, imports?: string[], css?: string[] }} ManifestEntry */

/**
 * The files a browser loads at once for the page's entry: its chunk, its static imports, their style sheets.
 * @param {Record<string, ManifestEntry>} manifest
 * @returns {string[]}
 */
export function initialFiles(manifest) {
  const files = new Set();
  /** @type {Set<string>} */
  const seen = new Set();
  const visit = /** @param {string} key */ (key) => {
    const entry = manifest[key];
    if (!entry || seen.has(key)) return;
    seen.add(key);
    for (const file of [entry.file, ...(entry.css ?? [])]) files.add(file);
    for (const next of entry.imports ?? []) visit(next);
  };
  for (const [key, entry] of Object.entries(manifest)) if (entry.isEntry) visit(key);
  return [...files];
}

/**
 * @param {string} folder a build of the page
 * @returns {number} bytes after gzip
 */
export function initialBytes(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, '.vite', 'manifest.json'), 'utf8'));
  const sizes = ['index.html', ...initialFiles(manifest)].map(
    (file) => gzipSync(readFileSync(join(folder, file))).length,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
