import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import { describeJson, listOf } from '../json-shapes.ts';
import { type Beside, type ReadRows, rowsOfEntries } from '../rows.ts';

/**
 * Rows of an R1-Omni JSON list: {video, conversations: [{from: human|gpt, value}], split?, speaker?}; or flat
 * {path, label, …}; without clips {question, answer, …}.
 */
export function rowsOfJson(file: string, text: string, beside: Beside): ReadRows {
  const value = parseJson(text, file);
  const list = listOf(value);
  if (!list) {
    throw new InputError(`${file}: expected a list of clips, found ${describeJson(value)}.`, {
      hint: 'A list of {"video": path, "conversations": [{"from": "human", …}, {"from": "gpt", "value": label}]} is read.',
    });
  }
  return rowsOfEntries(
    file,
    list.map((item, index) => ({ row: index + 1, item })),
    beside,
  );
}
