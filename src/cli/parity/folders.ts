import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../math/errors.ts';

/** The case folders that a path stands for: itself, or the folders in it that have a case.json. */
export function caseFolders(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new InputError(`${path}: there is no such folder.`, { hint: 'Check the path.' });
  }
  if (existsSync(join(path, 'case.json'))) return [path];
  const inside = readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .filter((folder) => existsSync(join(folder, 'case.json')));
  if (inside.length > 0) return inside;
  throw new InputError(`${path}: no case.json, neither here nor one folder deeper.`, {
    hint: 'Name a folder of recorded numbers, such as test/golden/grpo-losses.',
  });
}
