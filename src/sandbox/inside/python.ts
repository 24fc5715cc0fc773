/** A person's Python in Pyodide, whose files come over the wire; rewards.py calls it. */
import { loadPyodide, type PyodideAPI } from 'pyodide';
import { info } from 'pyodide/pyodide-lock.json';
import type { PythonFiles, SourceText, WireFault } from '../wire.ts';
import { Failure } from './failure.ts';
import rewards from './rewards.py?raw';
import type { Opened, Room } from './room.ts';

/** Addresses that Pyodide asks for its files, answered here. */
const FILES = 'https://python.invalid/';
/** A function of rewards.py: its answer as JSON, or a promise of it. */
type Answering = (...given: readonly (string | boolean)[]) => string | (PromiseLike<string> & Destroyable);
interface Destroyable {
  destroy(): void;
}

export class PythonRoom implements Room {
  readonly #functions: Readonly<Record<'open_file' | 'score' | 'test', Answering>>;

  constructor(python: PyodideAPI) {
    const module = python.globals.get('dict')();
    python.runPython(rewards, { globals: module, filename: 'rewards.py' });
    const named = (name: string): Answering => module.get(name);
    this.#functions = { open_file: named('open_file'), score: named('score'), test: named('test') };
  }

  static async load(files: PythonFiles): Promise<PythonRoom> {
    const address = URL.createObjectURL(new Blob([files.module], { type: 'text/javascript' }));
    const { default: createPyodideModule } = await import(/* @vite-ignore */ address);
    URL.revokeObjectURL(address);
    globalThis.fetch = async (asked) => answer(String(asked instanceof Request ? asked.url : asked), files);
    const options = {
      createPyodideModule,
      indexURL: FILES,
      // None of its packages is offered.
      lockFileContents: JSON.stringify({ info, packages: {} }),
      stdout: () => undefined,
      stderr: () => undefined,
    };
    return new PythonRoom(await loadPyodide(options));
  }

  async open({ name, text, completions }: SourceText): Promise<Opened> {
    return (await this.#ask('open_file', name, text, completions === 'messages')) as Opened;
  }

  score(name: string, batch: string): Promise<unknown> {
    return this.#ask('score', name, batch);
  }

  async test(name: string): Promise<void> {
    await this.#ask('test', name);
  }

  async #ask(what: 'open_file' | 'score' | 'test', ...given: (string | boolean)[]): Promise<unknown> {
    const text = await this.#run(what, given);
    const answered = JSON.parse(text) as { value: unknown } | { fault: WireFault };
    if ('fault' in answered) throw new Failure(answered.fault);
    return answered.value;
  }

  /** rewards.py catches what Python throws: what comes through is the end of the interpreter. */
  async #run(what: 'open_file' | 'score' | 'test', given: (string | boolean)[]): Promise<string> {
    try {
      const answer = this.#functions[what](...given);
      if (typeof answer === 'string') return answer;
      const text = await answer;
      answer.destroy();
      return text;
    } catch (error) {
      throw new Failure({ message: `Python ended: ${String(error).slice(0, 1000)}`, fatal: true });
    }
  }
}

function answer(url: string, { wasm, library }: PythonFiles): Response {
  if (url === `${FILES}pyodide.asm.wasm`)
    return new Response(wasm, { headers: { 'content-type': 'application/wasm' } });
  if (url === `${FILES}python_stdlib.zip`) return new Response(library);
  throw new TypeError(`Nothing can be fetched here: ${url}`);
}
