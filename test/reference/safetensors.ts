/** The safetensors format by its description, in the plainest way: an oracle for the reader that is shipped. */

const BYTES: Readonly<Record<string, number>> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 },
};

/** Name → type, shape and bytes of every tensor; undefined for a file that breaks a rule of the format. */
export function readStrictly(file: Uint8Array): Map<string, unknown> | undefined {
  if (file.length < 8) return undefined;
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > file.length - 8) return undefined;
  const data = file.subarray(8 + length);
  let header: unknown;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    header = JSON.parse(decoder.decode(file.subarray(8, 8 + length)));
  } catch {
    return undefined;
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined;
  const taken = new Uint8Array(data.length);
  const tensors = new Map<string, unknown>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      const plain = entry === null || (typeof entry === 'object' && !Array.isArray(entry));
      if (!plain || Object.values(entry ?? {}).some((value) => typeof value !== 'string')) return undefined;
      continue;
    }
    const { dtype, shape, data_offsets: at } = (entry ?? {}) as Record<string, unknown>;
    const size = typeof dtype === 'string' && Object.hasOwn(BYTES, dtype) ? BYTES[dtype]! : 0;
    const whole = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && item >= 0);
    if (!size || !whole(shape) || !whole(at) || at.length !== 2) return undefined;
    const [begin, end] = at as [number, number];
    if (begin > end || end > data.length) return undefined;
    if (shape.reduce((product, side) => product * side, size) !== end - begin) return undefined;
    for (let byte = begin; byte < end; byte++) taken[byte] = taken[byte]! + 1;
    tensors.set(name, { dtype, shape, bytes: [...data.subarray(begin, end)] });
  }
  return taken.every((times) => times === 1) ? tensors : undefined;
}
