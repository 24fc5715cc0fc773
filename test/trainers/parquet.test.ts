/** Parquet files that pyarrow writes, as the hub's are: the statistics in their pages' headers are longer than these. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { trainersPython } from '../../src/cli/setup/trainers.mjs';
import { readDataset } from '../../src/data/read.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';

const ROWS = 30;
const folder = mkdtempSync(join(tmpdir(), 'studio-parquet-'));
execFileSync(trainersPython(), [join(import.meta.dirname, 'write_parquet.py'), folder, String(ROWS)]);
afterAll(() => rmSync(folder, { recursive: true }));

const tree = await treeFromDisk(folder);

describe('a file of pyarrow', () => {
  it('comes in all compressions', () => expect(tree.files.length).toBe(24));

  it.each(tree.files.map((file) => file.path))('%s', async (path) => {
    const one = { name: 'set', files: tree.files.filter((file) => file.path === path) };
    const { examples, issues } = await readDataset(one, { seed: 1 });
    expect([examples.length, issues]).toEqual([ROWS, []]);
    for (const [row, { label, media }] of examples.entries()) {
      const bytes = new Uint8Array(await (await media[0]!.files[0]!.blob()).arrayBuffer());
      expect([label, bytes.length, bytes.at(-1)]).toEqual([
        ['angry', 'happy', 'sad'][row % 3],
        1012 + row,
        row,
      ]);
    }
  });
});
