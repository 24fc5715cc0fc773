/** The owner's end of the line to a worker in a sandbox. Tests put another line in its place. */
import type { Numbered } from './wire.ts';

export interface Line {
  post(request: Numbered): void;
  /** Whatever comes out from now on; one listener. */
  listen(listener: (data: unknown) => void): void;
  /** Ends the worker, whatever it is doing. */
  end(): void;
}

/** Starts a worker in which nothing has run yet. */
export type StartLine = () => Line;

/** A line over a port; `end` ends what is at the other end of it. */
export function portLine(port: MessagePort, end: () => void): Line {
  return {
    post: (request) => port.postMessage(request),
    listen(listener) {
      port.onmessage = ({ data }: MessageEvent<unknown>) => listener(data);
      port.onmessageerror = () => listener(undefined);
    },
    end() {
      port.close();
      end();
    },
  };
}
