import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import { itemsOf } from '../json-items.ts';
import { describeJson } from '../json-shapes.ts';
import type { Beside, Entry } from '../known-entries.ts';
import { type ReadList, rowsOfEntries } from '../rows.ts';

/**
 * Rows of an R1-Omni JSON list: {video, conversations: [{from: human|gpt, value}], split?, speaker?}; or flat
 * {path, label, …}. A list per split, {"train": […], "test": […]}, and an object by clip, {"a.mp4": "happy"}, are read too;
 * without clips {question, answer, …}.
 */
export function rowsOfJson(file: string, text: string, beside: Beside): ReadList {
  const value = parseJson(text, file);
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
