import { blobSource } from '../../io/bytes.ts';
import { f32ToBytes } from '../../io/dtype.ts';
import { parseJsonObject } from '../../io/json.ts';
import { openSafetensors } from '../../io/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../../io/safetensors-write.ts';
import type { ExportedFile } from '../../protocol/messages.ts';
import type { OpenModel } from '../model.ts';
import type { ChangedTensors } from './changed.ts';
import { checkpointFiles } from './folders.ts';

const INDEX = 'model.safetensors.index.json';

/**
 * The checkpoint with its changed tensors replaced, file by file, in the layout it came in. Changed tensors are written
 * as F32, whatever they were, so that nothing that was learned is rounded away; all other bytes are as they were.
 */
export async function mergedCheckpoint(
  { tree, files }: Pick<OpenModel, 'tree' | 'files'>,
  changed: ChangedTensors,
  progress: (done: number, total: number) => void,
): Promise<ExportedFile[]> {
  const exported: ExportedFile[] = [];
  let index: ExportedFile | undefined;
  let bytes = 0;
  const total = files.main.weights.names().length;
  let done = 0;
  for (const { path, entry, main } of checkpointFiles(tree, files)) {
    const blob = await entry.blob();
    const isWeights = main && path.endsWith('.safetensors');
    const written = isWeights
      ? await replaceTensors(blob, path, changed, () => progress(++done, total))
      : { blob, bytes: 0 };
    bytes += written.bytes;
    const file = { name: path, blob: written.blob };
    if (main && entry.path === INDEX) index = file;
    exported.push(file);
  }
  if (index) index.blob = await withTotalSize(index.blob, bytes);
  return exported;
}

/** One safetensors file with its changed tensors replaced, and the bytes of all its tensors. */
async function replaceTensors(
  blob: Blob,
  label: string,
  changed: ChangedTensors,
  progress: () => void,
): Promise<{ blob: Blob; bytes: number }> {
  const source = await openSafetensors(blobSource(blob), label);
  let bytes = 0;
  const tensors = source.names().map((name): TensorToWrite => {
    const { dtype, shape, start, end } = source.info(name);
    const values = changed(name);
    const count = shape.reduce((product, side) => product * side, 1);
    bytes += values ? 4 * count : end - start;
    const read = async () => (values ? f32ToBytes('F32', await values()) : source.bytes(name));
    return {
      name,
      dtype: values ? 'F32' : dtype,
      shape,
      bytes: async () => {
        progress();
        return read();
      },
    };
  });
  const isChanged = source.names().some((name) => changed(name) !== undefined);
  return { blob: isChanged ? await writeSafetensors(tensors, source.metadata) : blob, bytes };
}

async function withTotalSize(index: Blob, bytes: number): Promise<Blob> {
  const json = parseJsonObject(await index.text(), INDEX);
  const metadata = typeof json.metadata === 'object' ? json.metadata : {};
  return new Blob([
    `${JSON.stringify({ ...json, metadata: { ...metadata, total_size: bytes } }, null, 2)}\n`,
  ]);
}
