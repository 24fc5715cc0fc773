/** Writes the service worker beside a built page, with the list of the build's files in it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';
import type { OfflinePlan } from '../offline/plan.ts';
import { bundledText } from './sandbox-bundle.ts';

/** Its name beside the page: it may answer for what lies where it lies. */
const NAME = 'service-worker.js';
/** Python is 10 MB, and only who writes rewards in it needs it. */
const LATER = /pyodide|python_stdlib/;
/** What no page asks for. */
const LEFT_OUT = /^\.vite\/|\.map$|^service-worker\.js$/;

/** The files of a build, by when they are to be kept. */
export function offlinePlan(folder: string): OfflinePlan {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !LEFT_OUT.test(file))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
  return {
    version: hash.digest('hex').slice(0, 16),
    first: files.filter((file) => !LATER.test(file)),
    later: files.filter((file) => LATER.test(file)),
  };
}

export function offline(): Plugin {
  let root = '';
  return {
    name: 'studio:offline',
    apply: 'build',
    configResolved(config) {
      root = config.root;
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler({ dir }) {
        if (dir === undefined) throw new Error('The build has no folder to write the service worker to.');
        const text = await bundledText(join(root, 'src', 'offline', 'service-worker.ts'));
        const plan = JSON.stringify(offlinePlan(dir));
        writeFileSync(join(dir, NAME), `const OFFLINE_PLAN = ${plan};\n${text}`);
      },
    },
  };
}
