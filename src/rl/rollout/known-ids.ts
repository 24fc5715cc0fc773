import { InputError } from '../../math/errors.ts';
import type { RunExample } from '../run-context.ts';

/**
 * Ids beyond the embedding would be read as zeros, and train without a word.
 * @throws InputError naming the first such id and its clip
 */
export function demandKnownIds(
  examples: readonly Pick<RunExample, 'id' | 'prompt' | 'answer'>[],
  vocabulary: number,
  model: string,
): void {
  for (const { id, prompt, answer } of examples) {
    for (const [what, ids] of [
      ['prompt', prompt.ids],
      ['answer', answer],
    ] as const) {
      const unknown = ids.find((token) => token >= vocabulary);
      if (unknown === undefined) continue;
      throw new InputError(
        `${model}: the ${what} of clip "${id}" has the token ${unknown}, but the model's embedding has ${vocabulary} rows (0 to ${vocabulary - 1}).`,
        { hint: 'Tokenizer and weights do not belong together: take both from one folder.' },
      );
    }
  }
}
