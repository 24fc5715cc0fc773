/**
 * The page's part of a sandbox: a frame without an origin (`sandbox="allow-scripts"`), whose own policy lets nothing out, and in it
 * a worker. A frame holds one worker for one file of the person's, so removing the frame ends it for good, and no file meets
 * another. Batches do not pass here: the worker's port goes to whoever asked (why: D-171).
 */
import { distantLines, type FrameOrder } from './distant-frames.ts';
import { type PythonAddresses, type PythonProgress, pythonFrom } from './python-files.ts';
import type { SandboxHost } from './sandbox.ts';

/** Relative to the page, which it is served with. */
const FRAME = 'sandbox.html';

/** Starts a worker that answers at the other end of `port`; returns what removes it. */
function openFrame(port: MessagePort): () => void {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.hidden = true;
  frame.title = 'Sandbox';
  frame.src = new URL(FRAME, document.baseURI).href;
  frame.addEventListener('load', () => void startWorker(frame, port), { once: true });
  document.body.append(frame);
  return () => frame.remove();
}

async function startWorker(frame: HTMLIFrameElement, port: MessagePort): Promise<void> {
  const { default: code } = await import('./inside/worker.ts?inline');
  // A frame without an origin cannot be named as the target.
  frame.contentWindow?.postMessage(code, '*', [port]);
}

/** Opens and removes frames for a worker of the studio, which has no document; returns what removes them all. */
export function serveFrames(host: MessagePort): () => void {
  const removals = new Map<number, () => void>();
  host.onmessage = ({ data, ports }: MessageEvent<FrameOrder>) => {
    if ('start' in data) removals.set(data.start, openFrame(ports[0]!));
    else {
      removals.get(data.stop)?.();
      removals.delete(data.stop);
    }
  };
  return () => {
    host.close();
    for (const remove of removals.values()) remove();
  };
}

/** Sandboxes for the page itself, on the way that a worker of the studio takes. */
export function pageSandboxes(addresses: PythonAddresses, onProgress: PythonProgress): SandboxHost {
  const { port1, port2 } = new MessageChannel();
  serveFrames(port1);
  return { start: distantLines(port2), python: pythonFrom(addresses, onProgress) };
}
