/** Published classifiers of toy size, and the same with something changed. */
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, readJson, treeFromMemory } from '../../src/io/files/files.ts';

const CASES = 'test/golden/reward-models';

export const caseOf = (name: string): Promise<FileTree> => treeFromDisk(`${CASES}/${name}`);

type Change = Readonly<Record<string, unknown>>;

/** A model folder with fields of its JSON files changed (`undefined` removes one), and files added or, where null, left out. */
export async function changed(
  name: string,
  files: Readonly<Record<string, Change | string | null>>,
): Promise<FileTree> {
  const tree = await treeFromDisk(`${CASES}/${name}/model`);
  const written: Record<string, string> = {};
  for (const [path, change] of Object.entries(files)) {
    if (typeof change === 'string') written[path] = change;
    else if (change) written[path] = JSON.stringify({ ...(await readJson(tree, path)), ...change });
  }
  const kept = tree.files.filter(({ path }) => !Object.hasOwn(files, path));
  return { ...tree, files: [...kept, ...treeFromMemory('m', written).files] };
}
