/**
 * Pages of a Parquet column are looked at before they are decoded. Levels and references to a dictionary are runs, a length and a
 * value each: a damaged length of two billion would be expanded before anyone sees that the page has ten values.
 */
import type { AsyncBuffer, CompressionCodec, Compressors } from 'hyparquet';
import type { Leaf } from './parquet-schema.ts';

/** The pages of a leaf that lie between two places of the file. */
export interface PageSpan {
  readonly start: number;
  readonly end: number;
  readonly leaf: Leaf;
  readonly codec: CompressionCodec;
  /** Values, and bytes as they are unpacked, of all pages of its column in the row group. */
  readonly mostValues: number;
  readonly mostBytes: number;
}

type Decoding = Awaited<ReturnType<typeof decoding>>;
type PageHeader = ReturnType<Decoding['parquetHeader']>;

async function decoding() {
  const [{ parquetHeader }, { decompressPage }] = await Promise.all([
    import('hyparquet/src/column.js'),
    import('hyparquet/src/datapage.js'),
  ]);
  return { parquetHeader, decompressPage };
}

/** The same file, whose pages are looked at when they are read. */
export async function checkedPages(
  source: AsyncBuffer,
  spans: readonly PageSpan[],
  compressors: Compressors,
): Promise<AsyncBuffer> {
  const library = await decoding();
  return {
    byteLength: source.byteLength,
    async slice(start, end) {
      const buffer = await source.slice(start, end);
      for (const span of spans) {
        if (span.start < start || span.end > start + buffer.byteLength) continue;
        const bytes = new Uint8Array(buffer, span.start - start, span.end - span.start);
        checkSpan(bytes, { ...span, compressors, ...library });
      }
      return buffer;
    },
  };
}

type Check = PageSpan & Decoding & { readonly compressors: Compressors };

function checkSpan(bytes: Uint8Array, check: Check): void {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  while (reader.offset < bytes.length - 1) {
    const header = check.parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    demandCount('bytes', header.compressed_page_size, bytes.length - reader.offset);
    demandCount('bytes', header.uncompressed_page_size, check.mostBytes);
    checkPage(header, bytes.subarray(reader.offset, end), check);
    reader.offset = end;
  }
}

/** `bytes`: of the page, behind its header. @throws RangeError for runs that go beyond the page's values */
function checkPage(header: PageHeader, bytes: Uint8Array, check: Check): void {
  const { leaf, codec, compressors, decompressPage, mostValues } = check;
  const size = header.uncompressed_page_size;
  const { data_page_header: first, data_page_header_v2: second } = header;
  if (first) {
    demandCount('values', first.num_values, mostValues);
    const page = new Runs(decompressPage(bytes, size, codec, compressors));
    for (const level of [leaf.repetition, leaf.definition])
      if (level > 0) page.levels(level, first.num_values);
    page.references(first.encoding, first.num_values);
  } else if (second) {
    demandCount('values', second.num_values, mostValues);
    for (const count of [second.num_nulls, second.num_rows]) demandCount('values', count, second.num_values);
    const [above, below] = [second.repetition_levels_byte_length, second.definition_levels_byte_length];
    for (const length of [above, below, above + below]) demandCount('bytes', length, bytes.length);
    const levels = new Runs(bytes);
    if (leaf.repetition > 0) levels.runs(widthOf(leaf.repetition), second.num_values);
    levels.at = above;
    if (leaf.definition > 0) levels.runs(widthOf(leaf.definition), second.num_values);
    const rest = bytes.subarray(above + below);
    const isPacked = second.is_compressed !== false;
    const page = isPacked ? decompressPage(rest, size - above - below, codec, compressors) : rest;
    new Runs(page).references(second.encoding, second.num_values);
  }
}

/** What a damaged header says may be no number at all. */
function demandCount(of: string, count: unknown, most: number): void {
  if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > most)
    throw new RangeError(`a page of ${String(count)} ${of}, where ${most} are`);
}

/** Bits that hold numbers up to this one. */
const widthOf = (most: number): number => 32 - Math.clz32(most);

/** Runs of a page, passed over one after the other. */
class Runs {
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Levels up to `most`, with their length in bytes before them. */
  levels(most: number, count: number, mayEnd = false): void {
    const length = this.#view.getUint32(this.at, true);
    const start = this.at + 4;
    this.at = start;
    this.runs(widthOf(most), count, mayEnd);
    this.at = start + length;
  }

  /** Places of words in a dictionary: the rest of a page of that encoding. Values that are empty have none. */
  references(encoding: string, count: number): void {
    // Truth values are runs of their own.
    if (encoding === 'RLE') this.levels(1, count, true);
    if (!encoding.endsWith('_DICTIONARY') || this.at >= this.#view.byteLength) return;
    const width = this.#view.getUint8(this.at++);
    if (width > 32) throw new RangeError(`references of ${width} bits`);
    if (width > 0) this.runs(width, count, true);
  }

  /** Runs of `count` values; of fewer, where `mayEnd`, as far as the page goes. @throws RangeError where one goes beyond them */
  runs(width: number, count: number, mayEnd = false): void {
    for (let seen = 0; seen < count; ) {
      if (mayEnd && this.at >= this.#view.byteLength) return;
      const header = this.#varint();
      // Values that are packed come by eight: the last of them may be none.
      const [run, bytes] =
        (header & 1) === 1 ? [(header >>> 1) * 8, (header >>> 1) * width] : [header >>> 1, (width + 7) >> 3];
      if (run > count - seen + ((header & 1) === 1 ? 7 : 0))
        throw new RangeError(`a run of ${run} values, where ${count - seen} are left`);
      this.at += bytes;
      seen += run;
    }
  }

  #varint(): number {
    let number = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#view.getUint8(this.at++);
      number |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return number >>> 0;
    }
    throw new RangeError('a run without a length');
  }
}
