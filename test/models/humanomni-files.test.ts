import { expect, it } from 'vitest';
import { openHumanOmni } from '../../src/families/humanomni/files.ts';
import { inspectModel } from '../../src/families/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, findFile } from '../../src/io/files/files.ts';
import { savedAs } from '../reference/layouts.ts';

const without = (tree: FileTree, paths: readonly string[]): FileTree => ({
  ...tree,
  files: tree.files.filter(({ path }) => !paths.includes(path)),
});

it('takes configs from towers in folders of their own though the weights lie in the main file', async () => {
  const apart = await treeFromDisk('test/golden/omni-tiny');
  const inside = await savedAs('towers-inside', apart);
  const configs = ['siglip', 'whisper', 'bert'].map((folder) => findFile(apart, `${folder}/config.json`)!);
  const main = without(inside, ['model/config.json']).files;
  const tree = { ...inside, files: [...main, findFile(apart, 'model/config.json')!, ...configs] };
  const files = await openHumanOmni(tree);
  expect(Object.values(files.towers).map(({ weights }) => weights)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(inspectModel(files).config).toEqual(inspectModel(await openHumanOmni(apart)).config);
});

it('misses the weights of a tower that is nowhere', async () => {
  const tree = without(await treeFromDisk('test/golden/omni-tiny'), ['whisper/model.safetensors']);
  await expect(openHumanOmni(tree)).rejects.toThrow(/^whisper: no model\.safetensors, no model\.safet/);
});
