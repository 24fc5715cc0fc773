/** A person's JavaScript: a module of its own, its exports called with one object that has TRL's names. */
import type { SourceText, WireFault } from '../wire.ts';
import { Failure } from './failure.ts';
import { type Callable, calledOn, exported } from './functions.ts';
import type { Opened, Room } from './room.ts';
import { type Stripped, stripTypes } from './strip-types.ts';

/** Calls of the file above the fault that are shown. */
const MOST_CALLS = 8;

export class JavaScriptRoom implements Room {
  #functions = new Map<string, Callable>();
  #tests = new Map<string, Callable>();
  #source: SourceText | undefined;
  #stripped: Stripped | undefined;
  #address = '';

  async open(source: SourceText): Promise<Opened> {
    this.#source = source;
    this.#functions = new Map();
    this.#tests = new Map();
    const { functions, tests } = exported(await this.#import(source), source.name.replace(/\.\w+$/, ''));
    this.#functions = functions;
    this.#tests = tests;
    return { functions: [...functions.keys()], tests: [...tests.keys()] };
  }

  async #import(source: SourceText): Promise<Record<string, unknown>> {
    this.#stripped = stripTypes(source);
    const file = new Blob([this.#stripped.code], { type: 'text/javascript' });
    this.#address = URL.createObjectURL(file);
    try {
      return (await import(/* @vite-ignore */ this.#address)) as Record<string, unknown>;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async score(name: string, batch: string): Promise<unknown> {
    const asText = this.#source!.completions === 'text';
    return this.#call(() => calledOn(this.#functions.get(name)!, batch, asText));
  }

  async test(name: string): Promise<void> {
    await this.#call(() => this.#tests.get(name)!());
  }

  async #call(run: () => unknown): Promise<unknown> {
    try {
      return await run();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): Failure {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
    if (/dynamically imported module|module specifier|error loading|Importing a module/i.test(message))
      return new Failure({ message, hint: 'Nothing can be imported here: put what it needs into the file.' });
    return new Failure({ message, ...this.#place(error) });
  }

  /** Where in the person's file an error was thrown: its module is the address in the stack. */
  #place(error: unknown): Pick<WireFault, 'line' | 'column' | 'trace'> {
    const stack = error instanceof Error ? String(error.stack ?? '') : '';
    const places = stack
      .split(`${this.#address}:`)
      .slice(1, MOST_CALLS + 1)
      .flatMap((rest) => {
        const [, line, column] = /^(\d+):(\d+)/.exec(rest) ?? [];
        return line && column
          ? [this.#stripped!.written({ line: Number(line), column: Number(column) })]
          : [];
      });
    const { name } = this.#source!;
    const trace = places.map(({ line, column }) => `${name}:${line}:${column}`).reverse();
    return places[0] ? { ...places[0], trace: trace.join('\n') } : {};
  }
}
