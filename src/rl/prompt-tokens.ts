import { mropePositions, type VisionPlaces } from '../decoder/mrope.ts';
import type { PromptPositions } from '../decoder/rows.ts';
import { InputError } from '../math/errors.ts';
import { AUDIO_ID, IMAGE_ID, VIDEO_ID } from '../text/sentinels.ts';

export interface MediaSlot {
  /** First token inside the prompt. */
  readonly start: number;
  readonly count: number;
}

/** A prompt as the decoder sees it: one id per token, 0 where a media token takes the place. */
export interface PromptTokens {
  readonly ids: Uint32Array;
  readonly video?: MediaSlot;
  readonly audio?: MediaSlot;
  /** Absent where the tokens simply follow one another. */
  readonly positions?: PromptPositions;
}

/** How many tokens each medium of one clip becomes. */
export interface MediaCounts {
  readonly video: number;
  readonly audio: number;
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
 * A prompt of Qwen2-VL, in which placeholders, one a token, hold the place of a picture or video; positions are those of
 * M-RoPE. Throws an InputError for more than one picture or video, and where placeholders and grid do not match.
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
