/** Parquet files as lists of rows; pictures, sound and videos that lie in them as files beside their rows. */
import { openParquet, type ParquetFile, type ParquetRow } from '../../io/containers/parquet.ts';
import { ParquetBytes } from '../../io/containers/parquet-bytes.ts';
import { type Leaf, pathOf } from '../../io/containers/parquet-schema.ts';
import { baseName, cleanPath, type FileEntry } from '../../io/files/files.ts';
import { isMedia } from '../../protocol/clip-types.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { isRecord, type Json } from '../json-shapes.ts';
import { featuresOf } from './hub-features.ts';
import { endingOf, isText } from './media-bytes.ts';
import { plainValue } from './plain-value.ts';

export interface Table {
  /** What lies in its columns as bytes. Nothing of it is read until it is asked for. */
  readonly files: readonly FileEntry[];
  readonly issues: readonly DataIssue[];
  /** Its rows in order, as a JSON file would have them: of what is a file, its path beside the table. */
  items(): Promise<readonly Json[]>;
}

/** A column whose values are files, or lists of files. */
interface MediaColumn {
  readonly name: string;
  /** Paths of a row's files beside the table, in order. */
  readonly paths: readonly (readonly string[])[];
  readonly isList: boolean;
  readonly bytes: ParquetBytes;
}

/** @throws InputError for what is no Parquet file */
export async function openTable(entry: FileEntry): Promise<Table> {
  const file = await openParquet(entry);
  const features = featuresOf(file.note('huggingface'));
  const columns: MediaColumn[] = [];
  const issues: DataIssue[] = [];
  const texts = file.leaves.filter((leaf) => !leaf.isBinary);
  for (const leaf of file.leaves.filter(({ isBinary }) => isBinary)) {
    const bytes = new ParquetBytes(file, leaf);
    const read = await mediaColumn(file, leaf, bytes);
    if (read === 'text') texts.push(leaf);
    else if (read) columns.push(read);
    else issues.push(unknownBytes(entry.path, leaf));
  }
  const folder = entry.path.slice(0, -baseName(entry.path).length);
  const items = async (): Promise<readonly Json[]> => {
    const all: Json[] = [];
    for await (const rows of file.rows(texts)) {
      for (const row of rows) all.push(itemOf(row, all.length, { columns, features }));
    }
    return all;
  };
  return { files: columns.flatMap((column) => filesOf(column, folder, file)), issues, items };
}

function itemOf(
  row: ParquetRow,
  index: number,
  {
    columns,
    features,
  }: { readonly columns: readonly MediaColumn[]; readonly features: ReturnType<typeof featuresOf> },
): Json {
  const item: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    const named = features.wordOf(name, value);
    item[name] = named ?? plainValue(value);
  }
  for (const { name, paths, isList } of columns) {
    const own = paths[index] ?? [];
    // A row without bytes may name files that lie beside the table.
    const files = own.length > 0 ? own : namesIn(item[name]).filter((path) => path !== undefined);
    item[name] = isList ? files : (files[0] ?? null);
  }
  return item;
}

const pathIn = (value: unknown): string | undefined =>
  isRecord(value) && typeof value.path === 'string' ? value.path : undefined;

function filesOf({ paths, bytes }: MediaColumn, folder: string, file: ParquetFile): FileEntry[] {
  return paths.flatMap((own, row) =>
    own.map((path, at) => ({
      path: folder + path,
      mark: `${file.source.byteLength} ${row} ${at}`,
      blob: () => bytes.blob(row, at),
    })),
  );
}

/** undefined for bytes that are no media. */
async function mediaColumn(
  file: ParquetFile,
  leaf: Leaf,
  bytes: ParquetBytes,
): Promise<MediaColumn | 'text' | undefined> {
  const name = leaf.path[0]!;
  const rows = await namesOf(file, leaf, bytes);
  const first = rows.findIndex((names) => names.some((each) => each !== undefined));
  if (first < 0) return { name, paths: [], isList: leaf.isRepeated, bytes };
  const isNamed = rows.every((names) => names.every((each) => each === undefined || isMedia(each)));
  const ending = isNamed ? undefined : await sniffed(bytes, first);
  if (ending === 'text' && leaf.path.length === 1) return 'text';
  if (!isNamed && (ending === undefined || ending === 'text')) return undefined;
  const table = baseName(file.path);
  const paths = rows.map((names, row) =>
    names.flatMap((written, at) => {
      if (written === undefined) return [];
      const given = isMedia(written)
        ? baseName(cleanPath(written))
        : `${leaf.isRepeated ? at + 1 : name}.${ending}`;
      return [`${table}/${name}/row${row + 1}/${given}`];
    }),
  );
  return { name, paths, isList: leaf.isRepeated, bytes };
}

async function sniffed(bytes: ParquetBytes, row: number): Promise<string | undefined> {
  const found = (await bytes.valuesOf(row)).find((blob) => blob !== undefined);
  if (!found) return undefined;
  const head = new Uint8Array(await found.slice(0, 64).arrayBuffer());
  return endingOf(head) ?? (isText(head) ? 'text' : undefined);
}

/** For each row the names of its files, '' where they have none; undefined in place of one that has no bytes. */
type Names = readonly (string | undefined)[];

/** Which rows have bytes is said by their paths, or by the counts of empty values; only where neither does, bytes are read. */
async function namesOf(file: ParquetFile, leaf: Leaf, bytes: ParquetBytes): Promise<Names[]> {
  const path = file.leaves.find(
    (other) => pathOf({ path: [...leaf.path.slice(0, -1), 'path'] }) === pathOf(other) && !other.isBinary,
  );
  const counts: Names[] = [];
  for (const group of file.groups) {
    const nulls = nullsIn(file, leaf, group);
    const values = Number(file.chunkOf(leaf, group)?.meta_data?.num_values ?? 0);
    const range = { start: group.start, end: group.start + group.rows };
    const written = path
      ? (await file.range([path], range)).map((row) => namesIn(row[path.path[0]!]))
      : undefined;
    const isByPath = path !== undefined && nulls === nullsIn(file, path, group);
    for (let row = 0; row < group.rows; row++) {
      const names = written?.[row];
      if (nulls === values) counts.push([]);
      else if (names && isByPath && nulls > 0) counts.push(names);
      else if (nulls === 0 && (names || !leaf.isRepeated))
        counts.push((names ?? ['']).map((each) => each ?? ''));
      else {
        const blobs = await bytes.valuesOf(group.start + row);
        counts.push(blobs.map((blob, at) => blob && (names?.[at] ?? '')));
      }
    }
  }
  return counts;
}

/** Empty values of a leaf in a row group; where the file does not say, none. */
function nullsIn(file: ParquetFile, leaf: Leaf, group: Parameters<ParquetFile['chunkOf']>[1]): number {
  return Number(file.chunkOf(leaf, group)?.meta_data?.statistics?.null_count ?? 0);
}

/** The paths in a value: of a struct, or of each of a list. */
function namesIn(value: unknown): (string | undefined)[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  return [pathIn(value)];
}

const unknownBytes = (file: string, { path }: Leaf): DataIssue => ({
  reason: 'column not used',
  file,
  message: `${file}: the column "${path.join('.')}" holds bytes that are no picture, sound or video that is known.`,
  hint: 'It was left out.',
});
