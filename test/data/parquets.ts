/** Parquet files made in the test, by another program's writer. */
import type { CompressionCodec, SchemaElement } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { SparseBytes } from '../setup/sparse-bytes.ts';

type Kind = 'text' | 'int' | 'long' | 'real' | 'bytes' | 'file' | 'files' | 'texts' | 'struct';

export interface Column {
  readonly name: string;
  readonly kind: Kind;
  readonly data: readonly unknown[];
}

const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});
const bytes = (name: string): SchemaElement => ({ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' });
const group = (name: string, num_children: number): SchemaElement => ({
  name,
  num_children,
  repetition_type: 'OPTIONAL',
});
const list = (name: string, element: readonly SchemaElement[]): SchemaElement[] => [
  { ...group(name, 1), converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ...element,
];
const file = (name: string): SchemaElement[] => [group(name, 2), bytes('bytes'), text('path')];

const ELEMENTS: Readonly<Record<Kind, (name: string) => SchemaElement[]>> = {
  text: (name) => [text(name)],
  int: (name) => [{ name, type: 'INT32', repetition_type: 'OPTIONAL' }],
  long: (name) => [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }],
  real: (name) => [{ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }],
  bytes: (name) => [bytes(name)],
  /** As `datasets` writes Image, Audio and Video. */
  file,
  files: (name) => list(name, file('element')),
  texts: (name) => list(name, [text('element')]),
  struct: (name) => [group(name, 1), text('text')],
};

export interface Written {
  readonly codec?: CompressionCodec;
  readonly rowsPerGroup?: number;
  readonly pageBytes?: number;
  readonly offsetIndex?: boolean;
  readonly notes?: Readonly<Record<string, string>>;
}

function write(writer: ByteWriter, columns: readonly Column[], how: Written): void {
  const { codec = 'SNAPPY', rowsPerGroup = 1000, pageBytes = 1 << 20, offsetIndex = true, notes = {} } = how;
  const isMedia = ({ kind }: Column) => ['bytes', 'file', 'files'].includes(kind);
  parquetWrite({
    writer,
    codec,
    pageSize: pageBytes,
    rowGroupSize: rowsPerGroup,
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.flatMap(({ kind, name }) => ELEMENTS[kind](name)),
    ],
    columnData: columns.map((column) => ({
      name: column.name,
      data: [...column.data],
      offsetIndex,
      ...(isMedia(column) ? { encoding: 'PLAIN' as const } : {}),
    })),
    kvMetadata: Object.entries(notes).map(([key, value]) => ({ key, value })),
  });
}

export function parquetOf(columns: readonly Column[], how: Written = {}): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  write(writer, columns, how);
  return new Uint8Array(writer.getBuffer());
}

/** The same, written where long runs of zeros take no memory. */
export function sparseParquetOf(columns: readonly Column[], how: Written = {}): SparseBytes {
  const writer = new SparseWriter();
  write(writer, columns, how);
  return writer.done();
}

class SparseWriter extends ByteWriter {
  readonly #written = new SparseBytes();

  override appendBytes(value: Uint8Array): void {
    if (value.length < 2 ** 16) {
      super.appendBytes(value);
      return;
    }
    this.#flush();
    this.#written.append(value);
    this.offset += value.length;
  }

  done(): SparseBytes {
    this.#flush();
    return this.#written;
  }

  #flush(): void {
    this.#written.append(this.getBytes());
    this.index = 0;
  }
}
