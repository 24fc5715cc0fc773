/** A file is opened and its tests are run a moment after each edit, one version at a time, the newest next. */
import { InputError } from '../../math/errors.ts';
import { CodeFault, type OpenedSource, type TestResult } from '../../sandbox/reward.ts';
import type { OwnFile } from './own-files.ts';

export interface Fault {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** What is known of a version of a file. */
export interface Checked {
  readonly file: OwnFile;
  /** That can be rewards; none where the file could not be opened. */
  readonly functions: readonly string[];
  readonly tests: readonly TestResult[];
  /** Why the file cannot be used. */
  readonly fault?: Fault;
}

type Open = (file: OwnFile) => Promise<Pick<OpenedSource, 'functions' | 'check'>>;

/** Milliseconds without an edit. */
const CALM_MS = 400;

export class FileChecker {
  readonly #open: Open;
  readonly #told: (checked: Checked) => void;
  readonly #calm: number;
  #next: OwnFile | undefined;
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(open: Open, told: (checked: Checked) => void, calm = CALM_MS) {
    this.#open = open;
    this.#told = told;
    this.#calm = calm;
  }

  check(file: OwnFile): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#next = file;
      if (!this.#isBusy) void this.#run();
    }, this.#calm);
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    while (this.#next) {
      const file = this.#next;
      this.#next = undefined;
      this.#told(await checked(file, this.#open));
    }
    this.#isBusy = false;
  }

  /** Nothing is checked from now on. */
  close(): void {
    clearTimeout(this.#timer);
    this.#next = undefined;
  }
}

async function checked(file: OwnFile, open: Open): Promise<Checked> {
  try {
    const opened = await open(file);
    return { file, functions: opened.functions, tests: await opened.check() };
  } catch (error) {
    return { file, functions: [], tests: [], fault: faultOf(error) };
  }
}

function faultOf(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  const { hint, details } = error instanceof InputError ? error : {};
  const { line, column } = error instanceof CodeFault ? error : {};
  return { message, hint, details, line, column };
}
