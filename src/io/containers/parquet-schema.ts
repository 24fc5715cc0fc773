/** The schema of a Parquet file: its leaves, and the file as if it had some of them only. */
import type { FileMetaData, RowGroup, SchemaElement } from 'hyparquet';

/** A column of values that are not nested any further. */
export interface Leaf {
  /** Names from the column that it is a part of, as 'images', 'list', 'element', 'bytes'. */
  readonly path: readonly string[];
  /** Whether a row may have any number of its values. */
  readonly isRepeated: boolean;
  /** Whether its values are bytes of which nothing says that they are text. */
  readonly isBinary: boolean;
  /** The highest levels of its values: of lists within lists, and of what may be empty. */
  readonly repetition: number;
  readonly definition: number;
}

export const pathOf = ({ path }: Pick<Leaf, 'path'>): string => path.join('.');

interface Node {
  readonly element: SchemaElement;
  readonly children: readonly Node[];
}

/** The flat list of elements, each followed by its children, as a tree. */
function treeOf(schema: readonly SchemaElement[]): Node {
  let at = 0;
  const take = (): Node => {
    const element = schema[at++]!;
    const children = Array.from({ length: element.num_children ?? 0 }, take);
    return { element, children };
  };
  return take();
}

export function leavesOf({ schema }: Pick<FileMetaData, 'schema'>): Leaf[] {
  const leaves: Leaf[] = [];
  const visit = ({ element, children }: Node, above: Omit<Leaf, 'isRepeated' | 'isBinary'>): void => {
    const path = [...above.path, element.name];
    const repetition = above.repetition + Number(element.repetition_type === 'REPEATED');
    const definition = above.definition + Number(element.repetition_type !== 'REQUIRED');
    for (const child of children) visit(child, { path, repetition, definition });
    const isBinary = element.type === 'BYTE_ARRAY' && !element.converted_type && !element.logical_type;
    if (children.length === 0)
      leaves.push({ path, isRepeated: repetition > 0, isBinary, repetition, definition });
  };
  for (const child of treeOf(schema).children) visit(child, { path: [], repetition: 0, definition: 0 });
  return leaves;
}

/** The same file without the leaves that are not kept, and without the structs that have none left: nobody reads their bytes. */
export function withLeaves(metadata: FileMetaData, isKept: (path: string) => boolean): FileMetaData {
  const schema: SchemaElement[] = [];
  const visit = ({ element, children }: Node, above: readonly string[]): boolean => {
    const path = [...above, element.name];
    if (children.length === 0) {
      if (isKept(path.join('.'))) schema.push(element);
      return isKept(path.join('.'));
    }
    const place = schema.push(element) - 1;
    const kept = children.filter((child) => visit(child, path)).length;
    if (kept === 0) schema.length = place;
    else schema[place] = { ...element, num_children: kept };
    return kept > 0;
  };
  const { element, children } = treeOf(metadata.schema);
  const tops = children.filter((child) => visit(child, [])).length;
  const row_groups = metadata.row_groups.map(
    (group): RowGroup => ({
      ...group,
      columns: group.columns.filter(({ meta_data }) => isKept(meta_data?.path_in_schema.join('.') ?? '')),
    }),
  );
  return { ...metadata, schema: [{ ...element, num_children: tops }, ...schema], row_groups };
}
