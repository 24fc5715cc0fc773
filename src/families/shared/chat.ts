/** The chat of a row's words, with what stands for the media in front of its first question. */
import type { ChatMessage } from '../../text/chat-template.ts';
import type { Chat } from '../../text/encode-prompt.ts';
import type { Words } from '../../text/words.ts';

/**
 * `withMedia`: a turn of the user with the media before it. They stand before the first turn of the user, as TRL and LLaVA
 * put them.
 */
export function chatOf(
  { text, system, turns = [], variables }: Words,
  withMedia: (text: string) => string,
): Chat {
  const first = turns.findIndex(({ role }) => role === 'user');
  const earlier = turns.map(
    (turn, index): ChatMessage =>
      index === first ? { role: 'user', content: withMedia(turn.content) } : turn,
  );
  return {
    content: first < 0 ? withMedia(text) : text,
    ...(system === undefined ? {} : { system }),
    ...(earlier.length > 0 ? { turns: earlier } : {}),
    ...(variables === undefined ? {} : { variables }),
  };
}
