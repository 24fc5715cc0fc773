import { mergedTokens, mropePositions, type ShownClip, type VisionPlaces } from '../../decoder/mrope.ts';
import { InputError } from '../../math/errors.ts';
import { ChatTemplate } from '../../text/chat-template.ts';
import { presetText, VIDEO_BLOCK } from '../../text/prompt.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import type { PromptTokens, RunPrompt, TextTools } from '../api.ts';
import type { ModelFiles } from '../shared/model-files.ts';
import { demandPlaceholder, demandRows } from '../shared/text.ts';
import { MOST_CLIP_SECONDS } from './clips.ts';
import type { Qwen2VlConfig } from './parts.ts';

/** Reads the tokenizer, which must know the placeholder of a video by the id that the config says. @throws InputError */
export async function openQwenVlText({ main }: ModelFiles, config: Qwen2VlConfig): Promise<TextTools> {
  const tokenizer = await Tokenizer.load(main.tree);
  const template = await ChatTemplate.load(main.tree);
  demandRows(tokenizer.largest, config.decoder.vocabSize, 'the embedding');
  demandPlaceholder(tokenizer, '<|video_pad|>', config.videoId, 'video_token_id');
  return qwenVlText(tokenizer, template, config);
}

/** The video, then the text. The published template writes a list of the two as it does this string. */
function qwenVlText(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  { imageId, videoId, vision: { merge }, tokensPerSecond }: Qwen2VlConfig,
): TextTools {
  return {
    tokenizer,
    template,
    promptOf({ promptPreset, question }, { video }): RunPrompt {
      const content = VIDEO_BLOCK + presetText(promptPreset, { question });
      const rendered = template.render([{ role: 'user', content }]);
      const ids = tokenizer.encode(rendered);
      const tokensOf = (shown?: ShownClip): PromptTokens => {
        if (!shown) throw new Error('The prompt of a clip whose grid is not known.');
        const { grid, sliceSeconds } = shown;
        const repeated = repeatPlaceholder(ids, videoId, mergedTokens(grid, merge));
        // As described and first published; later releases of transformers cut the seconds to a whole number first.
        const timeSteps = tokensPerSecond ? { timeSteps: [sliceSeconds * tokensPerSecond] } : {};
        return visionPrompt(repeated, {
          placeholders: [imageId, videoId],
          grids: [grid],
          merge,
          ...timeSteps,
        });
      };
      const text = ids.length - 1;
      const positions = text + Math.max(video, MOST_CLIP_SECONDS * (tokensPerSecond ?? 0));
      return { content, rendered, longest: text + video, positions, tokensOf, gateIds: [] };
    },
  };
}

/** Repeats the one placeholder of a video, so that each of its `count` tokens has one. Throws unless there is exactly one. */
export function repeatPlaceholder(ids: readonly number[], placeholder: number, count: number): number[] {
  const found = ids.filter((id) => id === placeholder).length;
  if (found !== 1) {
    throw new InputError(`The prompt has ${found} places for a video (id ${placeholder}); expected one.`, {
      hint: "Check that the tokenizer's <|video_pad|> is the video_token_id of config.json.",
    });
  }
  return ids.flatMap((id) => (id === placeholder ? Array<number>(count).fill(id) : [id]));
}

/**
 * A prompt in which placeholders, one a token, hold the place of a picture or video; positions are those of M-RoPE. Throws an
 * InputError for more than one picture or video, and where placeholders and grid do not match.
 */
export function visionPrompt(ids: readonly number[], places: VisionPlaces): PromptTokens {
  if (places.grids.length > 1) {
    throw new InputError(`The prompt has ${places.grids.length} pictures and videos; expected at most one.`);
  }
  const positions = mropePositions(ids, places);
  const isPlace = (id: number): boolean => places.placeholders.includes(id);
  const video = { start: ids.findIndex(isPlace), count: ids.filter(isPlace).length };
  const tokens = Uint32Array.from(ids, (id) => (isPlace(id) ? 0 : id));
  return { ids: tokens, ...(video.count > 0 ? { video } : {}), positions };
}
