/** Shapes that lists of rows have in JSON. */
import { InputError } from '../math/errors.ts';
import { isMedia } from '../protocol/clip-types.ts';
import { asks } from './entry/asked.ts';
import { isRecord, type Json } from './json-shapes.ts';
import type { Beside } from './known-entries.ts';
import { splitOfWord } from './split-words.ts';

/** Keys under which a list stands that may be something else. */
const LISTS: readonly string[] = [
  'annotations',
  'samples',
  'examples',
  'items',
  'rows',
  'instances',
  'records',
  'labels',
  'videos',
  'clips',
  'database',
];
/** Entries that tell what a list is of. */
const SAMPLE = 20;

/**
 * The entries of a list in any of its shapes: a list, pairs of clip and label, a list per split, a list or an object under a key,
 * an object by clip, by id or by label, a list a column, COCO's images and annotations; undefined for anything else.
 * @throws InputError for boxes of COCO
 */
export function itemsOf(value: unknown, file: string, beside: Beside): readonly unknown[] | undefined {
  if (Array.isArray(value)) return pairsIn(value, file, beside) ?? (value as readonly unknown[]);
  if (!isRecord(value)) return undefined;
  if (Array.isArray(value.data)) return value.data as readonly unknown[];
  const coco = cocoItems(value, file);
  if (coco) return coco;
  const parts = Object.entries(value);
  if (
    parts.length > 0 &&
    parts.every(([name, part]) => splitOfWord(name) !== null && typeof part === 'object')
  ) {
    const read = parts.map(([split, part]) =>
      itemsOf(part, file, beside)?.map((item) => withSplit(item, split)),
    );
    return read.includes(undefined) ? undefined : read.flatMap((items) => items ?? []);
  }
  if (isByClip(value, file, beside))
    return parts.map(([video, said]) =>
      isRecord(said) ? { ...insideOf(said), video } : { video, label: said },
    );
  const isRow = (item: unknown): boolean => isRecord(item) && saysSomething(item, file, beside);
  for (const key of LISTS) {
    const list = value[key];
    if (Array.isArray(list) && list.length > 0 && list.slice(0, SAMPLE).every(isRow))
      return list as unknown[];
    if (isRecord(list) && isByClip(list, file, beside)) return itemsOf(list, file, beside);
  }
  if (parts.length > 0 && parts.slice(0, SAMPLE).every(([, said]) => isRow(said)))
    return parts.map(([id, said]) => (isRecord(said) ? { id, ...said } : said));
  const byLabel = itemsByLabel(parts, file, beside);
  if (byLabel) return byLabel;
  const columns = itemsOfColumns(value);
  return columns?.slice(0, SAMPLE).every(isRow) ? columns : undefined;
}

const isClipName = (text: unknown, file: string, beside: Beside): text is string =>
  typeof text === 'string' && (isMedia(text) || beside.isClip(text, file));

/** [["a.mp4", "happy"], …]; undefined for any other list. */
function pairsIn(list: readonly unknown[], file: string, beside: Beside): Json[] | undefined {
  const isPair = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && typeof one[1] === 'string' && isClipName(one[0], file, beside);
  if (list.length === 0 || !list.slice(0, SAMPLE).every(isPair)) return undefined;
  return (list as readonly (readonly unknown[])[]).map(([video, label]) => ({ video, label }));
}

/** {"path": ["a.mp4", …], "label": ["happy", …]}, and the same with an object by row, as pandas writes columns. */
function itemsOfColumns(value: Json): Json[] | undefined {
  const columns = Object.entries(value).map(([name, column]) => ({
    name,
    cells: Array.isArray(column) || isRecord(column) ? new Map(Object.entries(column)) : undefined,
  }));
  const rows = [...(columns[0]?.cells?.keys() ?? [])];
  const isWhole = columns.every(
    ({ cells }) => cells?.size === rows.length && rows.every((row) => cells.has(row)),
  );
  if (columns.length < 2 || rows.length === 0 || !isWhole) return undefined;
  return rows.map((row) => Object.fromEntries(columns.map(({ name, cells }) => [name, cells!.get(row)])));
}

/** {"happy": ["a.mp4", …], "sad": […]}. */
function itemsByLabel(
  parts: readonly (readonly [string, unknown])[],
  file: string,
  beside: Beside,
): Json[] | undefined {
  const areClips = (said: unknown) =>
    Array.isArray(said) && said.slice(0, SAMPLE).every((one) => isClipName(one, file, beside));
  const some = parts.some(([, said]) => Array.isArray(said) && said.length > 0);
  if (parts.length < 2 || !some || !parts.every(([, said]) => areClips(said))) return undefined;
  return parts.flatMap(([label, said]) => (said as readonly unknown[]).map((video) => ({ video, label })));
}

/** An entry with what stands in its `annotations`, as Kinetics has it. */
const insideOf = (said: Json): Json => (isRecord(said.annotations) ? { ...said, ...said.annotations } : said);

const withSplit = (item: unknown, split: string): unknown => (isRecord(item) ? { split, ...item } : item);

/** Whether an object asks something, or names a clip: settings and descriptions beside clips do neither. */
const saysSomething = (item: Json, file: string, beside: Beside): boolean =>
  asks(item) ||
  Object.values(item).some(
    (each) => typeof each === 'string' && (isMedia(each) || beside.isClip(each, file)),
  );

/** Whether an object's keys are clips, and so no words that it renames, and no settings. */
function isByClip(value: Json, file: string, beside: Beside): boolean {
  const parts = Object.entries(value);
  const clips = parts.filter(
    ([key, said]) =>
      isMedia(key) || ((typeof said === 'string' || isRecord(said)) && beside.isClip(key, file)),
  );
  return clips.length > 0 && clips.length * 2 >= parts.length;
}

/** COCO's annotations, each with the file of its image, and its caption or the name of its category as the label. */
function cocoItems(value: Json, file: string): Json[] | undefined {
  const { images, annotations, categories } = value;
  if (!Array.isArray(images) || !Array.isArray(annotations)) return undefined;
  const records = (list: unknown): Json[] =>
    Array.isArray(list) ? (list as unknown[]).filter(isRecord) : [];
  const files = new Map(records(images).map(({ id, file_name: name }) => [id, name]));
  const names = new Map(records(categories).map(({ id, name }) => [id, name]));
  const said = records(annotations);
  if (said.length === 0 || !said.some(({ image_id: id }) => files.has(id))) return undefined;
  if (said.some(({ bbox, segmentation }) => bbox !== undefined || segmentation !== undefined)) {
    throw new InputError(
      `${file}: found boxes in COCO's form, expected a caption or a category for a whole image.`,
      {
        hint: 'A model answers in text: write what it should say of each image, as {"image": path, "question": …, "answer": …}.',
      },
    );
  }
  return said.map(({ image_id: id, category_id: category, ...rest }) => ({
    ...rest,
    image: files.get(id),
    label: rest.caption ?? names.get(category),
  }));
}
