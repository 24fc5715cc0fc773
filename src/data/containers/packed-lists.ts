/** Lists that gzip has packed, each by itself: train.jsonl.gz. */
import type { FileEntry } from '../../io/files/files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { InputError } from '../../math/errors.ts';

const PACKED = /\.(?:json|jsonl|csv|tsv|txt|lst)\.gz$/i;
/** Bytes of an unpacked list: more are no list, but what unpacks without end. */
const MOST_BYTES = 2 ** 30;

/** The files with packed lists under the names that they have unpacked; one that lies beside its unpacked copy is left out. */
export function withUnpackedLists(files: readonly FileEntry[]): readonly FileEntry[] {
  if (!files.some(({ path }) => PACKED.test(path))) return files;
  const paths = new Set(files.map(({ path }) => path));
  return files.flatMap((file) => {
    if (!PACKED.test(file.path)) return [file];
    const path = file.path.slice(0, -'.gz'.length);
    return paths.has(path) ? [] : [{ path, blob: () => unpacked(file) }];
  });
}

/** @throws InputError for what is no whole gzip, and for what unpacks to more than a list can be */
async function unpacked(file: FileEntry): Promise<Blob> {
  const blob = await reading(file.path, () => file.blob());
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    const stream = blob.stream().pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      bytes += value!.length;
      if (bytes > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes`);
      parts.push(value as Uint8Array<ArrayBuffer>);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${file.path}: found what gzip cannot unpack (${reason}), expected a list.`, {
      hint: 'Unpack it, or copy it again.',
      cause,
    });
  }
  return new Blob(parts);
}
