import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { refuseMistaken } from '../../src/io/json/mistaken.ts';
import { decodeForRuns } from '../../src/worker/clips/clips.ts';

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
const PAGE = '\uFEFF\n<!-- saved -->\n<!DOCTYPE html><html><body>404</body></html>';

describe('what lies under the name of a file', () => {
  it.each([
    [POINTER, /a\/x\.mp4 is a Git LFS pointer/],
    [PAGE, /a\/x\.mp4 is a web page \(HTML\)/],
    ['<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>', /a server's message/],
  ])('is told by how it begins: %j', async (text, message) => {
    await expect(refuseMistaken(new Blob([text]), 'a/x.mp4')).rejects.toThrow(message);
  });

  it.each(['{"a": 1}', 'name,label\na.mp4,happy\n', '[]', '<video>', 'version,label\n', ''])(
    'is itself: %j',
    async (text) => {
      await refuseMistaken(new Blob([text]), 'x');
    },
  );

  it('is said of a list of clips by its name', async () => {
    const tree = treeFromMemory('set', {
      'data.json': POINTER,
      'train.csv': 'video,label\na.mp4,happy\n',
      'a.mp4': 'x',
    });
    const { issues } = await readDataset(tree, { seed: 1 });
    expect(issues.map(({ file, message }) => `${file}: ${message}`).join()).toMatch(
      /data\.json is a Git LFS pointer/,
    );
  });

  it('is said of a clip', async () => {
    const files = treeFromMemory('set', { 'a.mp4': PAGE }).files;
    const medium = { kind: 'video', path: 'a.mp4', files } as const;
    await expect(decodeForRuns(medium, { frames: 8, audioSeconds: 0 })).rejects.toThrow(
      /a\.mp4 is a web page/,
    );
  });
});
