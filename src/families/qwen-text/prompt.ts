import { ChatTemplate } from '../../text/chat-template.ts';
import { encodeTextPrompt, textQuestion } from '../../text/prompt.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import type { ModelConfig, RunPrompt, TextTools } from '../api.ts';
import type { ModelFiles } from '../shared/model-files.ts';
import { demandRows } from '../shared/text.ts';

/** Reads the tokenizer, and makes prompts of text alone: the question, in the user's turn of the chat template. @throws InputError */
export async function openQwenText({ main }: ModelFiles, { decoder }: ModelConfig): Promise<TextTools> {
  const tokenizer = await Tokenizer.load(main.tree);
  const template = await ChatTemplate.load(main.tree);
  demandRows(tokenizer.largest, decoder.vocabSize, 'the embedding');
  return {
    tokenizer,
    template,
    promptOf({ promptPreset, question, system }, media): RunPrompt {
      if (media.length > 0) throw new Error('openQwenText: a language model is shown nothing.');
      const content = textQuestion(promptPreset, question);
      const { rendered, ids } = encodeTextPrompt(tokenizer, template, content, system);
      const tokens = { ids: Uint32Array.from(ids) };
      const lengths = { longest: ids.length, positions: ids.length, counts: { video: 0, audio: 0 } };
      const said = { content, ...(system === undefined ? {} : { system }) };
      return { ...said, rendered, ...lengths, tokensOf: () => tokens, gateIds: [] };
    },
  };
}
