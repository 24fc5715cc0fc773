import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileToWrite } from '../../src/io/writing/file-to-write.ts';
import { bytesOf } from '../reference/bytes-of.ts';

/** Writes an export below a folder on disk. */
export async function writeFiles(folder: string, files: readonly FileToWrite[]): Promise<void> {
  for (const file of files) {
    const target = join(folder, file.path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, await bytesOf(file));
  }
}
