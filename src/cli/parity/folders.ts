import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../math/errors.ts';

const isCase = (folder: string): boolean => existsSync(join(folder, 'case.json'));

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();

/** The case folders that a path stands for: itself, or the folders in it, or in these, that have a case.json. */
export function caseFolders(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new InputError(`${path}: there is no such folder.`, { hint: 'Check the path.' });
  }
  if (isCase(path)) return [path];
  const inside = foldersIn(path).flatMap((folder) =>
    isCase(folder) ? [folder] : foldersIn(folder).filter(isCase),
  );
  if (inside.length > 0) return inside;
  throw new InputError(`${path}: no case.json, neither here nor up to two folders deeper.`, {
    hint: 'Name a folder of recorded numbers, such as test/golden/grpo-losses.',
  });
}
