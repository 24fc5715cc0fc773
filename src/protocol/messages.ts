/** What crosses between page and worker. Commands go in, events come out; both are structured-clonable. */
import type { COMMANDS } from './commands.ts';
import type { EVENTS } from './events.ts';
import type { z } from './shapes.ts';

export * from './data.ts';
export * from './kept.ts';
export * from './models.ts';
export * from './results.ts';

/** A message of that name with those fields. */
type Message<Type extends string, Fields extends z.ZodRawShape> = z.infer<
  z.ZodObject<{ type: z.ZodLiteral<Type> } & Fields>
>;

type Messages<Table extends Record<string, z.ZodRawShape>> = {
  [K in keyof Table & string]: Message<K, Table[K]>;
}[keyof Table & string];

export type Command = Messages<typeof COMMANDS>;
export type CommandType = Command['type'];
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

export type Event = Messages<typeof EVENTS>;
export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;
