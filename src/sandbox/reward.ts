/** A person's file as rewards: which functions it has, their scores, and what its tests say. */
import { InputError } from '../math/errors.ts';
import type {
  RewardBatch,
  RewardFunction,
  RewardReturn,
  RewardRunner,
  RewardSource,
} from '../rewards/contract.ts';
import { InsideFault, SandboxEnded, type TimeLimit } from './exchange.ts';
import { readScored } from './read-answers.ts';
import { Sandbox, type SandboxHost } from './sandbox.ts';
import type { SourceText, WireFault } from './wire.ts';

/** The person's code is at fault, at a place in their file where one is known; lines and columns from 1. */
export class CodeFault extends InputError {
  override readonly name = 'CodeFault';
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** From 0; of the batch that was scored. */
  readonly completion: number | undefined;

  constructor(
    file: string,
    fault: WireFault,
    completion?: { readonly index: number; readonly count: number },
  ) {
    const { message, hint, line, column, trace } = fault;
    const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
    const at = completion ? ` (completion ${completion.index + 1} of ${completion.count})` : '';
    super(`${place}: ${message}${at}`, {
      ...(hint === undefined ? {} : { hint }),
      ...(trace === undefined ? {} : { details: trace }),
    });
    this.line = line;
    this.column = column;
    this.completion = completion?.index;
  }
}

export interface TestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly message?: string;
  readonly line?: number;
}

const TEST: TimeLimit = {
  seconds: 2,
  hint: 'That is for a test: give it fewer answers. In a run the rewardTimeLimit counts.',
};
/** Milliseconds for finding out which completion of a batch is the one that a function fails on. */
const SEARCH_MS = 1_000;

export class OpenedSource {
  readonly #sandbox: Sandbox;
  readonly #file: string;
  readonly functions: readonly string[];
  readonly tests: readonly string[];

  private constructor(
    sandbox: Sandbox,
    file: string,
    functions: readonly string[],
    tests: readonly string[],
  ) {
    this.#sandbox = sandbox;
    this.#file = file;
    this.functions = functions;
    this.tests = tests;
  }

  /** @throws CodeFault where the file cannot be read or run */
  static async open(source: Omit<RewardSource, 'hash'>, host: SandboxHost): Promise<OpenedSource> {
    const file = fileOf(source);
    const sandbox = new Sandbox(host, file);
    try {
      const { functions, tests } = await sandbox.ready();
      return new OpenedSource(sandbox, labelOf(source), functions, tests);
    } catch (error) {
      sandbox.close();
      throw told(error, labelOf(source));
    }
  }

  /** In a worker that has another version of the file; what was opened there before is asked no more. @throws CodeFault */
  static async replace(source: Omit<RewardSource, 'hash'>, sandbox: Sandbox): Promise<OpenedSource> {
    const file = fileOf(source);
    const { functions, tests } = await sandbox.replace(file).catch((error: unknown) => {
      throw told(error, labelOf(source));
    });
    return new OpenedSource(sandbox, labelOf(source), functions, tests);
  }

  /** The function that a source means: the one it names, the one of its own name, or the only one. @throws InputError */
  chosen({ name, function: asked }: Pick<RewardSource, 'name' | 'function'>): string {
    const { functions } = this;
    const found = asked ?? (functions.includes(name) || functions.length !== 1 ? name : functions[0]!);
    if (functions.includes(found)) return found;
    const has = functions.length === 0 ? 'none that can be a reward' : functions.join(', ');
    throw new InputError(`${this.#file}: found no function ${found}; it has ${has}.`, {
      hint:
        functions.length === 0
          ? 'A reward takes completions: in Python `def reward(completions, **kwargs)`, in JavaScript `export default function ({ completions })`.'
          : 'Name one of these.',
    });
  }

  /** Ready for the next batch: a worker that was ended is started anew. @throws CodeFault */
  async ready(): Promise<void> {
    await this.#sandbox.ready().catch((error: unknown) => {
      throw told(error, this.#file);
    });
  }

  /** @throws CodeFault for what the function throws, with the completion where one by itself shows the same; InputError */
  async score(name: string, batch: RewardBatch, stop: AbortSignal): Promise<RewardReturn> {
    try {
      return await this.#score(name, batch, stop);
    } catch (error) {
      const isOver = !(error instanceof InsideFault) || error.fault.fatal;
      const faulty = isOver ? undefined : await this.#search(name, batch, error.fault, stop);
      // What was ended starts while the step goes on.
      void this.ready().catch(() => undefined);
      throw told(error, this.#file, faulty);
    }
  }

  async #score(name: string, batch: RewardBatch, stop: AbortSignal): Promise<RewardReturn> {
    const asked = { kind: 'score', name, batch: batchText(batch) } as const;
    return readScored(await this.#sandbox.ask(asked, stop), name, batch.completions.length);
  }

  /** The first completion that the function fails on alone, in the same way. */
  async #search(
    name: string,
    batch: RewardBatch,
    { message }: WireFault,
    stop: AbortSignal,
  ): Promise<{ index: number; count: number } | undefined> {
    const count = batch.completions.length;
    const end = AbortSignal.any([stop, AbortSignal.timeout(SEARCH_MS)]);
    for (let index = 0; index < count && !end.aborted; index++) {
      try {
        await this.#score(name, only(batch, index), end);
      } catch (error) {
        if (!(error instanceof InsideFault)) return undefined;
        if (error.fault.message === message) return { index, count };
      }
    }
    return undefined;
  }

  /** Runs the file's tests, one after the other; one that does not end is ended. */
  async check(): Promise<TestResult[]> {
    const results: TestResult[] = [];
    for (const name of this.tests) results.push(await this.#test(name));
    return results;
  }

  async #test(name: string): Promise<TestResult> {
    await this.ready();
    try {
      await this.#sandbox.ask({ kind: 'test', name }, TEST);
      return { name, ok: true };
    } catch (error) {
      if (!(error instanceof InsideFault))
        return { name, ok: false, message: told(error, this.#file).message };
      const { message, line } = error.fault;
      return { name, ok: false, message, ...(line === undefined ? {} : { line }) };
    }
  }

  close(): void {
    this.#sandbox.close();
  }
}

const fileOf = ({ name, language, source, completions }: Omit<RewardSource, 'hash'>): SourceText => ({
  ...{ language, completions },
  name: `${name}.${language}`,
  text: source,
});

/** What errors call it. */
const labelOf = ({ file, name, language }: Omit<RewardSource, 'hash'>): string =>
  file ?? `${name}.${language}`;

/** A worker for the versions of a file while it is edited: what takes seconds to start is started once. */
export class SourceBench {
  readonly #sandbox: Sandbox;
  #started: Promise<unknown> | undefined;

  constructor(host: SandboxHost, language: RewardSource['language']) {
    const empty = { name: `empty.${language}`, language, text: '', completions: 'text' } as const;
    this.#sandbox = new Sandbox(host, empty);
  }

  /** What was opened before is asked no more. @throws CodeFault */
  async open(source: Omit<RewardSource, 'hash'>): Promise<Pick<OpenedSource, 'functions' | 'check'>> {
    this.#started ??= this.#sandbox.ready();
    await this.#started.catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return OpenedSource.replace(source, this.#sandbox);
  }

  close(): void {
    this.#sandbox.close();
  }
}

function told(error: unknown, file: string, completion?: { index: number; count: number }): Error {
  if (error instanceof InsideFault) return new CodeFault(file, error.fault, completion);
  if (error instanceof SandboxEnded) return new CodeFault(file, { message: error.message });
  return error instanceof Error ? error : new Error(String(error));
}

/** What of a batch a person's function is given. */
function batchText({ prompts, completions, completion_ids, columns, trainer_state }: RewardBatch): string {
  return JSON.stringify({ prompts, completions, completion_ids, columns, trainer_state });
}

function only(batch: RewardBatch, index: number): RewardBatch {
  const one = <T>(list: readonly T[]): T[] => list.slice(index, index + 1);
  return {
    ...batch,
    prompts: one(batch.prompts),
    completions: one(batch.completions),
    completion_ids: one(batch.completion_ids),
    columns: Object.fromEntries(Object.entries(batch.columns).map(([name, values]) => [name, one(values)])),
    labels: one(batch.labels),
  };
}

/** Opens a run's sources, each in a sandbox of its own. */
export function sandboxRunner(host: SandboxHost): RewardRunner {
  return {
    async open(source): Promise<RewardFunction> {
      const opened = await OpenedSource.open(source, host);
      try {
        return rewardOf(source.name, opened, opened.chosen(source));
      } catch (error) {
        opened.close();
        throw error;
      }
    },
  };
}

function rewardOf(name: string, opened: OpenedSource, chosen: string): RewardFunction {
  return {
    name,
    ready: () => opened.ready(),
    score: (batch, stop) => opened.score(chosen, batch, stop),
    close: () => opened.close(),
  };
}
