/**
 * TensorBoard's event files: TFRecords, each an `Event` of tensorflow/core/util/event.proto with one scalar a tag.
 * A record is [length u64][masked CRC-32C of the length u32][bytes][masked CRC-32C of the bytes u32], little-endian.
 */
import { createCRC32, type IHasher } from 'hash-wasm';

type Bytes = Uint8Array<ArrayBuffer>;

export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** By tag; written as float32, which is what a scalar of TensorBoard is. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** Castagnoli's polynomial, reflected. */
const CRC32C = 0x82f63b78;
/** What every event file begins with. */
const VERSION = 'brain.Event:2';

/** The records of a file in order: its version first. TensorBoard reads a file whose name has `tfevents` in it. */
export async function* eventRecords(
  begun: number,
  events: Iterable<ScalarEvent> | AsyncIterable<ScalarEvent>,
): AsyncGenerator<Bytes> {
  const crc = await createCRC32(CRC32C);
  yield record(crc, message(double(1, begun), text(3, VERSION)));
  for await (const event of events) yield record(crc, eventMessage(event));
}

/** Event { double wall_time = 1; int64 step = 2; Summary summary = 5 { repeated Value value = 1 { string tag = 1; float simple_value = 2 } } } */
function eventMessage({ wallTime, step, scalars }: ScalarEvent): Bytes {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytes(1, message(text(1, tag), float(2, value))),
  );
  return message(double(1, wallTime), integer(2, step), bytes(5, message(...values)));
}

function record(crc: IHasher, data: Bytes): Bytes {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.byteLength), true);
  return message(length, masked(crc, length), data, masked(crc, data));
}

/** Rotated and shifted, so that a checksum of what holds checksums stays one: crc ↦ ((crc >> 15) | (crc << 17)) + 0xa282ead8. */
function masked(crc: IHasher, data: Bytes): Bytes {
  const sum = Number.parseInt(crc.init().update(data).digest('hex'), 16);
  const found = new Uint8Array(4);
  new DataView(found.buffer).setUint32(0, ((sum >>> 15) | (sum << 17)) + 0xa282ead8, true);
  return found;
}

// Protobuf's wire format: a key (field number and wire type) before each value.
const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH_FIRST = 2;
const FOUR_BYTES = 5;

function message(...fields: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(fields.reduce((sum, field) => sum + field.byteLength, 0));
  let at = 0;
  for (const field of fields) {
    joined.set(field, at);
    at += field.byteLength;
  }
  return joined;
}

const key = (field: number, wire: number): Bytes => varint(field * 8 + wire);

const integer = (field: number, value: number): Bytes => message(key(field, VARINT), varint(value));

const text = (field: number, value: string): Bytes => bytes(field, new TextEncoder().encode(value));

const bytes = (field: number, value: Bytes): Bytes =>
  message(key(field, LENGTH_FIRST), varint(value.byteLength), value);

function double(field: number, value: number): Bytes {
  const written = new Uint8Array(8);
  new DataView(written.buffer).setFloat64(0, value, true);
  return message(key(field, EIGHT_BYTES), written);
}

function float(field: number, value: number): Bytes {
  const written = new Uint8Array(4);
  new DataView(written.buffer).setFloat32(0, value, true);
  return message(key(field, FOUR_BYTES), written);
}

/** Seven bits a byte, the lowest first; all but the last byte have their top bit set. */
function varint(value: number): Bytes {
  const written: number[] = [];
  let rest = value;
  while (rest >= 128) {
    written.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...written, rest]);
}
