import type { Example } from '../data/types.ts';
import type { Config } from '../protocol/config.ts';
import type { Mute } from '../protocol/messages.ts';
import type { BertTokenizer } from '../text/bert-tokenizer.ts';
import type { ChatTemplate } from '../text/chat-template.ts';
import { buildPrompt, encodeAnswer, encodePrompt, type PromptMedia } from '../text/prompt.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { Features } from './encoder.ts';
import { expandPrompt, type MediaCounts, type PromptTokens } from './prompt-tokens.ts';
import type { RunExample } from './run-context.ts';

/** What turns text into ids: the decoder's tokenizer and template, and the tokenizer of the gate's text. */
export interface TextTools {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly gate: BertTokenizer;
}

/** The question of a run, ready for the decoder and for the gate. All clips of a run share it. */
export interface RunPrompt {
  /** The user's turn, before the template. */
  readonly content: string;
  /** As the decoder reads it, with placeholders for the media. */
  readonly rendered: string;
  readonly tokens: PromptTokens;
  /** Ids of the text that steers the gate. */
  readonly gateIds: readonly number[];
}

/** The prompt that a config asks for. `counts` says how many tokens each medium of a clip becomes; 0 = the model lacks it. */
export function preparePrompt(
  { tokenizer, template, gate }: TextTools,
  config: Pick<Config, 'promptPreset' | 'question'>,
  counts: MediaCounts,
): RunPrompt {
  const media: PromptMedia = { video: counts.video > 0, audio: counts.audio > 0 };
  const { content, gateText } = buildPrompt(config.promptPreset, { media, question: config.question });
  const { rendered, ids } = encodePrompt(tokenizer, template, content);
  return { content, rendered, tokens: expandPrompt(ids, counts), gateIds: gate.encode(gateText) };
}

/** Ids that supervised training learns for an example: its whole answer as the data set writes it, and the turn's end. */
export function answerIds(
  { tokenizer, template }: TextTools,
  prompt: RunPrompt,
  example: Example,
): Uint32Array {
  return Uint32Array.from(encodeAnswer(tokenizer, template, prompt.content, example.answer));
}

/** A clip ready for training, given where to find what the towers made of it. */
export function prepareExample(
  text: TextTools,
  prompt: RunPrompt,
  example: Example,
  features: () => Promise<Features>,
): RunExample {
  const { id, label } = example;
  return { id, label, prompt: prompt.tokens, features, answer: answerIds(text, prompt, example) };
}

/** The example with one sense replaced by what the towers make of nothing; another id, so that no cache mixes the two up. */
export function muteExample(example: RunExample, mute: Mute, nothing: Features): RunExample {
  const muted = mute === 'audio' ? { audio: nothing.audio } : { vision: nothing.vision };
  const features = async () => ({ ...(await example.features()), ...muted });
  return { ...example, id: `${example.id} without ${mute}`, clipId: example.id, features };
}
