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
