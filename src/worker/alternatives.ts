/** What else could have stood in an answer: the run's policy as it is, asked between two steps. No weight is touched. */
import { InputError } from '../math/errors.ts';
import { TOP_COUNT } from '../ops/tokens/top-tokens.ts';
import type { AnswerOf, CommandOf } from '../protocol/messages.ts';
import type { Run } from './run.ts';

/** @throws InputError where the answer's tokens, its row or its clip are not at hand */
export async function findAlternatives(
  run: Run,
  { step, answer, exampleId }: Pick<CommandOf<'alternatives'>, 'step' | 'answer' | 'exampleId'>,
): Promise<AnswerOf<'alternatives'>> {
  const { tokens, first } = await run.tokenLog.answer(step, answer);
  if (!tokens) {
    throw new InputError(`Which tokens the answer of step ${step} consists of is not kept any more.`, {
      hint: first === undefined ? 'The run keeps none.' : `They are kept from step ${first} on.`,
    });
  }
  const row = run.parts.data.examples.find(({ id }) => id === exampleId);
  if (!row) {
    throw new InputError(`The row of this answer, ${exampleId}, is not in the data that are open.`, {
      hint: 'Open the data of the run.',
    });
  }
  const [example] = await run.prepare([row]);
  if (!example) {
    throw new InputError(`The clip of this answer, ${exampleId}, cannot be read.`, {
      hint: 'Open its folder again.',
    });
  }
  const { temperature } = run.config;
  const { ids, logProbs } = await run.training.likeliest(example, tokens.ids);
  const { tokenizer } = run.parts.model.text;
  const pieces = Array.from(ids, (id) => tokenizer.decode([id], { skipSpecialTokens: false }));
  return {
    ...{ step: run.step, count: TOP_COUNT, ids, pieces, logProbs },
    temperature: temperature > 0 ? temperature : 1,
  };
}
