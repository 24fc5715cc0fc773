/** A person's JavaScript: a module of its own, its exports called with one object that has TRL's names. */
import type { SourceText, WireFault } from '../wire.ts';
import { Failure } from './failure.ts';
import type { Opened, Room, Scored } from './room.ts';
import { type Stripped, stripTypes } from './strip-types.ts';

type Callable = (...given: unknown[]) => unknown;

interface Batch {
  readonly prompts: readonly unknown[];
  readonly completions: readonly string[];
  readonly completion_ids: readonly (readonly number[])[];
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  readonly trainer_state: unknown;
}

/** Calls of the file above the fault that are shown. */
const MOST_CALLS = 8;

export class JavaScriptRoom implements Room {
  readonly #functions = new Map<string, Callable>();
  readonly #tests = new Map<string, Callable>();
  #source: SourceText | undefined;
  #stripped: Stripped | undefined;
  #address = '';

  async open(source: SourceText): Promise<Opened> {
    this.#source = source;
    this.#functions.clear();
    this.#tests.clear();
    const { default: main, ...named } = await this.#import(source);
    // A function that is exported under its name comes before one that would only be called as the file.
    for (const [key, value] of Object.entries({ default: main, ...named })) this.#take(key, value);
    return { functions: [...this.#functions.keys()], tests: [...this.#tests.keys()] };
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

  #take(key: string, value: unknown): void {
    if (key === 'tests' && typeof value === 'object' && value !== null) {
      for (const [name, test] of Object.entries(value)) this.#tests.set(name, test as Callable);
    } else if (typeof value === 'function') {
      const shown = key === 'default' ? this.#defaultName(value.name) : key;
      (/^tests?(?![a-z])/.test(key) ? this.#tests : this.#functions).set(shown, value as Callable);
    }
  }

  /** A default export without a name is called as its file. */
  #defaultName(name: string): string {
    return name === '' || name === 'default' ? this.#source!.name.replace(/\.\w+$/, '') : name;
  }

  async score(name: string, batch: string): Promise<unknown> {
    const { prompts, completions, completion_ids, columns, trainer_state }: Batch = JSON.parse(batch);
    const logged = new Map<string, number[]>();
    const extras: Record<string, readonly unknown[]> = {};
    const given = {
      ...columns,
      ...{ prompts, completion_ids, trainer_state },
      completions: this.#source!.completions === 'text' ? completions : completions.map(asMessages),
      log_metric: (metric: string, value: number) =>
        logged.set(metric, [...(logged.get(metric) ?? []), Number(value)]),
      log_extra: (column: string, values: readonly unknown[]) => {
        extras[column] = [...values];
      },
    };
    const result = await this.#call(() => this.#functions.get(name)!(given));
    return { values: valuesOf(result), metrics: means(logged), extras } satisfies Scored;
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

const asMessages = (content: string): object[] => [{ role: 'assistant', content }];

function valuesOf(result: unknown): Scored['values'] {
  const isList = Array.isArray(result) || (ArrayBuffer.isView(result) && !(result instanceof DataView));
  if (!isList) return { is: typeName(result) };
  return Array.from(result as ArrayLike<unknown>, (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return null;
    if (typeof value === 'boolean') return Number(value);
    if (typeof value !== 'number') return { is: typeName(value) };
    return Number.isFinite(value) ? value : { is: String(value) };
  });
}

function typeName(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return value.constructor?.name ?? 'object';
}

/** The mean of each metric's values, as TRL logs it. */
function means(logged: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Object.fromEntries([...logged].map(([name, values]) => [name, mean(values)]));
}
