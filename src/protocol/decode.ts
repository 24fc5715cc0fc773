/** The ticket check at the door between page and worker. */
import { InputError } from '../math/errors.ts';
import { COMMANDS } from './commands.ts';
import { parseConfig } from './config.ts';
import { EVENTS } from './events.ts';
import type { Command, Event } from './messages.ts';
import { z } from './shapes.ts';

type Fields = Record<string, z.ZodRawShape>;
type Schemas = ReadonlyMap<string, z.ZodType>;

const schemasOf = (table: Fields): Schemas =>
  new Map(Object.entries(table).map(([type, fields]) => [type, z.object(fields)]));

/** The same part of every row of a table that has it. */
const partsOf = (part: 'fields' | 'answer'): Fields =>
  Object.fromEntries(
    Object.entries(COMMANDS as Record<string, { [P in typeof part]?: z.ZodRawShape }>).flatMap(
      ([type, row]) => (row[part] ? [[type, row[part]]] : []),
    ),
  );

const COMMAND = schemasOf(partsOf('fields'));
const EVENT = schemasOf({ ...EVENTS, ...partsOf('answer') });

/** A command as the worker may trust it; a config in it is completed and checked. @throws InputError */
export function decodeCommand(message: unknown): Command {
  const { type, schema } = find('command', COMMAND, message);
  const command = withConfig(message as Partial<Record<string, unknown>>);
  check(`The command "${type}"`, schema, command);
  return command as Command;
}

function withConfig(command: Partial<Record<string, unknown>>) {
  return command.config === undefined ? command : { ...command, config: parseConfig(command.config) };
}

/** An event as the page may trust it. @throws InputError */
export function decodeEvent(message: unknown): Event {
  const { type, schema } = find('event', EVENT, message);
  check(`The event "${type}"`, schema, message);
  return message as Event;
}

function find(what: string, schemas: Schemas, message: unknown) {
  const type =
    typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
  const schema = typeof type === 'string' ? schemas.get(type) : undefined;
  if (schema) return { type, schema };
  throw new InputError(
    `Unknown ${what} ${JSON.stringify(type)}; expected one of ${[...schemas.keys()].join(', ')}.`,
  );
}

function check(name: string, schema: z.ZodType, message: unknown): void {
  const result = schema.safeParse(message);
  if (result.success) return;
  const issue = result.error.issues[0];
  throw new InputError(`${name} is malformed at ${issue?.path.join('.') || 'its root'}: ${issue?.message}.`);
}
