/** The chat of a row's words, with what stands for the media in front of its first question. */
import type { MediumKind } from '../../media/types.ts';
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

const TAGS = /<(image|video|audio)>/g;

/**
 * Words in which each tag (<image>, <video>, <audio>) is what stands for a medium of its kind; undefined where they have not one
 * for each of the media: then these stand in front.
 */
export function withPlaces(
  words: Words,
  media: readonly MediumKind[],
  placeOf: (kind: MediumKind) => string,
): Words | undefined {
  const { text, turns = [] } = words;
  const tags = [...turns.map(({ content }) => content), text].flatMap((each) =>
    [...each.matchAll(TAGS)].map(([, kind]) => kind),
  );
  if (tags.length === 0 || [...tags].sort().join() !== [...media].sort().join()) return undefined;
  const put = (each: string): string => each.replaceAll(TAGS, (_, kind: MediumKind) => placeOf(kind));
  return {
    ...words,
    text: put(text),
    ...(turns.length > 0 ? { turns: turns.map((turn) => ({ ...turn, content: put(turn.content) })) } : {}),
  };
}
