// @ts-check
// Which tests compute on an adapter: those whose imports, or imports of imports, lead to what opens one. All others say the same on each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What opens an adapter, for tests and for commands. */
const OPENERS = ['test/setup/adapter.ts', 'src/cli/adapter.ts'];
/** Static and dynamic imports of files, and what is exported from them. */
const IMPORT = /(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g;

/**
 * @param {string} root of the project
 * @param {readonly string[]} folders whose tests are looked at, from the root
 * @returns {string[]} paths from the root, in the order of their names
 */
export function adapterTests(root, folders) {
  const openers = OPENERS.map((path) => join(root, path));
  /** Files that are known to lead there or not. @type {Map<string, boolean>} */
  const known = new Map(openers.map((path) => [path, true]));
  return folders
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
    .filter((path) => path.endsWith('.test.ts') && leads(path, known))
    .map((path) => relative(root, path))
    .sort();
}

/**
 * @param {string} path
 * @param {Map<string, boolean>} known
 * @returns {boolean}
 */
function leads(path, known) {
  const found = known.get(path);
  if (found !== undefined) return found;
  if (!existsSync(path)) return false;
  // Files import no circles (test/layers.test.ts), so this is looked at only by a file that imports itself.
  known.set(path, false);
  const imports = [...readFileSync(path, 'utf8').matchAll(IMPORT)];
  const result = imports.some(([, to = '']) => leads(join(dirname(path), to), known));
  known.set(path, result);
  return result;
}
