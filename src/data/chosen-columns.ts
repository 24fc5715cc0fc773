/** Entries in which the columns that a person chose stand under the keys by which rows are read. */
import type { ColumnChoice, Role } from '../protocol/reading.ts';
import { LABEL_NAMES, PATH_NAMES, squeezed } from './column-names.ts';
import { ANSWER_NAMES, LABEL_NAMES_OF_ANSWERS, NUMBER_NAMES } from './entry/answers.ts';
import { CHAT_NAMES, QUESTION_NAMES } from './entry/asked.ts';
import { kindOfName } from './entry/shown.ts';
import { isRecord, type Json } from './json-shapes.ts';
import { allOf } from './label-column.ts';

/** Keys that would be read in the place of what was chosen. */
const RIVALS: Readonly<Partial<Record<Role, readonly string[]>>> = {
  media: PATH_NAMES,
  question: QUESTION_NAMES,
  answer: [
    ...[...LABEL_NAMES, ...ANSWER_NAMES, ...NUMBER_NAMES, ...LABEL_NAMES_OF_ANSWERS],
    ...['rewardmodel', 'completion', 'chosen'],
  ],
};
function isRival(role: Role, name: string): boolean {
  const key = squeezed(name);
  const kind = kindOfName(key);
  if (kind !== undefined && (role === 'media' || role === kind)) return true;
  return RIVALS[role]?.includes(key) ?? false;
}

/** The key that a role is read from. */
const KEYS: Readonly<Record<Role, string>> = {
  media: 'clip',
  video: 'video',
  image: 'image',
  audio: 'audio',
  question: 'question',
  options: 'options',
  answer: 'answer',
  split: 'split',
  speaker: 'speaker',
  start: 'start',
  end: 'end',
  system: 'system',
};

/** The entry as a person has its columns read. Its own columns, as written, are kept elsewhere. */
export function withChosen(item: Json, chosen: ColumnChoice): Json {
  const roles = Object.entries(chosen) as [Role, string][];
  if (roles.length === 0) return item;
  const values = roles.map(([role, name]) => [role, item[name]] as const);
  const known: Record<string, unknown> = { ...item };
  for (const [role] of roles)
    for (const name of Object.keys(item))
      if (isRival(role, name) && !(role === 'question' && Array.isArray(item[name]))) delete known[name];
  // A list of files, or an object around one, is read under the name of a kind only.
  for (const [role, value] of values)
    known[role === 'media' && typeof value !== 'string' ? 'video' : KEYS[role]] = value;
  for (const name of allOf(CHAT_NAMES, Object.keys(known))) {
    const turns = known[name];
    if (Array.isArray(turns)) known[name] = withinChat(turns, known, chosen);
  }
  return known;
}

/** A chat that asks, answers and begins as a person chose. */
function withinChat(
  turns: readonly unknown[],
  known: Json,
  { question, answer, system }: ColumnChoice,
): unknown[] {
  const isOf = (turn: unknown, ...roles: string[]) =>
    isRecord(turn) && roles.includes(String(turn.role ?? turn.from));
  const said = (turn: Json, text: unknown): Json =>
    'value' in turn ? { ...turn, value: String(text) } : { ...turn, content: String(text) };
  let chat = system === undefined ? [...turns] : turns.filter((turn) => !isOf(turn, 'system'));
  const last = chat.findLastIndex((turn) => isOf(turn, 'user', 'human'));
  const asking = chat[last];
  if (!isRecord(asking)) return chat;
  if (question !== undefined) chat[last] = said(asking, known.question);
  if (answer !== undefined) {
    const role = 'from' in asking ? { from: 'gpt', value: '' } : { role: 'assistant', content: '' };
    chat = [...chat.slice(0, last + 1), said(role, known.answer)];
  }
  return chat;
}
