/** What to say of a request for emotions that stands behind questions about other things. Pure. */
import type { Config } from './config.ts';
import type { DataSummary } from './data.ts';
import { asksManyThings } from './own-questions.ts';

/** Prompts whose published request names an emotion, behind each row's own question. */
const NAME_EMOTION: readonly Config['promptPreset'][] = ['canonical', 'inference', 'sft'];

/** The same request for any answer; as that of questions without a clip. */
export const ANSWER_REQUEST =
  'Output the thinking process in <think> </think> and final answer in <answer> </answer> tags.';

type Asking = Pick<Config, 'promptPreset' | 'promptTemplate' | 'instruction'>;

/** A sentence, where most rows about clips have a question of their own and the prompt asks each for an emotion. */
export function emotionRequestLine(
  { kind, questions, count }: Pick<DataSummary, 'kind' | 'questions' | 'count'>,
  { promptPreset, promptTemplate, instruction }: Asking,
): string | undefined {
  const isWritten = promptTemplate.trim() === '' || promptTemplate.includes('instruction');
  const asks = NAME_EMOTION.includes(promptPreset) && instruction.trim() === '' && isWritten;
  if (!asks || kind !== 'clips' || !asksManyThings({ questions, count })) return undefined;
  return `The prompt ${promptPreset} asks for the "final emotion" behind every question about a clip, and these rows ask many things.`;
}
