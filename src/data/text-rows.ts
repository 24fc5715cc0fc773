/** Rows that ask without a clip: a question of text alone, or a chat that ends in one, and the right answer. */
import type { SkipReason, Split } from '../protocol/messages.ts';
import { describeJson, isRecord, type Json } from './json-shapes.ts';
import type { AnnotationRow } from './types.ts';

export const QUESTION_KEYS: readonly string[] = ['question', 'problem', 'prompt'];
/** A list of turns: {role, content}, or {from, value}. */
export const CHAT_KEYS: readonly string[] = ['messages', 'prompt', 'conversations'];
/** The short answer first: where `solution` stands beside it, that is the way there. */
export const ANSWER_KEYS: readonly string[] = [
  'answer',
  'solution',
  'label',
  'ground_truth',
  'target',
  'class',
  'emotion',
];
const ROLES: Readonly<Record<string, 'system' | 'user' | 'assistant'>> = {
  system: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
};
/** What stands for a clip in a question, at either end of it. */
const MEDIA_TAG = /^<(?:video|audio|image)>|<(?:video|audio|image)>$/;
/** Behind this, the data sets of school mathematics write the result of a worked answer. */
const RESULT = '####';

/** Why a row is left out. */
export interface RowProblem {
  readonly reason: SkipReason;
  readonly message: string;
}

export const isProblem = <T extends object>(read: T | RowProblem): read is RowProblem => 'reason' in read;

/** Whether an entry asks something. */
export const asks = (item: Json): boolean =>
  CHAT_KEYS.some((key) => Array.isArray(item[key])) || QUESTION_KEYS.some((key) => isText(item[key]));

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

const malformed = (message: string): RowProblem => ({ reason: 'row malformed', message });

interface Asked {
  readonly question: string;
  readonly system?: string;
  /** What an assistant says to it in the row's own chat. */
  readonly reply?: string;
}

/** The row of an entry without a clip, or why there is none. `resultOf`: the label in an answer. */
export function readTextRow(
  place: { readonly file: string; readonly row: number; readonly split: Split | null },
  item: Json,
  resultOf: (answer: string) => string,
): AnnotationRow | RowProblem {
  const asked = askedIn(item);
  if (isProblem(asked)) return asked;
  const { question, system, reply } = asked;
  const [tag] = MEDIA_TAG.exec(question) ?? [];
  if (tag) return malformed(`It asks about a clip (${tag}), but names none.`);
  const answer = answerIn(item) ?? reply;
  if (answer === undefined || resultOf(answer) === '') {
    return {
      reason: 'no answer',
      message: `No answer: none of ${ANSWER_KEYS.slice(0, 4).join(', ')} has one.`,
    };
  }
  const label = answer.includes(RESULT)
    ? answer.slice(answer.lastIndexOf(RESULT) + RESULT.length).trim()
    : resultOf(answer);
  return {
    ...place,
    ...{ media: [], speaker: null, question, answer, label, writtenLabel: label },
    ...(system === undefined ? {} : { system }),
  };
}

function askedIn(item: Json): Asked | RowProblem {
  const chat = CHAT_KEYS.map((key) => item[key]).find(Array.isArray);
  const beside = isText(item.system) ? { system: item.system.trim() } : {};
  if (chat) {
    const asked = askedInChat(chat);
    return isProblem(asked) ? asked : { ...beside, ...asked };
  }
  const question = QUESTION_KEYS.map((key) => item[key]).find(isText);
  if (question === undefined) {
    return {
      reason: 'no question',
      message: `No question: none of ${QUESTION_KEYS.join(', ')}, messages has one.`,
    };
  }
  return { ...beside, question: question.trim() };
}

/** The last turn of the user, the system's message, and what the assistant says after that turn. */
function askedInChat(turns: readonly unknown[]): Asked | RowProblem {
  const read: { role: string | undefined; text: string }[] = [];
  for (const turn of turns) {
    if (!isRecord(turn))
      return malformed(`A turn of the chat is ${describeJson(turn)}, expected {"role": …, "content": text}.`);
    const text = textOf(turn.content ?? turn.value);
    if (text === undefined)
      return malformed(
        'A turn of the chat holds something else than text, which a language model cannot be shown.',
      );
    read.push({ role: ROLES[String(turn.role ?? turn.from)], text });
  }
  const last = read.findLastIndex(({ role, text }) => role === 'user' && text !== '');
  if (last < 0) return { reason: 'no question', message: 'No question: no turn of the chat is of the user.' };
  const system = read.find(({ role }) => role === 'system')?.text;
  const reply = read.slice(last + 1).find(({ role }) => role === 'assistant')?.text;
  return {
    question: read[last]!.text,
    ...(system ? { system } : {}),
    ...(reply ? { reply } : {}),
  };
}

/** A content as it stands, or its parts of text; undefined where there is another part. */
function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content.trim();
  if (!Array.isArray(content)) return undefined;
  const parts = content.map((part: unknown) =>
    isRecord(part) && typeof part.text === 'string' ? part.text : undefined,
  );
  return parts.includes(undefined) ? undefined : parts.join('').trim();
}

function answerIn(item: Json): string | undefined {
  const judged = isRecord(item.reward_model) ? item.reward_model.ground_truth : undefined;
  const written = [...ANSWER_KEYS.map((key) => item[key]), judged, completionOf(item.completion)].find(
    (value) => typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value),
  );
  return written === undefined ? undefined : String(written);
}

/** The completion of a row for supervised training: a text, or a chat of one turn. */
function completionOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [turn] = value as readonly unknown[];
  return isRecord(turn) ? textOf(turn.content) : undefined;
}
