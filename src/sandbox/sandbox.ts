/** A person's file in a sandbox: opened when it is first needed, ended when its time is up, and opened anew before it is asked again. */
import { Exchange, SandboxEnded, type TimeLimit } from './exchange.ts';
import type { StartLine } from './line.ts';
import { type Opened, readOpened } from './read-answers.ts';
import type { PythonFiles, Request, SourceText } from './wire.ts';

/** A frame is a page of its own: a busy machine takes a while. */
const START: TimeLimit = { seconds: 60, hint: 'The sandbox did not start: is the machine busy? Try again.' };
/** Python starts in one to three seconds, and in many more beside other work. */
const LOAD: TimeLimit = { seconds: 120, hint: 'The language did not start: is the machine busy? Try again.' };
/** Before any function is called. */
const OPEN: TimeLimit = {
  seconds: 5,
  hint: 'That is for what stands outside of functions when the file is read: move what takes long into a function.',
};
/** After an answer: whether it still listens. */
const PING_MS = 2_000;

export interface SandboxHost {
  readonly start: StartLine;
  /** Pyodide's files; asked for when the first Python is opened. */
  python(): Promise<PythonFiles>;
}

export class Sandbox {
  readonly #host: SandboxHost;
  #source: SourceText;
  #exchange: Exchange | undefined;
  #opening: Promise<Opened> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(host: SandboxHost, source: SourceText) {
    this.#host = host;
    this.#source = source;
  }

  /** What the file has, once it is open. @throws InsideFault where the file is at fault, SandboxEnded */
  ready(): Promise<Opened> {
    if (this.#isClosed) return Promise.reject(new SandboxEnded('It was closed.'));
    if (this.#opening && !this.#exchange?.isEnded) return this.#opening;
    this.#exchange = new Exchange(this.#host.start());
    const opening = this.#open(this.#exchange);
    // A file that cannot be opened is tried anew when it is asked for again.
    opening.catch(() => this.#exchange?.end('It could not be opened.'));
    this.#opening = opening;
    return opening;
  }

  async #open(exchange: Exchange): Promise<Opened> {
    const { language } = this.#source;
    const files = language === 'py' ? this.#host.python() : undefined;
    // Whoever fails first is heard.
    files?.catch(() => undefined);
    await exchange.within(exchange.started, START);
    const python = await files;
    const load: Request = python ? { kind: 'load', language, python } : { kind: 'load', language };
    await exchange.ask(load, LOAD);
    return this.#openFile(exchange);
  }

  async #openFile(exchange: Exchange): Promise<Opened> {
    const request: Request = { kind: 'open', source: this.#source };
    return readOpened(await exchange.ask(request, OPEN));
  }

  /** Opens another version of the file; in the same worker, where it has not been ended. @throws InsideFault, SandboxEnded */
  replace(source: SourceText): Promise<Opened> {
    const opened = this.#last.then(() => this.#replace(source));
    this.#last = opened.catch(() => undefined);
    return opened;
  }

  #replace(source: SourceText): Promise<Opened> {
    this.#source = source;
    const exchange = this.#exchange;
    if (!exchange || exchange.isEnded) return this.ready();
    this.#opening = this.#openFile(exchange);
    return this.#opening;
  }

  /** One request after the other; whatever goes on after its answer is ended. @throws InsideFault, SandboxEnded */
  ask(request: Request, stop: AbortSignal | TimeLimit): Promise<unknown> {
    const asked = this.#last.then(async () => {
      await this.ready();
      return this.#exchange!.ask(request, stop);
    });
    this.#last = asked.then(
      () => this.#settle(),
      () => undefined,
    );
    return asked;
  }

  /** A worker that is busy with something else after its answer is ended here, and not while the next batch waits for it. */
  async #settle(): Promise<void> {
    const exchange = this.#exchange;
    if (!exchange || exchange.isEnded) return;
    await exchange.ask({ kind: 'ping' }, AbortSignal.timeout(PING_MS)).catch(() => undefined);
  }

  close(): void {
    this.#isClosed = true;
    this.#exchange?.end('It was closed.');
  }
}
