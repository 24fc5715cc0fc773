import type { Example } from '../data/types.ts';
import { mergedTokens, type ShownClip } from '../decoder/mrope.ts';
import type { Features } from '../families/shared/clip-encoder.ts';
import type { Config } from '../protocol/config.ts';
import type { Mute } from '../protocol/messages.ts';
import type { BertTokenizer } from '../text/bert-tokenizer.ts';
import type { ChatTemplate } from '../text/chat-template.ts';
import { buildPrompt, encodeAnswer, encodePrompt, presetText, VIDEO_BLOCK } from '../text/prompt.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import {
  expandPrompt,
  type MediaCounts,
  type PromptTokens,
  repeatPlaceholder,
  visionPrompt,
} from './prompt-tokens.ts';
import type { RunExample } from './run-context.ts';

interface TextBase {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
}

/** The longest clip whose time positions a run makes room for. */
export const MOST_CLIP_SECONDS = 3600;

/** How the prompts of Qwen2-VL and Qwen2.5-VL hold the place of a video. */
export interface VisionText {
  /** Ids that stand for one token of a picture, and of a video. */
  readonly imageId: number;
  readonly videoId: number;
  /** Patches along one side of a token. */
  readonly merge: number;
  /** Positions that a second of video takes; absent where each slice takes one. */
  readonly tokensPerSecond?: number;
}

/** What turns text into ids: the decoder's tokenizer and template, and the tokenizer of the gate's text where there is a gate. */
export type TextTools = TextBase & ({ readonly gate: BertTokenizer } | { readonly vision: VisionText });

/** The question of a run, ready for the decoder and for the gate. All clips of a run share it. */
export interface RunPrompt {
  /** The user's turn, before the template. */
  readonly content: string;
  /** As the decoder reads it, with placeholders for the media. */
  readonly rendered: string;
  /** Tokens of the longest prompt that a clip can make of it. */
  readonly longest: number;
  /** Positions, on any axis, of the prompt that reaches furthest. */
  readonly positions: number;
  /** The prompt of a clip; `shown`: what the tower saw of it, for models that ask for that. */
  tokensOf(shown?: ShownClip): PromptTokens;
  /** Ids of the text that steers the gate; none where there is no gate. */
  readonly gateIds: readonly number[];
}

/** The prompt that a config asks for. `counts`: tokens that each medium of a clip becomes, at most; 0 = the model lacks it. */
export function preparePrompt(
  tools: TextTools,
  config: Pick<Config, 'promptPreset' | 'question'>,
  counts: MediaCounts,
): RunPrompt {
  if ('vision' in tools) return prepareVisionPrompt(tools, tools.vision, config, counts);
  const { tokenizer, template, gate } = tools;
  const media = { video: counts.video > 0, audio: counts.audio > 0 };
  const { content, gateText } = buildPrompt(config.promptPreset, { media, question: config.question });
  const { rendered, ids } = encodePrompt(tokenizer, template, content);
  const tokens = expandPrompt(ids, counts);
  const longest = tokens.ids.length;
  const gateIds = gate.encode(gateText);
  return { content, rendered, longest, positions: longest, tokensOf: () => tokens, gateIds };
}

/** The prompt of a Qwen2-VL or Qwen2.5-VL: the video, then the text. The published template writes a list of the two as it does this string. */
function prepareVisionPrompt(
  { tokenizer, template }: TextBase,
  { imageId, videoId, merge, tokensPerSecond }: VisionText,
  { promptPreset, question }: Pick<Config, 'promptPreset' | 'question'>,
  { video }: MediaCounts,
): RunPrompt {
  const content = VIDEO_BLOCK + presetText(promptPreset, { question });
  const rendered = template.render([{ role: 'user', content }]);
  const ids = tokenizer.encode(rendered);
  const tokensOf = (shown?: ShownClip): PromptTokens => {
    if (!shown) throw new Error('The prompt of a clip whose grid is not known.');
    const { grid, sliceSeconds } = shown;
    const repeated = repeatPlaceholder(ids, videoId, mergedTokens(grid, merge));
    // As described and first published; later releases of transformers cut the seconds to a whole number first.
    const timeSteps = tokensPerSecond ? { timeSteps: [sliceSeconds * tokensPerSecond] } : {};
    return visionPrompt(repeated, { placeholders: [imageId, videoId], grids: [grid], merge, ...timeSteps });
  };
  const text = ids.length - 1;
  const positions = text + Math.max(video, MOST_CLIP_SECONDS * (tokensPerSecond ?? 0));
  return { content, rendered, longest: text + video, positions, tokensOf, gateIds: [] };
}

/** Ids that supervised training learns for an example: its whole answer as the data set writes it, and the turn's end. */
export function answerIds(
  { tokenizer, template }: TextTools,
  prompt: RunPrompt,
  example: Example,
): Uint32Array {
  return Uint32Array.from(encodeAnswer(tokenizer, template, prompt.content, example.answer));
}

/** A clip ready for training, given where to find what the towers made of it, and what they were shown. */
export function prepareExample(
  text: TextTools,
  prompt: RunPrompt,
  example: Example,
  features: () => Promise<Features>,
  shown?: ShownClip,
): RunExample {
  const { id, label } = example;
  return { id, label, prompt: prompt.tokensOf(shown), features, answer: answerIds(text, prompt, example) };
}

/** The example with one sense replaced by what the towers make of nothing; another id, so that no cache mixes the two up. */
export function muteExample(example: RunExample, mute: Mute, nothing: Features): RunExample {
  const muted = mute === 'audio' ? { audio: nothing.audio } : { vision: nothing.vision };
  const features = async () => ({ ...(await example.features()), ...muted });
  return { ...example, id: `${example.id} without ${mute}`, clipId: example.id, features };
}
