/** A chat turn by turn, and what is said in a turn. Pure. */
import type { ChatMessage } from './chat-template.ts';
import type { Chat } from './encode-prompt.ts';

/** A prompt as a chat before the template. */
export function turnsOf({ content, system, turns = [] }: Chat): ChatMessage[] {
  const said: ChatMessage[] = [...turns, { role: 'user', content }];
  return system === undefined ? said : [{ role: 'system', content: system }, ...said];
}

const MEDIA = /<\/?(?:vi|au|im)_(?:start|end)>|<\|\w+\|>|<(?:video|audio|image)>/g;

/** The user's turn without what stands for the media. */
export function questionOf(content: string): string {
  return content.replaceAll(MEDIA, '').trim();
}
