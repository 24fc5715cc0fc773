import type { Command, Event } from '../protocol/messages.ts';
import { HANDLERS, type Servants } from './handlers.ts';
import type { Emit } from './progress.ts';

type Handler = (servants: Servants, command: Command) => unknown;

/** Does what a command says, and tells the answer if it has one. */
export async function obey(servants: Servants, command: Command, emit: Emit): Promise<void> {
  const { type } = command;
  const answer = await (HANDLERS[type] as Handler)(servants, command);
  if (answer && 'requestId' in command) emit({ type, requestId: command.requestId, ...answer } as Event);
}
