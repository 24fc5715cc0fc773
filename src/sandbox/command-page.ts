/**
 * A page with nothing but sandboxes, for a command that runs its session outside of a browser: sources are opened and scored by
 * `window.rewards`, from a program that drives the page. Errors pass as data.
 */
import { InputError } from '../math/errors.ts';
import type { RewardBatch, RewardReturn, RewardSource } from '../rewards/contract.ts';
import { pageSandboxes } from './frames.ts';
import { CodeFault, OpenedSource, type TestResult } from './reward.ts';

/** A result, or an error with what it knows. */
export type Told<T> =
  | { readonly value: T }
  | {
      readonly error: {
        readonly message: string;
        readonly hint?: string | undefined;
        readonly details?: string | undefined;
        readonly line?: number | undefined;
        readonly column?: number | undefined;
        readonly completion?: number | undefined;
      };
    };

export interface CommandRewards {
  /** Opens a source under a number; says its functions, its tests and which function it means. */
  open(
    id: number,
    source: Omit<RewardSource, 'hash'>,
  ): Promise<Told<{ functions: readonly string[]; tests: readonly string[]; chosen: Told<string> }>>;
  ready(id: number): Promise<Told<void>>;
  score(id: number, name: string, batch: RewardBatch): Promise<Told<RewardReturn>>;
  /** Ends what is being scored, and with it the worker. */
  stop(id: number): void;
  check(id: number): Promise<Told<TestResult[]>>;
  close(id: number): void;
}

declare global {
  interface Window {
    rewards?: CommandRewards;
  }
}

const opened = new Map<number, OpenedSource>();
const stops = new Map<number, AbortController>();
const host = pageSandboxes(
  { module: 'python/pyodide.asm.mjs', wasm: 'python/pyodide.asm.wasm', library: 'python/python_stdlib.zip' },
  () => undefined,
);

async function told<T>(run: () => T | Promise<T>): Promise<Told<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { hint, details } = error instanceof InputError ? error : {};
    const { line, column, completion } = error instanceof CodeFault ? error : {};
    return { error: { message, hint, details, line, column, completion } };
  }
}

window.rewards = {
  open: (id, source) =>
    told(async () => {
      const file = await OpenedSource.open(source, host);
      opened.set(id, file);
      const chosen = await told(() => file.chosen(source));
      return { functions: file.functions, tests: file.tests, chosen };
    }),
  ready: (id) => told(() => opened.get(id)!.ready()),
  score: (id, name, batch) =>
    told(() => {
      const stop = new AbortController();
      stops.set(id, stop);
      return opened.get(id)!.score(name, batch, stop.signal);
    }),
  stop: (id) => stops.get(id)?.abort(),
  check: (id) => told(() => opened.get(id)!.check()),
  close(id) {
    opened.get(id)?.close();
    opened.delete(id);
  },
};
