/** An interpreter of chat templates that holds whatever a template makes against a bound, texts before they are made. */
import { type Environment, Interpreter } from '@huggingface/jinja';

/** A published template takes some hundred steps for a question. */
const MOST_STEPS = 100_000;
const MOST_TEXT = 500_000;
export const MOST_ITEMS = 10_000;
const MOST_NUMBER = 1e6;
/** Characters that cost as much as a step. */
const CHARACTERS_PER_STEP = 64;
/** Characters that an item of a list or an object takes at least once it is rendered. */
const ITEM_CHARACTERS = 4;
/** What one character may become in JSON: \u001f. */
const ESCAPED_CHARACTERS = 6;

type Statement = NonNullable<Parameters<Interpreter['evaluate']>[0]>;
type Value = ReturnType<Interpreter['evaluate']>;
type Text = Extract<Value, { readonly value: string }>;
type Method = Extract<Value, { readonly value: (...args: never[]) => unknown }>;

export class TooLong extends Error {}

/** The parts of a template's tree that are looked at here. */
interface Node extends Statement {
  readonly object: Node;
  readonly operand: Node;
  readonly filter: Node;
  readonly body: Node[];
  readonly args?: readonly Node[];
  readonly argument: Node;
  readonly callee: Node;
  readonly key: Node;
  readonly left: Node;
  readonly right: Node;
  readonly operator: Node;
  readonly value: unknown;
}

/** Stands in the tree for an expression that was evaluated already. */
const held = (value: Value): Statement => ({ type: 'Held', value }) as Statement;

/** What a filter or a method is called with. */
interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** How much there is to a value, all that lies inside of it included. */
interface Weight {
  readonly items: number;
  readonly characters: number;
  readonly depth: number;
}

const isText = (value: Value): value is Text => typeof value.value === 'string';
const isMethod = (value: Value): value is Method => typeof value.value === 'function';
const isContainer = ({ value }: Value): boolean => Array.isArray(value) || value instanceof Map;
const lengthOf = (value: Value | undefined): number => (value && isText(value) ? value.value.length : 0);
const numberOf = (value: Value | undefined, otherwise: number): number =>
  typeof value?.value === 'number' ? value.value : otherwise;

function demandLength(characters: number): void {
  if (characters > MOST_TEXT) throw new TooLong(`it makes a text of ${characters} characters.`);
}

/** Looks through a value until it is through, or beyond the bound: one list may lie in another many times over. */
function weigh(value: Value): Weight {
  const open: [value: Value, depth: number][] = [[value, 0]];
  let [items, characters, deepest] = [0, 0, 0];
  for (let next = open.pop(); next; next = open.pop()) {
    const [{ value: content }, depth] = next;
    items++;
    characters += typeof content === 'string' ? content.length : ITEM_CHARACTERS;
    deepest = Math.max(deepest, depth);
    if (Array.isArray(content)) {
      if (content.length > MOST_ITEMS) throw new TooLong(`it makes a list of ${content.length} items.`);
      for (const item of content) open.push([item, depth + 1]);
    } else if (content instanceof Map) {
      for (const [key, item] of content) {
        characters += key.length;
        open.push([item, depth + 1]);
      }
    }
    demandLength(characters);
  }
  return { items, characters, depth: deepest };
}

/** Characters of what a filter or a method of this name will make; 0 for those that add none, or a few for each that there was. */
function futureLength(name: string, operand: Value, { positional, named }: Arguments): number {
  const { items, characters, depth } = weigh(operand);
  const [first, second, third] = positional;
  if (name === 'join') {
    const parts = isText(operand) ? operand.value.length : items - 1;
    return characters + Math.max(0, parts - 1) * lengthOf(first ?? named.get('separator'));
  }
  if (name === 'tojson') {
    const indent = numberOf(named.get('indent'), 0);
    const separators = named.get('separators');
    const apart = separators ? weigh(separators).characters : 0;
    return ESCAPED_CHARACTERS * characters + items * (indent * (depth + 1) + apart);
  }
  if (!isText(operand)) return 0;
  if (name === 'indent') {
    const lines = operand.value.split('\n').length;
    return characters + lines * numberOf(first ?? named.get('width'), 4);
  }
  if (name !== 'replace' || !first || !isText(first)) return 0;
  const found = first.value === '' ? characters + 1 : operand.value.split(first.value).length - 1;
  const most = numberOf(third ?? named.get('count'), found);
  const times = most < 0 ? found : Math.min(found, most);
  return characters + times * (lengthOf(second) - first.value.length);
}

/** How many parts a piece of a template has. */
function partsIn(tree: Statement): number {
  const open: object[] = [tree];
  let parts = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    parts++;
    const inside: unknown[] = next instanceof Map ? [...next].flat() : Object.values(next);
    for (const part of inside) if (typeof part === 'object' && part !== null) open.push(part);
  }
  return parts;
}

export class BoundedInterpreter extends Interpreter {
  #steps = 0;
  readonly #parts = new WeakMap<Statement, number>();
  readonly #bounded = new WeakSet<Method>();

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    if (statement?.type === 'Held') return (statement as Node).value as Value;
    this.#count(1);
    const result = this.#checked(statement as Node | undefined, environment);
    if (isText(result)) {
      demandLength(result.value.length);
      this.#countCharacters(result.value.length);
    } else if (isContainer(result)) this.#count(weigh(result).items);
    else if (typeof result.value === 'number' && !(Math.abs(result.value) <= MOST_NUMBER)) {
      throw new TooLong(`it computes the number ${result.value}.`);
    }
    return result;
  }

  /** Evaluates what an operation takes first, so that what it will make is known before it is made. */
  #checked(node: Node | undefined, environment: Environment): Value {
    switch (node?.type) {
      case 'FilterExpression':
        return this.#filter(this.evaluate(node.operand, environment), node.filter, environment);
      case 'FilterStatement': {
        const body = { type: 'Program', body: node.body } as Statement;
        return this.#filter(this.evaluate(body, environment), node.filter, environment);
      }
      case 'BinaryExpression':
        return this.#binary(node, environment);
      case 'MemberExpression':
        return this.#member(node, environment);
      case 'Macro':
      case 'CallStatement':
        // All that is in it is looked through each time.
        this.#count(this.#partsOf(node));
    }
    return super.evaluate(node, environment);
  }

  #filter(operand: Value, filter: Node, environment: Environment): Value {
    const name = String((filter.callee ?? filter).value);
    const { nodes, ...given } = this.#arguments(filter.args ?? [], environment);
    demandLength(futureLength(name, operand, given));
    this.#countWork(operand, [...given.positional, ...given.named.values()]);
    const call = filter.args ? { ...filter, args: nodes } : filter;
    const node = { type: 'FilterExpression', operand: held(operand), filter: call };
    return super.evaluate(node as Statement, environment);
  }

  /** The arguments' values, and the arguments as they stand in the tree with these values in them. */
  #arguments(args: readonly Node[], environment: Environment): Arguments & { readonly nodes: Statement[] } {
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    const nodes = args.map((node): Statement => {
      if (node.type === 'KeywordArgumentExpression') {
        const value = this.evaluate(node.value as Statement, environment);
        named.set(String(node.key.value), value);
        return { ...node, value: held(value) } as Statement;
      }
      if (node.type === 'SpreadExpression' || node.type === 'KeywordSpreadExpression') {
        const value = this.evaluate(node.argument, environment);
        if (Array.isArray(value.value)) positional.push(...value.value);
        else if (value.value instanceof Map) for (const [key, item] of value.value) named.set(key, item);
        return { ...node, argument: held(value) } as Statement;
      }
      const value = this.evaluate(node, environment);
      positional.push(value);
      // Some filters take only texts that stand in the template.
      return node.type === 'StringLiteral' ? node : held(value);
    });
    return { positional, named, nodes };
  }

  #binary(node: Node, environment: Environment): Value {
    const sign = String(node.operator.value);
    if (sign === 'and' || sign === 'or') return super.evaluate(node, environment);
    const left = this.evaluate(node.left, environment);
    const right = this.evaluate(node.right, environment);
    if (sign === '~' || sign === '+') demandLength(lengthOf(left) + lengthOf(right));
    // A comparison may write a list out.
    this.#countWork(left, [right]);
    return super.evaluate({ ...node, left: held(left), right: held(right) } as Statement, environment);
  }

  /** A text's replace() is bounded wherever it is taken to. */
  #member(node: Node, environment: Environment): Value {
    const object = this.evaluate(node.object, environment);
    const found = super.evaluate({ ...node, object: held(object) } as Statement, environment);
    if (!isText(object) || !isMethod(found) || this.#bounded.has(found)) return found;
    if (object.builtins.get('replace') !== found) return found;
    const replace = found.value;
    found.value = (args, scope) => {
      const last = args.at(-1)?.value;
      const named = last instanceof Map ? last : new Map<string, Value>();
      demandLength(futureLength('replace', object, { positional: args, named }));
      return replace(args, scope);
    };
    this.#bounded.add(found);
    return found;
  }

  #partsOf(node: Node): number {
    const parts = this.#parts.get(node) ?? partsIn(node);
    this.#parts.set(node, parts);
    return parts;
  }

  /** What it takes to sort or write out a value, with these arguments looked at for each of its items. */
  #countWork(operand: Value, others: readonly Value[]): void {
    const weights = others.map((other) => weigh(other).characters);
    this.#countCharacters(weights.reduce((sum, characters) => sum + characters, 0));
    if (!isContainer(operand)) return;
    const { items, characters } = weigh(operand);
    const rounds = Math.log2(items + 1);
    const each = weights.reduce((sum, other) => sum + other, 0) / CHARACTERS_PER_STEP;
    this.#count(items * rounds * (1 + each));
    this.#countCharacters(characters * rounds);
  }

  #countCharacters(characters: number): void {
    this.#count(characters / CHARACTERS_PER_STEP);
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new TooLong(`it does not end within ${MOST_STEPS} steps.`);
  }
}
