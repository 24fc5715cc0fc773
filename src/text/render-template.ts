/** Runs a chat template of a stranger: it may loop, but not for ever, nor make texts without an end. */
import { Environment, Template } from '@huggingface/jinja';
import { BoundedInterpreter, MOST_ITEMS, TooLong } from './bounded-interpreter.ts';

/** Much more than any published template has, and little enough to be read at once. */
const MOST_SOURCE = 100_000;
const MOST_BLANKS = 2000;

type Parsed = Template['parsed'];

export function parseTemplate(source: string): Parsed {
  if (source.length > MOST_SOURCE) {
    throw new TooLong(`it has ${source.length} characters, expected at most ${MOST_SOURCE}.`);
  }
  // Its reader looks at a run of blanks once for each of them.
  if (new RegExp(`\\s{${MOST_BLANKS}}`).test(source))
    throw new TooLong(`it has ${MOST_BLANKS} blanks in a row.`);
  return new Template(source).parsed;
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
  const known = new Map<string, string>();
  return format.replace(/%[YmdbBHM%]/g, (token) => {
    const text = known.get(token) ?? parts[token]?.() ?? token;
    known.set(token, text);
    return text;
  });
}

/** Renders with these variables. Throws what the template raises, or that it does not end. */
export function renderTemplate(
  template: Parsed,
  variables: Readonly<Record<string, unknown>>,
  interpreter: (environment: Environment) => BoundedInterpreter = (environment) =>
    new BoundedInterpreter(environment),
): string {
  const environment = new Environment();
  const globals = {
    ...{ true: true, false: false, none: null, True: true, False: false, None: null },
    ...{ range, strftime_now: strftimeNow },
    raise_exception: (message: string) => {
      throw new Error(message);
    },
  };
  for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
  return String(interpreter(environment).run(template).value);
}
