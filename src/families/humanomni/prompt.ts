import type { FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { type BertTokenizer, findGateTokenizer } from '../../text/bert-tokenizer.ts';
import { ChatTemplate } from '../../text/chat-template.ts';
import { buildPrompt, encodePrompt } from '../../text/prompt.ts';
import { AUDIO_ID, IMAGE_ID, VIDEO_ID } from '../../text/sentinels.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import type { MediaCounts, MediaSlot, PromptTokens, RunPrompt, TextTools } from '../api.ts';
import type { ModelFiles } from '../shared/model-files.ts';
import { demandRows } from '../shared/text.ts';
import type { HumanOmniConfig } from './parts.ts';

/** Reads the tokenizers of decoder and gate. @throws InputError */
export async function openHumanOmniText(
  tree: FileTree,
  { main, towers }: ModelFiles,
  config: HumanOmniConfig,
): Promise<TextTools> {
  const tokenizer = await Tokenizer.load(main.tree);
  const template = await ChatTemplate.load(main.tree);
  demandRows(tokenizer.largest, config.decoder.vocabSize, 'the embedding');
  const gate = await findGateTokenizer(tree, towers.bert?.tree);
  demandRows(gate.largest, config.bert.vocabSize, "BERT's embedding");
  return humanOmniText(tokenizer, template, gate);
}

/** Prompts whose media are tagged blocks before the text, and the text that the gate reads. */
export function humanOmniText(tokenizer: Tokenizer, template: ChatTemplate, gate: BertTokenizer): TextTools {
  return {
    tokenizer,
    template,
    promptOf({ promptPreset, question }, counts): RunPrompt {
      const media = { video: counts.video > 0, audio: counts.audio > 0 };
      const { content, gateText } = buildPrompt(promptPreset, { media, question });
      const { rendered, ids } = encodePrompt(tokenizer, template, content);
      const tokens = expandPrompt(ids, counts);
      const longest = tokens.ids.length;
      const gateIds = gate.encode(gateText);
      return { content, rendered, longest, positions: longest, tokensOf: () => tokens, gateIds };
    },
  };
}

/**
 * Replaces each sentinel by as many places as its medium has tokens (prompt length = ids - 2 + media tokens).
 * Throws if a medium appears twice.
 */
export function expandPrompt(ids: readonly number[], counts: MediaCounts): PromptTokens {
  const tokens: number[] = [];
  let video: MediaSlot | undefined;
  let audio: MediaSlot | undefined;
  const place = (taken: MediaSlot | undefined, count: number, what: string): MediaSlot => {
    if (taken) throw new InputError(`The prompt has two places for ${what}; expected one.`);
    const slot = { start: tokens.length, count };
    for (let i = 0; i < count; i++) tokens.push(0);
    return slot;
  };
  for (const id of ids) {
    if (id === VIDEO_ID || id === IMAGE_ID) video = place(video, counts.video, 'video');
    else if (id === AUDIO_ID) audio = place(audio, counts.audio, 'audio');
    else tokens.push(id);
  }
  return { ids: Uint32Array.from(tokens), ...(video ? { video } : {}), ...(audio ? { audio } : {}) };
}
