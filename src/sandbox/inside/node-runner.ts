/**
 * A person's file in a process of Node that stays, for trainers elsewhere: exports ship it in plain JavaScript, as one file with the
 * three that it imports. Arguments: the file, a name for it in errors, the function ('' for the only one) and 'text' or 'messages'.
 * A line of JSON for each batch comes in, one goes out: what the function gave, or an error with the line of the file.
 */
import { assert } from './assert.ts';
import { bareGlobals, batchTimers } from './bare.ts';
import { type Callable, calledOn, exported } from './functions.ts';

/** What of Node is used here. */
interface Module {
  readonly namespace: Readonly<Record<string, unknown>>;
  link(linker: () => never): Promise<void>;
  evaluate(): Promise<void>;
}
interface Builtins {
  vm: {
    SourceTextModule: new (
      code: string,
      options: { identifier: string; importModuleDynamically: () => never },
    ) => Module;
  };
  fs: { readFileSync(path: string, encoding: 'utf8'): string };
}
declare const process: {
  readonly argv: readonly string[];
  readonly stdin: AsyncIterable<string> & { setEncoding(encoding: 'utf8'): unknown };
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
  getBuiltinModule<K extends keyof Builtins>(name: K): Builtins[K];
};

const { argv, stdin, stdout, stderr } = process;
const { SourceTextModule } = process.getBuiltinModule('vm');
const text = process.getBuiltinModule('fs').readFileSync(argv[2]!, 'utf8');
const [name, asked, form] = [argv[3]!, argv[4]!, argv[5]!];
const write = JSON.stringify;
const answer = (said: object): void => stdout.write(`${write(said)}\n`);

/** What is thrown, with its line where it was thrown in the file. */
function told(error: unknown): { error: string } {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  const stack = error instanceof Error ? String(error.stack ?? '') : '';
  const line = stack.split(`${name}:`)[1]?.match(/^\d+/)?.[0];
  return { error: `${line === undefined ? name : `${name}:${line}`}: ${message}` };
}

const noImport = (): never => {
  throw new Error('Nothing can be imported here: put what it needs into the file.');
};

/** Beside the language there is `assert`, as in the studio, and a console: standard output carries answers alone. */
function giveGlobals(): void {
  const print = (...words: unknown[]) => stderr.write(`${words.map(String).join(' ')}\n`);
  const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'];
  Object.assign(globalThis, {
    assert,
    console: Object.fromEntries(methods.map((method) => [method, print])),
  });
}

/** The function that is meant: the one that is named, or the only one. */
function chosen(functions: ReadonlyMap<string, Callable>, stem: string): Callable {
  const wanted = asked || stem;
  const found =
    functions.get(wanted) ?? (asked === '' && functions.size === 1 ? [...functions.values()][0] : undefined);
  if (found) return found;
  throw new Error(`found no function ${wanted}; it has ${[...functions.keys()].join(', ') || 'none'}.`);
}

async function opened(): Promise<Callable> {
  const module = new SourceTextModule(text, { identifier: name, importModuleDynamically: noImport });
  await module.link(noImport);
  await module.evaluate();
  const stem = name.replace(/\.\w+$/, '');
  return chosen(exported(module.namespace, stem).functions, stem);
}

async function* lines(): AsyncGenerator<string> {
  stdin.setEncoding('utf8');
  let rest = '';
  for await (const piece of stdin) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop()!;
    yield* parts;
  }
}

async function serve(): Promise<void> {
  bareGlobals();
  giveGlobals();
  const timers = batchTimers();
  const run = await opened();
  answer({ ready: true });
  for await (const batch of lines()) {
    answer(await calledOn(run, batch, form === 'text').catch(told));
    timers.clear();
  }
}

serve().catch((error: unknown) => answer(told(error)));
