import { InputError } from '../../math/errors.ts';
import type { ByteSource } from '../files/bytes.ts';
import { parseJson } from '../json/json.ts';
import { bytesToF32, bytesToIntegers, DTYPE_BYTES, type Dtype, isDtype } from './dtype.ts';

/** Where a tensor lies. Offsets count from the start of the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** First byte, and the one after the last, counted from the tensor's start. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The format's own limit on the header, 100 MB. */
const MAX_HEADER_BYTES = 100_000_000;
const NEXT_MOVE = 'Download or export the file again; a copy that broke off is the usual reason.';

/**
 * Tensors by name, whatever the files behind them. Reading is tensor by tensor: nothing is kept.
 * `bytes` and `pieces` give the published bits (BF16 stays BF16); `float32` widens.
 */
export interface TensorSource {
  /** For messages: a file's or folder's name. */
  readonly label: string;
  names(): readonly string[];
  has(name: string): boolean;
  /** Throws InputError naming the tensor when it is not there. */
  info(name: string): TensorInfo;
  bytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * The same bytes in order, at most `pieceBytes` at a time, for uploads that must not double the memory; of a part of the
   * tensor where a range is given. Offsets count from the tensor's first byte.
   */
  pieces(name: string, pieceBytes: number, range?: ByteRange): AsyncGenerator<Piece>;
  float32(name: string): Promise<Float32Array<ArrayBuffer>>;
  integers(name: string): Promise<number[]>;
}

/** One safetensors file: opens by reading and checking its header, nothing else. */
export async function openSafetensors(
  source: ByteSource,
  label: string,
): Promise<TensorSource & SafetensorsHeader> {
  const header = await readHeader(source, label);
  const info = (name: string): TensorInfo => {
    const found = header.tensors.get(name);
    if (!found) {
      throw new InputError(
        `${label}: tensor "${name}" is missing; the file has ${header.tensors.size} others.`,
        {
          hint: 'Check that this is the checkpoint that the config.json beside it describes.',
        },
      );
    }
    return found;
  };
  const read = (name: string) => source.slice(info(name).start, info(name).end);
  return {
    label,
    ...header,
    names: () => [...header.tensors.keys()],
    has: (name) => header.tensors.has(name),
    info,
    bytes: read,
    async *pieces(name, pieceBytes, range) {
      const { start, end } = info(name);
      const last = Math.min(end, start + (range?.end ?? end));
      for (let at = start + (range?.start ?? 0); at < last; at += pieceBytes) {
        yield { offset: at - start, bytes: await source.slice(at, Math.min(last, at + pieceBytes)) };
      }
    },
    float32: async (name) => bytesToF32(info(name).dtype, await read(name)),
    integers: async (name) => bytesToIntegers(info(name).dtype, await read(name)),
  };
}

async function readHeader(source: ByteSource, label: string): Promise<SafetensorsHeader> {
  if (source.size < 8) {
    throw new InputError(
      `${label}: ${source.size} bytes long, but a safetensors file starts with an 8-byte header length.`,
      {
        hint: NEXT_MOVE,
      },
    );
  }
  const lengthBytes = await source.slice(0, 8);
  const length = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (length > source.size - 8 || length > MAX_HEADER_BYTES) {
    throw new InputError(
      `${label}: the header says it is ${length} bytes long, but the file has ${source.size} bytes in all.`,
      { hint: `It is not a safetensors file, or it is cut off. ${NEXT_MOVE}` },
    );
  }
  const entries = parseHeaderJson(await source.slice(8, 8 + length), label);
  const dataStart = 8 + length;
  const tensors = new Map<string, TensorInfo>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(entries)) {
    if (name === '__metadata__') metadata = stringValues(entry, label);
    else tensors.set(name, checkEntry(name, entry, dataStart, source.size, label));
  }
  checkCovered(tensors, dataStart, source.size, label);
  return { tensors, metadata };
}

function parseHeaderJson(bytes: Uint8Array, label: string): Record<string, unknown> {
  const hint = `It is not a safetensors file, or it is damaged. ${NEXT_MOVE}`;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new InputError(`${label}: the header is not JSON: its bytes are no UTF-8.`, { hint, cause });
  }
  let parsed: unknown;
  try {
    parsed = parseJson(text, `${label}: the header`, { uniqueKeys: true });
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    throw new InputError(cause.message, { hint, cause });
  }
  if (!isRecord(parsed) || text.startsWith('\uFEFF')) {
    throw new InputError(`${label}: the header is JSON but not an object of tensors.`, { hint: NEXT_MOVE });
  }
  return parsed;
}

function checkEntry(
  name: string,
  entry: unknown,
  dataStart: number,
  fileSize: number,
  label: string,
): TensorInfo {
  const fail = (problem: string, hint = NEXT_MOVE): never => {
    throw new InputError(`${label}: tensor "${name}" ${problem}.`, { hint });
  };
  if (!isRecord(entry)) return fail('has no description (dtype, shape, data_offsets) in the header');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    return fail(
      `has dtype ${JSON.stringify(dtype)}; known are ${Object.keys(DTYPE_BYTES).join(', ')}`,
      'Save the checkpoint as F32, F16 or BF16.',
    );
  }
  if (!isCounts(shape))
    return fail(`has shape ${JSON.stringify(shape)}, expected a list of whole numbers ≥ 0`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    return fail(`has data_offsets ${JSON.stringify(offsets)}, expected [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  const dataBytes = fileSize - dataStart;
  if (begin > end || end > dataBytes) {
    return fail(`has data_offsets [${begin}, ${end}], out of range of the file's ${dataBytes} data bytes`);
  }
  const expected = shape.reduce((count, side) => count * side, DTYPE_BYTES[dtype]);
  // A side of 0 does not excuse others whose product no count can hold.
  const counted = shape.reduce((count, side) => count * Math.max(1, side), DTYPE_BYTES[dtype]);
  if (!Number.isSafeInteger(counted)) {
    return fail(`of shape [${shape.join(', ')}] would have more elements than can be counted`);
  }
  if (end - begin !== expected) {
    return fail(
      `of shape [${shape.join(', ')}] and dtype ${dtype} needs ${expected} bytes, its data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, start: dataStart + begin, end: dataStart + end };
}

/** The format's rule: the tensors cover the data from its first byte to the file's last, without a hole or an overlap. */
function checkCovered(
  tensors: ReadonlyMap<string, TensorInfo>,
  dataStart: number,
  fileSize: number,
  label: string,
): void {
  const byStart = [...tensors.values()].sort((a, b) => a.start - b.start || a.end - b.end);
  let before: TensorInfo | undefined;
  for (const tensor of byStart) {
    const covered = (before?.end ?? dataStart) - dataStart;
    const found = `tensor "${tensor.name}" starts at data offset ${tensor.start - dataStart}`;
    if (tensor.start - dataStart < covered) {
      const problem = `${found}, inside tensor "${before!.name}", which ends at ${covered}`;
      throw new InputError(`${label}: ${problem}.`, { hint: NEXT_MOVE });
    }
    if (tensor.start - dataStart > covered) {
      const problem = before ? `where tensor "${before.name}" ends` : 'the first byte of the data';
      throw new InputError(`${label}: ${found}, expected ${covered}, ${problem}: the file has a hole.`, {
        hint: NEXT_MOVE,
      });
    }
    before = tensor;
  }
  const end = before?.end ?? dataStart;
  if (end === fileSize) return;
  throw new InputError(
    `${label}: found ${fileSize - end} bytes after the last tensor${before ? ` ("${before.name}")` : ''}, expected the file to ` +
      `end there, at byte ${end}.`,
    { hint: `Something was added to the file, or its header is of another file. ${NEXT_MOVE}` },
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function stringValues(value: unknown, label: string): Record<string, string> {
  if (value === null) return {};
  const odd = isRecord(value) ? Object.entries(value).find((pair) => typeof pair[1] !== 'string') : [];
  if (!odd) return value as Record<string, string>;
  throw new InputError(
    `${label}: "__metadata__"${odd[0] === undefined ? '' : `, key ${JSON.stringify(odd[0])},`} is no text, expected an object of texts.`,
    { hint: NEXT_MOVE },
  );
}

/** Several sources as one: a tensor comes from the first that has it. */
export function firstThatHas(sources: readonly [TensorSource, ...TensorSource[]]): TensorSource {
  const [first] = sources;
  const holder = (name: string): TensorSource => sources.find((source) => source.has(name)) ?? first;
  return {
    label: sources.map(({ label }) => label).join(', '),
    names: () => [...new Set(sources.flatMap((source) => source.names()))],
    has: (name) => sources.some((source) => source.has(name)),
    info: (name) => holder(name).info(name),
    bytes: (name) => holder(name).bytes(name),
    pieces: (name, pieceBytes, range) => holder(name).pieces(name, pieceBytes, range),
    float32: (name) => holder(name).float32(name),
    integers: (name) => holder(name).integers(name),
  };
}
