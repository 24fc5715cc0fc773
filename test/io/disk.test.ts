import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderToOpen } from '../../src/cli/node/open-folder.ts';
import { listFolder, treeFromDisk } from '../../src/io/files/disk.ts';
import { findFile } from '../../src/io/files/files.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'studio-disk-'));
  mkdirSync(join(root, 'a b', 'inner'), { recursive: true });
  writeFileSync(join(root, 'a b', 'case.json'), '{}');
  writeFileSync(join(root, 'a b', 'inner', 'x.txt'), 'x');
  writeFileSync(join(root, 'a b', '.hidden'), '');
});
afterAll(() => rmSync(root, { recursive: true }));

const pathsOf = async (folder: string): Promise<string[]> =>
  (await treeFromDisk(folder)).files.map(({ path }) => path);

describe('a folder on disk', () => {
  it('has the same name and files however a shell would name it', async () => {
    const plain = join(root, 'a b');
    const link = join(root, 'link');
    symlinkSync(plain, link);
    const names = [
      plain,
      `${plain}/`,
      `${plain}//`,
      `${root}/./a b`,
      `${plain}/inner/..`,
      `${plain}/../a b/`,
      relative(process.cwd(), plain),
      `./${relative(process.cwd(), plain)}/`,
    ];
    for (const name of names) {
      expect(await pathsOf(name), name).toEqual(['case.json', 'inner/x.txt']);
      expect((await treeFromDisk(name)).name, name).toBe('a b');
    }
    expect(await pathsOf(link)).toEqual(['case.json', 'inner/x.txt']);
    expect((await listFolder(link)).hasLinks).toBe(true);
    expect((await listFolder(plain)).hasLinks).toBe(false);
  });

  it('may be one file, an archive or a list', async () => {
    const file = join(root, 'a b', 'case.json');
    const tree = await treeFromDisk(file);
    expect([tree.name, tree.files.map(({ path }) => path)]).toEqual(['case.json', ['case.json']]);
    expect(await (await tree.files[0]!.blob()).text()).toBe('{}');
    const { files, isPlain } = await folderToOpen(file);
    expect([files, isPlain]).toEqual([[{ path: 'case.json/case.json', at: file }], false]);
  });

  it("is read through the links of a hub's cache, and of folders of linked clips", async () => {
    const snapshot = join(root, 'models--owner--name', 'snapshots', 'abc');
    const blobs = join(root, 'models--owner--name', 'blobs');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(blobs);
    writeFileSync(join(blobs, 'd1'), '{"a": 1}');
    symlinkSync('../../blobs/d1', join(snapshot, 'config.json'));
    symlinkSync('../../blobs/nothing', join(snapshot, 'broken.json'));
    symlinkSync(join(root, 'a b'), join(snapshot, 'clips'));
    const tree = await treeFromDisk(snapshot);
    expect(tree.files.map(({ path }) => path)).toEqual([
      'clips/case.json',
      'clips/inner/x.txt',
      'config.json',
    ]);
    expect(await (await findFile(tree, 'config.json')!.blob()).text()).toBe('{"a": 1}');
  });

  it('is not walked in circles', async () => {
    const loop = join(root, 'loop');
    mkdirSync(join(loop, 'deep'), { recursive: true });
    writeFileSync(join(loop, 'one.txt'), '');
    symlinkSync('..', join(loop, 'deep', 'up'));
    symlinkSync(root, join(loop, 'outer'));
    symlinkSync('/', join(loop, 'everything'));
    symlinkSync('deep', join(loop, 'again'));
    symlinkSync('self', join(loop, 'self'));
    expect(await pathsOf(loop)).toEqual(['one.txt']);
  });
});

describe('a model with an adapter of another folder', () => {
  it('is opened as if the adapter lay inside', async () => {
    const adapter = join(root, 'lora');
    mkdirSync(adapter);
    writeFileSync(join(adapter, 'adapter_config.json'), '{}');
    const { files, isPlain, choice } = await folderToOpen(join(root, 'a b'), adapter);
    expect(files.map(({ path }) => path)).toContain('a b/lora/adapter_config.json');
    expect([isPlain, choice]).toEqual([false, { adapter: 'lora' }]);
  });

  it('is opened as it is where the adapter lies in it', async () => {
    const inside = await folderToOpen(`${root}/a b/`, `${root}/a b/inner/`);
    expect([inside.isPlain, inside.choice]).toEqual([true, { adapter: 'inner' }]);
    expect(inside.files[0]?.path).toBe(`${basename(`${root}/a b`)}/case.json`);
  });
});
