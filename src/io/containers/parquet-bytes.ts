/** Files that are values of a Parquet column, each read with the page that it lies in. */
import { InputError } from '../../math/errors.ts';
import { type PageLocation, type ParquetFile, type RowGroupPlace, whole } from './parquet.ts';
import { type Leaf, pathOf } from './parquet-schema.ts';

/** Of a page's header, where its statistics are short. */
const HEADER_BYTES = 1 << 10;
const MOST_HEADER_BYTES = 1 << 20;

interface Span {
  readonly start: number;
  readonly end: number;
  readonly pageLocationsByGroup?: readonly Readonly<Record<string, readonly PageLocation[]>>[];
}

/** The files of one row: one, or of a list any number; undefined where the row has none. */
type Values = readonly (Blob | undefined)[];

export class ParquetBytes {
  readonly #file: ParquetFile;
  readonly #leaf: Leaf;
  readonly #pages = new Map<number, Promise<readonly PageLocation[] | undefined>>();
  /** The rows that were read last: clips are asked for in order, and several times each. */
  #last?: { readonly start: number; readonly end: number; readonly rows: Promise<readonly Values[]> };

  constructor(file: ParquetFile, leaf: Leaf) {
    this.#file = file;
    this.#leaf = leaf;
  }

  /** The file of a row; of a list the one at `at`. @throws InputError where there is none */
  async blob(row: number, at = 0): Promise<Blob> {
    const blob = (await this.valuesOf(row))[at];
    if (blob) return blob;
    throw new InputError(
      `${this.#file.path}: found no bytes in row ${row + 1} of the column "${this.#leaf.path[0]}", expected a file.`,
      { hint: 'Leave the row out, or fill it.' },
    );
  }

  async valuesOf(row: number): Promise<Values> {
    const kept = this.#last;
    if (kept && row >= kept.start && row < kept.end) return (await kept.rows)[row - kept.start]!;
    const span = await this.#spanOf(row);
    const rows = this.#read(span);
    this.#last = { start: span.start, end: span.end, rows };
    try {
      return (await rows)[row - span.start]!;
    } catch (error) {
      this.#last = undefined;
      throw error;
    }
  }

  async #read(span: Span): Promise<Values[]> {
    const rows = await this.#file.range([this.#leaf], span, false);
    return rows.map((row) => bytesIn(row[this.#leaf.path[0]!]).map((bytes) => bytes && new Blob([bytes])));
  }

  /** The rows of the page that a row is in; of its whole group where pages are not known. */
  async #spanOf(row: number): Promise<Span> {
    const group = this.#file.groups.find(({ start, rows }) => row >= start && row < start + rows)!;
    const known = this.#pages.get(group.index) ?? whole(this.#file.path, () => this.#locate(group));
    this.#pages.set(group.index, known);
    const pages = await known;
    const page = pages?.findLastIndex(({ first_row_index }) => Number(first_row_index) <= row - group.start);
    if (!pages || page === undefined || page < 0)
      return { start: group.start, end: group.start + group.rows };
    const next = pages[page + 1]?.first_row_index ?? BigInt(group.rows);
    const pageLocationsByGroup: Record<string, readonly PageLocation[]>[] = [];
    pageLocationsByGroup[group.index] = { [pathOf(this.#leaf)]: pages };
    return {
      start: group.start + Number(pages[page]!.first_row_index),
      end: group.start + Number(next),
      pageLocationsByGroup,
    };
  }

  /** Where the pages lie: by the file's own index, else by their headers one after the other. */
  async #locate(group: RowGroupPlace): Promise<readonly PageLocation[] | undefined> {
    const chunk = this.#file.chunkOf(this.#leaf, group);
    const { offset_index_offset: offset, offset_index_length: length } = chunk ?? {};
    if (offset !== undefined && length !== undefined) {
      const { readOffsetIndex } = await import('hyparquet');
      const bytes = await this.#file.source.slice(Number(offset), Number(offset) + length);
      return readOffsetIndex({ view: new DataView(bytes), offset: 0 }).page_locations;
    }
    // A row's values may go on in the next page: how many rows a page has is not in its header then.
    const meta = this.#leaf.isRepeated ? undefined : chunk?.meta_data;
    if (!meta) return undefined;
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    return this.#walk(start, start + Number(meta.total_compressed_size));
  }

  async #walk(start: number, end: number): Promise<PageLocation[]> {
    const pages: PageLocation[] = [];
    let [at, row] = [start, 0];
    while (at < end) {
      const { header, bytes } = await this.#headerAt(at, end);
      const rows = header.data_page_header_v2?.num_rows ?? header.data_page_header?.num_values;
      const size = bytes + header.compressed_page_size;
      if (!(size > bytes) || at + size > end || (rows ?? 0) < 0) {
        throw new RangeError(`a page of ${size} bytes at ${at}, in a column that ends at ${end}`);
      }
      if (rows !== undefined) {
        pages.push({ offset: BigInt(at), compressed_page_size: size, first_row_index: BigInt(row) });
        row += rows;
      }
      at += size;
    }
    return pages;
  }

  async #headerAt(at: number, end: number) {
    const { parquetHeader } = await import('hyparquet/src/column.js');
    for (let length = HEADER_BYTES; ; length *= 8) {
      const view = new DataView(await this.#file.source.slice(at, Math.min(end, at + length)));
      const reader = { view, offset: 0 };
      try {
        return { header: parquetHeader(reader), bytes: reader.offset };
      } catch (error) {
        // Its statistics, values of the page among them, may make it longer.
        if (length >= MOST_HEADER_BYTES || at + length >= end) throw error;
      }
    }
  }
}

/** The bytes in a value: itself, those of a struct, those of each of a list. */
function bytesIn(value: unknown): (Uint8Array<ArrayBuffer> | undefined)[] {
  if (Array.isArray(value)) return value.flatMap(bytesIn);
  if (value instanceof Uint8Array) return [value as Uint8Array<ArrayBuffer>];
  if (typeof value !== 'object' || value === null) return [undefined];
  const [first] = Object.values(value);
  return bytesIn(first);
}
