/** Parquet files read by row groups and columns: what is not asked for is not read. */
import type { AsyncBuffer, ColumnChunk, Compressors, FileMetaData } from 'hyparquet';
import { InputError } from '../../math/errors.ts';
import type { FileEntry } from '../files/files.ts';
import { isReadFailure, reading, unreadableFile } from '../files/unreadable.ts';
import { checkedPages, type PageSpan } from './parquet-pages.ts';
import { type Leaf, leavesOf, pathOf, withLeaves } from './parquet-schema.ts';

export type ParquetRow = Readonly<Record<string, unknown>>;

/** A number of rows that were written together. */
export interface RowGroupPlace {
  readonly index: number;
  /** Of its first row, in the file. */
  readonly start: number;
  readonly rows: number;
}

export interface RowRange {
  readonly start: number;
  readonly end: number;
  /** Where the pages of a leaf lie, by row group, where that is known. */
  readonly pageLocationsByGroup?: readonly Readonly<Record<string, readonly PageLocation[]>>[];
}

/** Where a page lies, and the first row of the group that is in it. */
export interface PageLocation {
  readonly offset: bigint;
  readonly compressed_page_size: number;
  readonly first_row_index: bigint;
}

const AGAIN = 'Download or copy it again.';
/** Bytes at the end of a file that hold the schema and the places of most; more are read where they are needed. */
const FOOTER_BYTES = 1 << 16;

const library = () => import('hyparquet');
const compressorsOf = async (): Promise<Compressors> => (await import('hyparquet-compressors')).compressors;

/** @throws InputError for what is no Parquet file */
export async function openParquet(file: FileEntry): Promise<ParquetFile> {
  const blob = await reading(file.path, () => file.blob());
  const source: AsyncBuffer = {
    byteLength: blob.size,
    slice: (start, end) => blob.slice(start, end).arrayBuffer(),
  };
  const { parquetMetadataAsync } = await library();
  const metadata = await whole(file.path, async () => {
    const read = await parquetMetadataAsync(source, { initialFetchSize: FOOTER_BYTES });
    checkCounts(read, blob.size);
    return read;
  });
  return new ParquetFile(file.path, source, metadata);
}

/** Work on a file. @throws InputError where it is damaged, or cannot be read any more */
export async function whole<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    if (isReadFailure(cause)) throw unreadableFile(path, cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${path}: found what is no whole Parquet file (${reason}), expected one.`, {
      hint: AGAIN,
      cause,
    });
  }
}

/** Counts that a damaged file would have read without end. */
function checkCounts({ num_rows, row_groups }: FileMetaData, bytes: number): void {
  const isCount = (value: bigint | undefined) => value !== undefined && value >= 0n;
  const rows = row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (rows !== num_rows) throw new RangeError(`${num_rows} rows, in groups of ${rows}`);
  for (const { num_rows: own, columns } of row_groups) {
    for (const { meta_data: meta } of columns) {
      const isInside = meta && isCount(meta.total_compressed_size) && meta.total_compressed_size <= bytes;
      if (!isCount(own) || !isInside || !isCount(meta.num_values) || meta.num_values < own)
        throw new RangeError('a column of other counts than its rows');
    }
  }
}

export class ParquetFile {
  readonly path: string;
  readonly leaves: readonly Leaf[];
  readonly groups: readonly RowGroupPlace[];
  /** Bytes of the file, from a place on. */
  readonly source: AsyncBuffer;
  readonly #metadata: FileMetaData;

  constructor(path: string, source: AsyncBuffer, metadata: FileMetaData) {
    this.path = path;
    this.source = source;
    this.#metadata = metadata;
    this.leaves = leavesOf(metadata);
    let start = 0;
    this.groups = metadata.row_groups.map(({ num_rows }, index) => {
      const group = { index, start, rows: Number(num_rows) };
      start += group.rows;
      return group;
    });
  }

  get rowCount(): number {
    return this.groups.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** A text that the program that wrote the file put into it. */
  note(key: string): string | undefined {
    return this.#metadata.key_value_metadata?.find((each) => each.key === key)?.value;
  }

  /** What is said of a leaf in a row group. */
  chunkOf(leaf: Leaf, { index }: RowGroupPlace): ColumnChunk | undefined {
    const path = pathOf(leaf);
    return this.#metadata.row_groups[index]!.columns.find(
      ({ meta_data }) => meta_data?.path_in_schema.join('.') === path,
    );
  }

  /** Rows with these leaves only, a row group at a time. @throws InputError for what is damaged */
  async *rows(leaves: readonly Leaf[]): AsyncGenerator<ParquetRow[]> {
    for (const { start, rows } of this.groups) {
      yield leaves.length === 0
        ? Array.from({ length: rows }, () => ({}))
        : await this.range(leaves, { start, end: start + rows });
    }
  }

  /** The rows from `start` on, before `end`. Bytes stay bytes where `utf8` is false. */
  async range(leaves: readonly Leaf[], range: RowRange, utf8 = true): Promise<ParquetRow[]> {
    const kept = new Set(leaves.map(pathOf));
    const { start, end, ...places } = range;
    return whole(this.path, async () => {
      const { parquetReadObjects } = await library();
      const compressors = await compressorsOf();
      const options = {
        file: await checkedPages(this.source, this.#spansOf(leaves, range), compressors),
        metadata: withLeaves(this.#metadata, (path) => kept.has(path)),
        rowStart: start,
        rowEnd: end,
        compressors,
        utf8,
        ...places,
      };
      return parquetReadObjects(options);
    });
  }

  /** Where the pages of a range lie: of what is read whole, the column of its row group. */
  #spansOf(leaves: readonly Leaf[], { start, end, pageLocationsByGroup }: RowRange): PageSpan[] {
    const read = this.groups.filter((group) => group.start < end && group.start + group.rows > start);
    return read.flatMap((group) =>
      leaves.flatMap((leaf): PageSpan[] => {
        const meta = this.chunkOf(leaf, group)?.meta_data;
        if (!meta) return [];
        const known = {
          leaf,
          codec: meta.codec,
          mostValues: Number(meta.num_values),
          mostBytes: Number(meta.total_uncompressed_size),
        };
        const pages = pageLocationsByGroup?.[group.index]?.[pathOf(leaf)];
        const from = Number(meta.dictionary_page_offset || meta.data_page_offset);
        if (!pages) return [{ ...known, start: from, end: from + Number(meta.total_compressed_size) }];
        return pages.map(({ offset, compressed_page_size: size }) => ({
          ...known,
          start: Number(offset),
          end: Number(offset) + size,
        }));
      }),
    );
  }
}
