/** Runs a chat template of a stranger: it may loop, but not for ever, nor make texts without an end. */
import { Environment, Interpreter, Template } from '@huggingface/jinja';

/** Much more than any published template has, and little enough to be read at once. */
const MOST_SOURCE = 100_000;
const MOST_BLANKS = 2000;
/** A published template takes some hundred steps for a question. */
const MOST_STEPS = 100_000;
const MOST_TEXT = 500_000;
const MOST_ITEMS = 10_000;
const MOST_NUMBER = 1e6;
/** Characters that cost as much as a step. */
const CHARACTERS_PER_STEP = 64;

type Parsed = Template['parsed'];
type Statement = Parameters<Interpreter['evaluate']>[0];
type Value = ReturnType<Interpreter['evaluate']>;

class TooLong extends Error {}

export function parseTemplate(source: string): Parsed {
  if (source.length > MOST_SOURCE) {
    throw new TooLong(`it has ${source.length} characters, expected at most ${MOST_SOURCE}.`);
  }
  // Its reader looks at a run of blanks once for each of them.
  if (new RegExp(`\\s{${MOST_BLANKS}}`).test(source))
    throw new TooLong(`it has ${MOST_BLANKS} blanks in a row.`);
  return new Template(source).parsed;
}

class BoundedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(statement: Statement, environment: Environment): Value {
    this.#count(1);
    const result = super.evaluate(statement, environment);
    const { value } = result;
    if (typeof value === 'string') {
      if (value.length > MOST_TEXT) throw new TooLong(`it makes a text of ${value.length} characters.`);
      this.#count(value.length / CHARACTERS_PER_STEP);
    } else if (Array.isArray(value)) {
      if (value.length > MOST_ITEMS) throw new TooLong(`it makes a list of ${value.length} items.`);
      this.#count(value.length);
    } else if (typeof value === 'number' && !(Math.abs(value) <= MOST_NUMBER)) {
      throw new TooLong(`it computes the number ${value}.`);
    }
    return result;
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new TooLong(`it does not end within ${MOST_STEPS} steps.`);
  }
}

/** Python's range, where it ends soon. */
function range(first: number, last?: number, step = 1): number[] {
  const [start, stop] = last === undefined ? [0, first] : [first, last];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MOST_ITEMS)) throw new TooLong(`it asks for a range of ${count} numbers.`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

const pad = (value: number): string => String(value).padStart(2, '0');

function strftimeNow(format: string): string {
  const now = new Date();
  const name = (options: Intl.DateTimeFormatOptions): string => now.toLocaleDateString('en', options);
  const parts: Readonly<Record<string, () => string>> = {
    '%Y': () => String(now.getFullYear()),
    '%m': () => pad(now.getMonth() + 1),
    '%d': () => pad(now.getDate()),
    '%H': () => pad(now.getHours()),
    '%M': () => pad(now.getMinutes()),
    '%b': () => name({ month: 'short' }),
    '%B': () => name({ month: 'long' }),
    '%%': () => '%',
  };
  return format.replace(/%[YmdbBHM%]/g, (token) => parts[token]?.() ?? token);
}

/** Renders with these variables. Throws what the template raises, or that it does not end. */
export function renderTemplate(template: Parsed, variables: Readonly<Record<string, unknown>>): string {
  const environment = new Environment();
  const globals = {
    ...{ true: true, false: false, none: null, True: true, False: false, None: null },
    ...{ range, strftime_now: strftimeNow },
    raise_exception: (message: string) => {
      throw new Error(message);
    },
  };
  for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
  return String(new BoundedInterpreter(environment).run(template).value);
}
