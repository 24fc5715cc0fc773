/** The worker that a person's code runs in: answers requests on the one port that the frame hands over. */
import type { Numbered, Request, WireFault } from '../wire.ts';
import { assert } from './assert.ts';
import { type BatchTimers, bareGlobals, batchTimers } from './bare.ts';
import { Failure } from './failure.ts';
import { JavaScriptRoom } from './javascript.ts';
import { PythonRoom } from './python.ts';
import type { Room } from './room.ts';

/** Names that Pyodide looks up while it runs. */
const PYTHONS = ['location', 'navigator', 'WorkerGlobalScope', 'DedicatedWorkerGlobalScope'];

class Inside {
  #room: Room | undefined;
  #timers: BatchTimers | undefined;

  /** What the request asks for. @throws Failure */
  async answer(request: Request): Promise<unknown> {
    if (request.kind === 'load') return this.#load(request);
    if (request.kind === 'ping') return null;
    if (request.kind === 'open') return this.#room!.open(request.source);
    try {
      if (request.kind === 'score') return await this.#room!.score(request.name, request.batch);
      return await this.#room!.test(request.name);
    } finally {
      this.#timers!.clear();
    }
  }

  async #load({ language, python }: Extract<Request, { kind: 'load' }>): Promise<null> {
    this.#room = language === 'py' ? await PythonRoom.load(python!) : new JavaScriptRoom();
    bareGlobals(language === 'py' ? PYTHONS : []);
    Object.assign(globalThis, { assert });
    this.#timers = batchTimers();
    return null;
  }
}

function serve(port: MessagePort): void {
  // Bound before anything of the person's can change what a port is.
  const send = port.postMessage.bind(port);
  const text = JSON.stringify;
  const inside = new Inside();
  port.onmessage = async ({ data: { id, ...request } }: MessageEvent<Numbered>) => {
    try {
      send(text({ id, value: (await inside.answer(request)) ?? null }));
    } catch (error) {
      send(text({ id, fault: faultOf(error) }));
    }
  };
  send(text({ id: 0, value: null }));
}

function faultOf(error: unknown): WireFault {
  return error instanceof Failure ? error.fault : { message: String(error) };
}

self.onmessage = ({ ports: [port] }: MessageEvent) => {
  self.onmessage = null;
  if (port) serve(port);
};
