import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { withManifest } from '../../src/io/sealed/manifest.ts';
import { beginExport, brokenExport, endExport, writeFile } from '../../src/io/writing/export-folder.ts';
import { blobFile, type FileToWrite, inFolder, textFile } from '../../src/io/writing/file-to-write.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { memoryFolder } from '../reference/memory-folder.ts';

const recordOf = (files: readonly FileToWrite[]) => ({
  target: 'exported',
  started: '2026-11-22T12:00:00.000Z',
  files: files.map(({ path, bytes }) => ({ path, bytes })),
});

/** Gives a piece and then fails, as a tab that is closed or a disk that is full. */
const breaking: FileToWrite = {
  path: 'deep/weights.bin',
  bytes: 8,
  async *pieces() {
    yield new Uint8Array(4);
    throw new Error('the tab was closed');
  },
};

describe('an export in a folder', () => {
  it('that was finished leaves its files and no mark', async () => {
    const folder = memoryFolder('chosen');
    const files = [textFile('a.txt', 'hello'), textFile('deep/er/b.txt', ''), textFile('c.txt', 'x')];
    await beginExport(folder.handle, recordOf(files));
    let bytes = 0;
    for (const file of files) {
      const written = await writeFile(folder.handle, file, (count) => {
        bytes += count;
      });
      expect(written.size).toBe(file.bytes);
    }
    await endExport(folder.handle);
    expect(bytes).toBe(6);
    expect(await brokenExport(folder.handle)).toBeUndefined();
    expect([...folder.files().keys()].sort()).toEqual(['a.txt', 'c.txt', 'deep/er/b.txt']);
  });

  it('that broke off is known by its mark, and its whole files by their bytes', async () => {
    const folder = memoryFolder('chosen');
    const files = [textFile('a.txt', 'hello'), textFile('none.txt', ''), breaking, textFile('last.txt', 'x')];
    await beginExport(folder.handle, recordOf(files));
    await writeFile(folder.handle, files[0]!);
    await writeFile(folder.handle, files[1]!);
    await expect(writeFile(folder.handle, breaking)).rejects.toThrow('the tab was closed');
    expect(folder.files().get('deep/weights.bin')?.length).toBe(0);
    expect(await brokenExport(folder.handle)).toEqual({ ...recordOf(files), written: ['a.txt', 'none.txt'] });
  });

  it('whose mark was itself cut off still counts as broken', async () => {
    const folder = memoryFolder('chosen');
    await writeFile(folder.handle, textFile('manifest.json.part', '{"target": "x'));
    expect(await brokenExport(folder.handle)).toEqual({ target: '', started: '', files: [], written: [] });
  });

  it('without room says so, and how much was wanted', async () => {
    const folder = memoryFolder('chosen', 3);
    const failed = writeFile(folder.handle, textFile('a.txt', 'hello'));
    await expect(failed).rejects.toMatchObject({
      message: 'There is no room for a.txt (5 bytes).',
      hint: expect.stringContaining('disk'),
    });
  });
});

describe('a manifest', () => {
  const files = inFolder('bundle', [
    textFile('a.txt', 'hello'),
    blobFile('b.bin', new Blob(['x'.repeat(9e6)])),
  ]);

  it('names every file of its folder with size and hash, after they were written', async () => {
    const contents = await contentsOf(withManifest(files, { step: 3 }, 'bundle/manifest.json'));
    const hash = (path: string) => createHash('sha256').update(contents[path]!).digest('hex');
    expect(Object.keys(contents).at(-1)).toBe('bundle/manifest.json');
    expect(JSON.parse(contents['bundle/manifest.json']!.toString())).toEqual({
      step: 3,
      files: [
        { path: 'a.txt', bytes: 5, sha256: hash('bundle/a.txt') },
        { path: 'b.bin', bytes: 9e6, sha256: hash('bundle/b.bin') },
      ],
    });
  });

  it('is planned at about its size', async () => {
    const planned = withManifest(files, {});
    const contents = await contentsOf(planned);
    const [actual, plan] = [contents['manifest.json']!.length, planned.at(-1)!.bytes];
    expect(Math.abs(plan - actual) / actual).toBeLessThan(0.5);
  });
});
