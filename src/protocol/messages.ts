/** What crosses between page and worker. Commands go in, events come out; both are structured-clonable. */
import type { COMMANDS } from './commands.ts';
import type { EVENTS } from './events.ts';
import type { z } from './shapes.ts';

export * from './data.ts';
export * from './kept.ts';
export * from './models.ts';
export * from './results.ts';

/** Messages by their names, each with its fields. */
type Messages<Table extends Record<string, z.ZodRawShape>> = {
  [K in keyof Table & string]: z.infer<z.ZodObject<{ type: z.ZodLiteral<K> } & Table[K]>>;
}[keyof Table & string];

type Rows = typeof COMMANDS;
type Answers = { [K in keyof Rows as Rows[K] extends { answer: unknown } ? K : never]: Rows[K] };

export type Command = Messages<{ [K in keyof Rows]: Rows[K]['fields'] }>;
export type CommandType = Command['type'];
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

/** Commands that are asked under a number. */
export type TaskType = Extract<Command, { requestId: number }>['type'];
/** Those that are told and not answered. */
export type OrderType = Exclude<CommandType, TaskType>;
type FieldsOf<T extends CommandType> = Omit<CommandOf<T>, 'type' | 'requestId'>;
/** What a command is sent with, its number apart: its fields, where it must have any. */
export type Args<T extends CommandType> =
  Partial<FieldsOf<T>> extends FieldsOf<T> ? [FieldsOf<T>?] : [FieldsOf<T>];

/** Commands that an event of the same name answers. */
export type QuestionType = keyof Answers;
export type AnswerEvent = Messages<{ [K in QuestionType]: Answers[K]['answer'] }>;
/** What the worker answers a command with; nothing, unless it is a question. */
export type AnswerOf<T extends CommandType, Nothing = void> = T extends QuestionType
  ? Omit<Extract<AnswerEvent, { type: T }>, 'type' | 'requestId'>
  : Nothing;

export type Event = Messages<typeof EVENTS> | AnswerEvent;
export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;
