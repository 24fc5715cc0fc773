/** A run's own template of the question: Jinja over the columns of a row. */
import type { Environment } from '@huggingface/jinja';
import { InputError } from '../math/errors.ts';
import { BoundedInterpreter } from './bounded-interpreter.ts';
import { parseTemplate, renderTemplate } from './render-template.ts';

type Parsed = ReturnType<typeof parseTemplate>;
type Statement = NonNullable<Parameters<BoundedInterpreter['evaluate']>[0]>;
type Value = ReturnType<BoundedInterpreter['evaluate']>;

/** Expressions whose value is written where they stand, and that may name something that is not there. */
const WRITTEN: readonly string[] = ['Identifier', 'MemberExpression', 'FilterExpression'];
/** Parts of a statement that are lists of statements. */
const BLOCKS = ['body', 'alternate', 'defaultBlock'] as const;

const latest: { source: string; parsed?: Parsed; outputs: ReadonlySet<object> } = {
  source: '',
  outputs: new Set(),
};

/** Throws where a template writes what a row does not have: it would be asked with a hole. */
class StrictInterpreter extends BoundedInterpreter {
  readonly #outputs: ReadonlySet<object>;

  constructor(environment: Environment, outputs: ReadonlySet<object>) {
    super(environment);
    this.#outputs = outputs;
  }

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    const value = super.evaluate(statement, environment);
    if (!statement || !this.#outputs.has(statement)) return value;
    if (value.type !== 'UndefinedValue' && value.type !== 'NullValue') return value;
    throw new Error(`it writes ${nameOf(statement)}, which this row has not.`);
  }
}

function nameOf(statement: object): string {
  const { value, object, property, operand } = statement as Record<string, object | string | undefined>;
  if (typeof value === 'string') return value;
  const inner = object ?? operand;
  if (typeof inner !== 'object') return 'a value';
  const last = typeof property === 'object' ? `.${nameOf(property)}` : '';
  return nameOf(inner) + last;
}

function outputsIn(tree: object): Set<object> {
  const found = new Set<object>();
  const open: object[] = [tree];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const name of BLOCKS) {
      const block = (next as Record<string, unknown>)[name];
      for (const statement of Array.isArray(block) ? (block as { type?: string }[]) : []) {
        if (WRITTEN.includes(statement.type ?? '')) found.add(statement);
        else open.push(statement);
      }
    }
  }
  return found;
}

function parsed(source: string): { parsed: Parsed; outputs: ReadonlySet<object> } {
  if (latest.parsed && latest.source === source) return { parsed: latest.parsed, outputs: latest.outputs };
  const tree = parseTemplate(source);
  Object.assign(latest, { source, parsed: tree, outputs: outputsIn(tree) });
  return { parsed: tree, outputs: latest.outputs };
}

/** The text that a template makes of a row. @throws InputError where it cannot be read, or writes something that is not there */
export function renderRow(source: string, variables: Readonly<Record<string, unknown>>): string {
  const there = Object.entries(variables).filter(([, value]) => value !== null && value !== undefined);
  try {
    const { parsed: tree, outputs } = parsed(source);
    const text = renderTemplate(
      tree,
      Object.fromEntries(there),
      (environment) => new StrictInterpreter(environment, outputs),
    );
    if (text.trim() !== '') return text;
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), there);
  }
  throw refused('it writes nothing of this row.', there);
}

/** Names listed in a message, at most. */
const MOST_NAMED = 20;

function refused(reason: string, there: readonly (readonly [string, unknown])[]): InputError {
  const names = there.map(([name]) => name);
  const named = names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ' …' : '');
  return new InputError(`The prompt template cannot be used: ${reason.slice(0, 300).replace(/\.?$/, '.')}`, {
    hint: `It may name ${named}; {{ x | default('') }} stands for what some rows have not.`,
  });
}
