import type { Command } from '../protocol/messages.ts';
import type { Session } from './session.ts';

/** Hands a command to the session. */
export async function obey(session: Session, command: Command): Promise<void> {
  switch (command.type) {
    case 'openDemo':
      return session.openDemo(command);
    case 'openData':
      return session.openData(command);
    case 'openModel':
      return session.openModel(command);
    case 'preview':
      return session.preview(command);
    case 'plan':
      return session.plan(command);
    case 'start':
      return session.start(command);
    case 'pause':
      return session.pause();
    case 'resume':
      return session.resume();
    case 'step':
      return session.step(command);
    case 'stop':
      return session.stop();
    case 'evaluate':
      return session.evaluate(command);
    case 'export':
      return session.export(command);
    default:
      return command satisfies never;
  }
}
