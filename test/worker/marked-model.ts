/** Dropped folders of models that differ in one tensor, by which the one that was opened is known. */
import { type FileEntry, type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { type OpenModel, summariseModel } from '../../src/worker/inputs/model.ts';

export type Change = (name: string, values: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;

export const inFolder = (folder: string, { files }: FileTree): FileEntry[] =>
  files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));

/** A dropped folder of these files. */
export const dropped = (...files: readonly (readonly FileEntry[])[]): FileTree => ({
  name: 'out',
  files: files.flat().sort((a, b) => (a.path < b.path ? -1 : 1)),
});

export const memory = (contents: Record<string, string | Blob>): FileEntry[] => [
  ...treeFromMemory('', contents).files,
];

export const without = ({ files }: FileTree, ...paths: readonly string[]): FileEntry[] =>
  files.filter(({ path }) => !paths.includes(path));

/** The weights of a model, some of them changed, and more beside them. */
export async function changedWeights(
  source: TensorSource,
  change: Change,
  more: readonly TensorToWrite[] = [],
): Promise<Blob> {
  const tensors = source.names().map((name): TensorToWrite => {
    const { shape } = source.info(name);
    const bytes = async () => new Uint8Array(change(name, await source.float32(name)).buffer);
    return { name, dtype: 'F32', shape, bytes };
  });
  return writeSafetensors([...tensors, ...more]);
}

/** A model's folder with another final norm, by which it is known. */
export async function markedModel(tree: FileTree, source: TensorSource, mark: number): Promise<FileTree> {
  const change: Change = (name, values) => (name === 'model.norm.weight' ? values.fill(mark) : values);
  const file = memory({ 'model.safetensors': await changedWeights(source, change) });
  return { ...tree, files: [...without(tree, 'model.safetensors'), ...file] };
}

export const markOf = async ({ files }: OpenModel): Promise<number> =>
  (await files.main.weights.float32('model.norm.weight'))[0]!;

export const notesOf = (model: OpenModel): string => summariseModel(model, { trainable: 0 }).notes.join('\n');
