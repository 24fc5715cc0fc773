/** Questions to one worker in a sandbox, from its start to its end. What it says is believed only where it is an answer. */
import type { Line } from './line.ts';
import { MOST_TEXT, type Request, readReply, type WireFault } from './wire.ts';

/** A worker says once that it has started, and then one thing for each request; what goes on talking is ended. */
const MOST_EXTRA_MESSAGES = 8;

/** How long something may take, and what whoever wrote the file can do about that. */
export interface TimeLimit {
  readonly seconds: number;
  /** A sentence. */
  readonly hint: string;
}

const limitWords = ({ seconds, hint }: TimeLimit): string =>
  `It took longer than the ${seconds} s that it may, and was ended. ${hint}`;

/** What the person's code says went wrong. */
export class InsideFault extends Error {
  readonly fault: WireFault;

  constructor(fault: WireFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** The worker was ended before it had answered. */
export class SandboxEnded extends Error {}

interface Pending {
  readonly id: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Exchange {
  readonly #line: Line;
  #asked = 0;
  #heard = 0;
  #pending: Pending | undefined;
  #ended: string | undefined;
  /** Settles when the worker has started. */
  readonly started: Promise<unknown>;

  constructor(line: Line) {
    this.#line = line;
    this.started = this.#expect(0);
    line.listen((data) => this.#hear(data));
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** One question at a time; the worker is ended when `stop` is aborted before it has answered. @throws InsideFault, SandboxEnded */
  async ask(request: Request, stop: AbortSignal | TimeLimit): Promise<unknown> {
    if (this.#ended !== undefined) throw new SandboxEnded(this.#ended);
    const id = ++this.#asked;
    const answer = this.#expect(id);
    this.#line.post({ id, ...request });
    return this.within(answer, stop);
  }

  /** The answer, where it comes before `stop` is aborted, or the time is up. */
  async within(answer: Promise<unknown>, stop: AbortSignal | TimeLimit): Promise<unknown> {
    const limit = 'aborted' in stop ? undefined : stop;
    const signal = 'aborted' in stop ? stop : AbortSignal.timeout(stop.seconds * 1000);
    const end = () => this.end(limit ? limitWords(limit) : 'It was ended before it had answered.');
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    return answer.finally(() => signal.removeEventListener('abort', end));
  }

  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#line.end();
    this.#pending?.reject(new SandboxEnded(reason));
    this.#pending = undefined;
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending = { id, resolve, reject };
    });
  }

  #hear(data: unknown): void {
    if (this.#ended !== undefined) return;
    if (typeof data === 'string' && data.length > MOST_TEXT) {
      this.end(`It answered with ${data.length} characters, more than ${MOST_TEXT}, and was ended.`);
      return;
    }
    const reply = readReply(data);
    if (!reply || reply.id !== this.#pending?.id) {
      this.#heard++;
      if (!reply || this.#heard > MOST_EXTRA_MESSAGES)
        this.end('It sent messages that nobody asked for, and was ended.');
      return;
    }
    const { resolve, reject } = this.#pending;
    this.#pending = undefined;
    if ('fault' in reply) {
      reject(new InsideFault(reply.fault));
      if (reply.fault.fatal) this.end(reply.fault.message);
    } else resolve(reply.value);
  }
}
