/**
 * Writes Python's pickle, protocol 2, as far as checkpoints need it: containers of plain values, calls of named
 * functions, and persistent ids. A number is Python's int; `float` makes a float of it.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | readonly PickleValue[]
  | ReadonlyMap<string | number, PickleValue>
  | PickleNode;

/** What has no twin among JavaScript's values. */
export type PickleNode =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'tuple'; readonly items: readonly PickleValue[] }
  | { readonly kind: 'global'; readonly module: string; readonly name: string }
  | { readonly kind: 'call'; readonly callee: PickleValue; readonly args: readonly PickleValue[] }
  | { readonly kind: 'persistent'; readonly id: PickleValue };

export const float = (value: number): PickleNode => ({ kind: 'float', value });
export const tuple = (...items: readonly PickleValue[]): PickleNode => ({ kind: 'tuple', items });
export const global = (module: string, name: string): PickleNode => ({ kind: 'global', module, name });
export const call = (callee: PickleValue, ...args: readonly PickleValue[]): PickleNode => ({
  kind: 'call',
  callee,
  args,
});
export const persistent = (id: PickleValue): PickleNode => ({ kind: 'persistent', id });
/** A dict with text keys, in the object's order. */
export const dict = (entries: Readonly<Record<string, PickleValue>>): PickleValue =>
  new Map(Object.entries(entries));

/** Opcodes by their names in Python's pickletools. */
const OP = {
  PROTO: 0x80,
  STOP: 0x2e,
  MARK: 0x28,
  NONE: 0x4e,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  BININT1: 0x4b,
  BININT: 0x4a,
  LONG1: 0x8a,
  BINFLOAT: 0x47,
  BINUNICODE: 0x58,
  EMPTY_LIST: 0x5d,
  APPENDS: 0x65,
  EMPTY_DICT: 0x7d,
  SETITEMS: 0x75,
  TUPLE: 0x74,
  GLOBAL: 0x63,
  REDUCE: 0x52,
  BINPERSID: 0x51,
} as const;

const PROTOCOL = 2;

/** The pickle of a value. Throws RangeError for a number that is no safe integer and is not marked as a float. */
export function pickle(value: PickleValue): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [OP.PROTO, PROTOCOL];
  write(bytes, value);
  bytes.push(OP.STOP);
  return Uint8Array.from(bytes);
}

function write(to: number[], value: PickleValue): void {
  if (value === null) to.push(OP.NONE);
  else if (typeof value === 'boolean') to.push(value ? OP.NEWTRUE : OP.NEWFALSE);
  else if (typeof value === 'number') writeInteger(to, value);
  else if (typeof value === 'string') writeText(to, value);
  else if (value instanceof Map) writeDict(to, value);
  else if ('kind' in value) writeNode(to, value);
  else writeList(to, value as readonly PickleValue[]);
}

function writeNode(to: number[], node: PickleNode): void {
  switch (node.kind) {
    case 'float':
      to.push(OP.BINFLOAT, ...bytesOf(8, (view) => view.setFloat64(0, node.value)));
      return;
    case 'tuple':
      writeTuple(to, node.items);
      return;
    case 'global':
      to.push(OP.GLOBAL, ...new TextEncoder().encode(`${node.module}\n${node.name}\n`));
      return;
    case 'call':
      write(to, node.callee);
      writeTuple(to, node.args);
      to.push(OP.REDUCE);
      return;
    case 'persistent':
      write(to, node.id);
      to.push(OP.BINPERSID);
      return;
    default:
      node satisfies never;
  }
}

function writeInteger(to: number[], value: number): void {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`pickle: ${value} is no whole number; mark it as float.`);
  if (value >= 0 && value < 256) to.push(OP.BININT1, value);
  else if (Math.abs(value) < 2 ** 31)
    to.push(OP.BININT, ...bytesOf(4, (view) => view.setInt32(0, value, true)));
  else to.push(OP.LONG1, 8, ...bytesOf(8, (view) => view.setBigInt64(0, BigInt(value), true)));
}

function writeText(to: number[], text: string): void {
  const utf8 = new TextEncoder().encode(text);
  to.push(OP.BINUNICODE, ...bytesOf(4, (view) => view.setUint32(0, utf8.length, true)), ...utf8);
}

function writeList(to: number[], items: readonly PickleValue[]): void {
  to.push(OP.EMPTY_LIST, OP.MARK);
  for (const item of items) write(to, item);
  to.push(OP.APPENDS);
}

function writeTuple(to: number[], items: readonly PickleValue[]): void {
  to.push(OP.MARK);
  for (const item of items) write(to, item);
  to.push(OP.TUPLE);
}

function writeDict(to: number[], entries: ReadonlyMap<string | number, PickleValue>): void {
  to.push(OP.EMPTY_DICT, OP.MARK);
  for (const [key, value] of entries) {
    write(to, key);
    write(to, value);
  }
  to.push(OP.SETITEMS);
}

function bytesOf(size: number, set: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  set(view);
  return new Uint8Array(view.buffer);
}
