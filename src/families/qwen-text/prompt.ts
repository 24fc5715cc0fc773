import { ChatTemplate } from '../../text/chat-template.ts';
import { encodeTextPrompt } from '../../text/encode-prompt.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import { wordsOf } from '../../text/words.ts';
import type { ModelConfig, RunPrompt, TextTools } from '../api.ts';
import { chatOf } from '../shared/chat.ts';
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
    promptOf(settings, media): RunPrompt {
      if (media.length > 0) throw new Error('openQwenText: a language model is shown nothing.');
      const { words = wordsOf(settings, true) } = settings;
      const chat = chatOf(words, (text) => text);
      const { ids, ...encoded } = encodeTextPrompt(tokenizer, template, chat);
      const tokens = { ids: Uint32Array.from(ids) };
      const lengths = { longest: ids.length, positions: ids.length, counts: { video: 0, audio: 0 } };
      return { ...chat, ...encoded, ...lengths, asked: words.text, tokensOf: () => tokens, gateIds: [] };
    },
  };
}
