import { blobSource } from '../../io/files/bytes.ts';
import { type FileTree, findFile } from '../../io/files/files.ts';
import { openSafetensors, type SafetensorsHeader, type TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';

/** A safetensors file that a case folder must have. */
export async function needArrays(tree: FileTree, path: string): Promise<TensorSource & SafetensorsHeader> {
  const file = findFile(tree, path);
  if (!file) {
    throw new InputError(`${tree.name}: ${path} is missing.`, {
      hint: 'A case folder has its arrays beside case.json.',
    });
  }
  return openSafetensors(blobSource(await file.blob()), `${tree.name}/${path}`);
}
