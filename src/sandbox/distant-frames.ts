/** Frames for a worker of the studio, which has no document: the page opens and removes them on its behalf. */
import { type Line, portLine } from './line.ts';

/** What a worker asks of the page; a port comes with `start`. */
export type FrameOrder = { readonly start: number } | { readonly stop: number };

/** Lines to frames of the page at the other end of `host`. */
export function distantLines(host: MessagePort): () => Line {
  let frames = 0;
  return () => {
    const { port1, port2 } = new MessageChannel();
    const frame = ++frames;
    host.postMessage({ start: frame } satisfies FrameOrder, [port2]);
    return portLine(port1, () => host.postMessage({ stop: frame } satisfies FrameOrder));
  };
}
