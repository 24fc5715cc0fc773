/** A module's functions, called as TRL calls rewards, and what they give, read. Exports ship it: it imports nothing. */
import type { Scored } from './room.ts';

export type Callable = (...given: unknown[]) => unknown;

interface Batch {
  readonly prompts: readonly unknown[];
  readonly completions: readonly string[];
  readonly completion_ids: readonly (readonly number[])[];
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  readonly trainer_state: unknown;
}

/** What a module exports, by name: functions that can be rewards, and tests. `stem`: what a default export without a name is called. */
export function exported(
  found: Readonly<Record<string, unknown>>,
  stem: string,
): { readonly functions: Map<string, Callable>; readonly tests: Map<string, Callable> } {
  const functions = new Map<string, Callable>();
  const tests = new Map<string, Callable>();
  const { default: main, ...named } = found;
  // A function that is exported under its name comes before one that would only be called as the file.
  for (const [key, value] of Object.entries({ default: main, ...named })) {
    if (key === 'tests' && typeof value === 'object' && value !== null) {
      for (const [name, test] of Object.entries(value))
        if (typeof test === 'function') tests.set(name, test as Callable);
    } else if (typeof value === 'function') {
      const isNameless = key === 'default' && (value.name === '' || value.name === 'default');
      const name = key === 'default' ? (isNameless ? stem : value.name) : key;
      (/^tests?(?![a-z])/.test(key) ? tests : functions).set(name, value as Callable);
    }
  }
  return { functions, tests };
}

/** Calls a function with one object that has TRL's names. `batch`: a RewardBatch as JSON. @throws what the function throws */
export async function calledOn(run: Callable, batch: string, asText: boolean): Promise<Scored> {
  const { prompts, completions, completion_ids, columns, trainer_state }: Batch = JSON.parse(batch);
  const logged = new Map<string, number[]>();
  const extras: Record<string, readonly unknown[]> = {};
  const result = await run({
    ...columns,
    ...{ prompts, completion_ids, trainer_state },
    completions: asText ? completions : completions.map((content) => [{ role: 'assistant', content }]),
    log_metric: (metric: string, value: number) =>
      logged.set(metric, [...(logged.get(metric) ?? []), Number(value)]),
    log_extra: (column: string, values: readonly unknown[]) => {
      extras[column] = [...values];
    },
  });
  return { values: valuesOf(result, completions.length), metrics: means(logged), extras };
}

function valuesOf(result: unknown, count: number): Scored['values'] {
  const isList = Array.isArray(result) || (ArrayBuffer.isView(result) && !(result instanceof DataView));
  if (!isList) return { is: typeName(result) };
  const list = result as ArrayLike<unknown>;
  // It may be longer than memory.
  if (list.length > count) return { is: `${list.length} values` };
  return Array.from(list, (value) => {
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
