import { treeFromDirectory } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import type { Command } from '../protocol/messages.ts';
import type { Bench } from './gpu/bench.ts';
import type { ModelsAtHand } from './inputs/models-at-hand.ts';
import type { Session } from './session.ts';

export interface Servants {
  readonly session: Session;
  readonly atHand: ModelsAtHand;
  /** Only in a browser. */
  readonly bench?: Pick<Bench, 'run' | 'stop'>;
}

/** Hands a command to the session, to the models in the browser's storage, or to the bench. */
export async function obey({ session, atHand, bench }: Servants, command: Command): Promise<void> {
  switch (command.type) {
    case 'openDemo':
      return session.openDemo(command);
    case 'openData':
      return session.openData(command);
    case 'openModel':
      return session.openModel(command);
    case 'openModelFolder':
      return session.openModelTree(command.requestId, () => treeFromDirectory(command.folder));
    case 'openStoredModel':
      return session.openModelTree(command.requestId, () => atHand.open(command.key));
    case 'openModelPart':
      return session.openModelPart(command);
    case 'listModels':
      return atHand.list(command.requestId);
    case 'downloadModel':
      return atHand.download(command);
    case 'stopDownload':
      return atHand.stopDownload();
    case 'removeModel':
      return atHand.remove(command, session.modelTree);
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
    case 'resumeRun':
      return session.resumeRun(command);
    case 'deleteRun':
      return session.deleteRun(command);
    case 'saveRunFiles':
      return session.saveRunFiles(command);
    case 'planExport':
      return session.planExport(command);
    case 'export':
      return session.export(command);
    case 'bench':
      if (!bench) throw new InputError('There is no bench here.', { hint: 'Use npm run bench.' });
      return bench.run(session, command);
    case 'stopBench':
      return bench?.stop();
    default:
      return command satisfies never;
  }
}
