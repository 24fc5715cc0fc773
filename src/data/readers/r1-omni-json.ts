import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import { itemsOf } from '../json-items.ts';
import { describeJson } from '../json-shapes.ts';
import type { Beside, Entry } from '../known-entries.ts';
import { type ReadList, rowsOfEntries } from '../rows.ts';
import { isJsonLines, rowsOfJsonLines } from './json-lines.ts';

/**
 * Rows of a JSON list: R1-Omni's {video, conversations: [{from: human|gpt, value}], split?, speaker?}, and those of other
 * trainers and tools; or flat {path, label, …}. A list per split, {"train": […], "test": […]}, and an object by clip,
 * {"a.mp4": "happy"}, are read too; without clips {question, answer, …}. A file of JSON Lines under this name is read as that.
 */
export function rowsOfJson(file: string, text: string, beside: Beside): ReadList {
  if (isJsonLines(text, file)) return rowsOfJsonLines(file, text, beside);
  const value = parseJson(text, file, { nonFinite: true });
  const items = itemsOf(value, file, beside);
  if (!items) {
    throw new InputError(`${file}: expected a list of clips, found ${describeJson(value)}.`, {
      hint: 'A list of {"video": path, "conversations": [{"from": "human", …}, {"from": "gpt", "value": label}]} is read.',
    });
  }
  return rowsOfEntries(
    file,
    items.map((item, index): Entry => ({ row: index + 1, item })),
    beside,
  );
}
