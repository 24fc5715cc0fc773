import { InputError } from '../../math/errors.ts';
import type { LargestToken } from '../../text/check-tokenizer.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';

/** Throws an InputError unless every token has a row in the table that it is looked up in. */
export function demandRows({ token, id }: LargestToken, rows: number, table: string): void {
  if (id < rows) return;
  throw new InputError(
    `The tokenizer's token ${JSON.stringify(token)} has the id ${id}, but ${table} has ${rows} rows, for the ids 0 to ${rows - 1}.`,
    {
      hint: 'Take the tokenizer that belongs to these weights; where tokens were added, resize the embedding and save the model again.',
    },
  );
}

/** Throws an InputError unless the token that stands for the media has the id that the config says. */
export function demandPlaceholder(tokenizer: Tokenizer, token: string, id: number, key: string): void {
  const found = tokenizer.idOf(token);
  if (found === id) return;
  throw new InputError(
    `config.json: "${key}" is ${id}, but ${token} ${found === undefined ? 'is not in the tokenizer' : `has the id ${found} in the tokenizer`}.`,
    { hint: "Copy config.json and the tokenizer's files of the same checkpoint." },
  );
}
