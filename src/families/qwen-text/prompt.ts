import { ChatTemplate } from '../../text/chat-template.ts';
import { encodePrompt, presetText } from '../../text/prompt.ts';
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
    promptOf({ promptPreset, question }): RunPrompt {
      const content = presetText(promptPreset, { question });
      const { rendered, ids } = encodePrompt(tokenizer, template, content);
      const tokens = { ids: Uint32Array.from(ids) };
      const longest = ids.length;
      return { content, rendered, longest, positions: longest, tokensOf: () => tokens, gateIds: [] };
    },
  };
}
