/** The page's end of the line to the worker. Tests put another line in its place. */
import { decodeEvent } from '../protocol/decode.ts';
import type { Command, Event } from '../protocol/messages.ts';
import { serveFrames } from '../sandbox/frames.ts';

export interface Port {
  post(command: Command): void;
  /** Events from now on; one listener at a time. */
  listen(listener: (event: Event) => void): void;
  close(): void;
}

/** Starts the studio's worker, and opens frames for it. Whatever it sends is checked; what does not pass becomes an `error` event. */
export function workerPort(): Port {
  const worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module' });
  const frames = new MessageChannel();
  const removeFrames = serveFrames(frames.port1);
  worker.postMessage(null, [frames.port2]);
  return {
    post: (command) => worker.postMessage(command),
    listen(listener) {
      worker.onmessage = ({ data }: MessageEvent<unknown>) => listener(decodedOrError(data));
      worker.onmessageerror = () => listener(failure('A message from the worker could not be read.'));
      worker.onerror = (event) => {
        event.preventDefault();
        listener(failure(event.message || 'The worker could not be started.'));
      };
    },
    close() {
      worker.terminate();
      removeFrames();
    },
  };
}

function decodedOrError(data: unknown): Event {
  try {
    return decodeEvent(data);
  } catch (error) {
    return { type: 'error', message: error instanceof Error ? error.message : String(error), fatal: false };
  }
}

function failure(message: string): Event {
  return { type: 'error', message, hint: 'Reload the page.', fatal: true };
}
