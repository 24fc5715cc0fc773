/** What an entry asks: in a chat, or in columns. */
import { isRecord, type Json } from '../json-shapes.ts';
import type { MediumKind, Turn } from '../types.ts';
import { type Chat, readChat, type Said, type Slot } from './chat.ts';
import { Fields } from './fields.ts';
import { isProblem, malformed, type RowProblem } from './problem.ts';
import { tagsIn, withTagsAs } from './tags.ts';

/** By squeezed names, the likelier first: ms-swift calls it query, Alpaca instruction (with an input behind it). */
export const QUESTION_NAMES: readonly string[] = [
  'question',
  'problem',
  'prompt',
  'query',
  'instruction',
  'input',
];
/** A list of turns: {role, content}, or {from, value}. */
export const CHAT_NAMES: readonly string[] = [
  'messages',
  'prompt',
  'conversations',
  'conversation',
  'chat',
  'dialogue',
  // The answer that people preferred, with what was asked before it.
  'chosen',
];
const SYSTEM_NAMES: readonly string[] = ['system', 'systemprompt', 'systemmessage'];

export interface Asked {
  /** With its media tags; null where the entry asks nothing by itself. */
  readonly question: string | null;
  readonly system?: string;
  readonly turns: readonly Turn[];
  /** What an assistant says to it at the end of the entry's own chat. */
  readonly reply?: string;
  /** One for each tag in turns and question, in their order. */
  readonly slots: readonly Slot[];
  /** The column of the chat. */
  readonly chat?: string;
}

/** Whether an entry asks something. */
export function asks(item: Json): boolean {
  const fields = new Fields(item);
  return fields.list(CHAT_NAMES) !== undefined || fields.text(QUESTION_NAMES) !== undefined;
}

export function askedIn(fields: Fields): Asked | RowProblem {
  const chat = fields.list(CHAT_NAMES);
  const system = fields.text(SYSTEM_NAMES);
  const beside = system === undefined ? {} : { system };
  if (chat) {
    const read = readChat(chat.name, chat.list);
    const asked = isProblem(read) ? read : askedInChat(chat.name, read);
    return isProblem(asked) ? asked : { ...beside, ...asked };
  }
  const turns = historyOf(fields);
  if (isProblem(turns)) return turns;
  const question = questionOf(fields) ?? null;
  const texts = [...turns.map(({ content }) => content), question ?? ''];
  const slots = texts.flatMap(tagsIn).map((kind) => ({ kind }));
  return { ...beside, question, turns, slots };
}

/** Alpaca's input stands on a line of its own behind the instruction. */
function questionOf(fields: Fields): string | undefined {
  const question = fields.text(QUESTION_NAMES);
  const instruction = fields.text(['instruction']);
  const input = fields.text(['input']);
  return question === instruction && instruction !== undefined && input !== undefined
    ? `${instruction}\n${input}`
    : question;
}

/** LLaMA-Factory's and ms-swift's `history`: pairs of what was asked and said before. */
function historyOf(fields: Fields): readonly Turn[] | RowProblem {
  const pairs = fields.list(['history'])?.list ?? [];
  const turns: Turn[] = [];
  for (const pair of pairs) {
    const [asked, said, ...more] = (Array.isArray(pair) ? pair : []) as readonly unknown[];
    if (typeof asked !== 'string' || typeof said !== 'string' || more.length > 0)
      return malformed('A pair of "history" is not [what was asked, what was said].');
    turns.push({ role: 'user', content: asked.trim() }, { role: 'assistant', content: said.trim() });
  }
  return turns;
}

/** The last turn of the user, those before it, the system's message, and what the assistant says after that turn. */
function askedInChat(name: string, { said, slots }: Chat): Asked | RowProblem {
  const systems = said.filter(({ role }) => role === 'system');
  if (systems.length > 1)
    return malformed(`"${name}" holds ${systems.length} system messages, expected one at most.`);
  const turns = said.filter(isTurn);
  const last = turns.findLastIndex(({ role, text }) => role === 'user' && text !== '');
  const replies = turns.slice(last + 1).filter(({ role }) => role === 'assistant');
  if (replies.length > 1)
    return malformed(
      `"${name}" ends with ${replies.length} turns of the assistant, expected one, the answer.`,
    );
  const system = systems[0]?.text;
  const reply = replies[0]?.text;
  return {
    question: last < 0 ? null : turns[last]!.text,
    turns: turns.slice(0, Math.max(last, 0)).map(({ role, text }) => ({ role, content: text })),
    slots,
    chat: name,
    ...(system ? { system } : {}),
    ...(reply === undefined ? {} : { reply }),
  };
}

/** LLaVA's data sets of videos write <image> for a video: so many tags, and videos alone. */
export function askedOfVideos(asked: Asked, kinds: readonly (MediumKind | undefined)[]): Asked {
  const isOfVideos = kinds.length > 0 && kinds.every((kind) => kind === 'video');
  const isTagged = asked.slots.every(({ kind, source }) => kind === 'image' && source === undefined);
  if (!isOfVideos || !isTagged || asked.slots.length !== kinds.length) return asked;
  const renamed = (text: string) => withTagsAs('image', 'video', text);
  return {
    ...asked,
    question: asked.question === null ? null : renamed(asked.question),
    turns: asked.turns.map((turn) => ({ ...turn, content: renamed(turn.content) })),
    slots: asked.slots.map((slot) => ({ ...slot, kind: 'video' })),
  };
}

const isTurn = (one: Said): one is Said & { role: Turn['role'] } => one.role !== 'system';

/** The completion of a row for supervised training: a text, or a chat of one turn. */
export function completionOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const read = readChat('completion', value);
  const [only, ...more] = isProblem(read) ? [] : read.said;
  return more.length === 0 ? only?.text : undefined;
}

/** verl's {"style": "rule", "ground_truth": …}. */
export const judgedBy = (fields: Fields): unknown => {
  const model = fields.of('rewardmodel');
  return isRecord(model) ? model.ground_truth : undefined;
};
