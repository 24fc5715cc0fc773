/** Shapes that lists of clips have in JSON. */
import { isMedia } from '../protocol/clip-types.ts';
import { isRecord, listOf } from './json-shapes.ts';
import type { Beside } from './known-entries.ts';
import { splitOfWord } from './split-words.ts';

/** The entries of a list of clips in any of its shapes: a list, a list per split, an object by clip; undefined for anything else. */
export function itemsOf(value: unknown, file: string, beside: Beside): readonly unknown[] | undefined {
  const list = listOf(value);
  if (list) return list;
  if (!isRecord(value)) return undefined;
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
  return isByClip(value, file, beside)
    ? parts.map(([video, said]) => (isRecord(said) ? { ...said, video } : { video, label: said }))
    : undefined;
}

const withSplit = (item: unknown, split: string): unknown => (isRecord(item) ? { split, ...item } : item);

/** Whether an object's keys are clips, and so no words that it renames, and no settings. */
function isByClip(value: unknown, file: string, beside: Beside): boolean {
  const parts = isRecord(value) ? Object.entries(value) : [];
  const clips = parts.filter(
    ([key, said]) =>
      isMedia(key) || ((typeof said === 'string' || isRecord(said)) && beside.isClip(key, file)),
  );
  return clips.length > 0 && clips.length * 2 >= parts.length;
}
