/** Ids that stand in a prompt where media features are spliced in. They are negative, so no vocabulary has them. */
const SENTINEL_IDS = { '<image>': -200, '<video>': -201, '<audio>': -202 } as const;

export const IMAGE_ID = SENTINEL_IDS['<image>'];
export const VIDEO_ID = SENTINEL_IDS['<video>'];
export const AUDIO_ID = SENTINEL_IDS['<audio>'];

type Piece = string | number;

/**
 * A rendered prompt → ids with sentinels. The string is cut at every `<audio>`, then `<video>`, then `<image>`; each chunk
 * between them is tokenised by itself, so that no merge crosses a sentinel.
 */
export function encodeWithSentinels(text: string, encode: (chunk: string) => readonly number[]): number[] {
  let pieces: Piece[] = [text];
  for (const tag of ['<audio>', '<video>', '<image>'] as const) {
    pieces = pieces.flatMap((piece) => (typeof piece === 'string' ? cut(piece, tag) : [piece]));
  }
  return pieces.flatMap((piece) =>
    typeof piece === 'string' ? (piece === '' ? [] : encode(piece)) : [piece],
  );
}

function cut(text: string, tag: keyof typeof SENTINEL_IDS): Piece[] {
  return text
    .split(tag)
    .flatMap((chunk, index): Piece[] => (index === 0 ? [chunk] : [SENTINEL_IDS[tag], chunk]));
}
