import type { LiveAnswer } from '../protocol/live-answer.ts';
import type { EventOf } from '../protocol/messages.ts';

/** The answer with the piece that is new of it. */
export function grown(known: LiveAnswer | undefined, { type: _, ...piece }: EventOf<'live'>): LiveAnswer {
  if (!known || piece.at === 0) return piece;
  return { ...piece, at: 0, text: known.text.slice(0, piece.at) + piece.text };
}
