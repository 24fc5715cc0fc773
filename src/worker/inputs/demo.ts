import type { FileTree } from '../../io/files/files.ts';
import { parseJsonObject } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';

/** Page and demo lie side by side; this script is at the root while developing and one folder deeper once built. */
const DEMO = import.meta.env.DEV ? '/demo/' : '../demo/';

/** The embedded model and clips. Files are fetched when they are first read. @throws InputError */
export async function openDemoTrees(): Promise<{ model: FileTree; data: FileTree }> {
  const base = new URL(DEMO, self.location.href);
  const manifest = parseJsonObject(
    await (await fetchFile(base, 'manifest.json')).text(),
    'demo/manifest.json',
  );
  const paths = (key: string): string[] => {
    const list = manifest[key];
    if (Array.isArray(list)) return list.map(String);
    throw new InputError(`demo/manifest.json: "${key}" is missing, expected a list of files.`, {
      hint: 'Make the demo again: npm run make-demo.',
    });
  };
  return {
    model: fetchedTree('tiny-humanomni', new URL('model/', base), paths('model')),
    data: fetchedTree('demo', base, paths('data')),
  };
}

function fetchedTree(name: string, base: URL, paths: readonly string[]): FileTree {
  const files = [...paths].sort().map((path) => {
    let fetched: Promise<Blob> | undefined;
    return { path, blob: () => (fetched ??= fetchFile(base, path)) };
  });
  return { name, files };
}

async function fetchFile(base: URL, path: string): Promise<Blob> {
  const response = await fetch(new URL(path, base));
  // A server that answers every address with the page has not got the file.
  const isPage = response.headers.get('content-type')?.startsWith('text/html');
  if (response.ok && !isPage) return response.blob();
  throw new InputError(`The embedded demo lacks ${path} (status ${response.status}).`, {
    hint: 'Make the demo again (npm run make-demo), or drop a model and a data set of your own.',
  });
}
