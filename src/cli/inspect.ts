/**
 * `npm run inspect -- [--data DIR] [--model DIR] [--json]`: what a folder of data and a model's folder are found to hold, before
 * anything is trained. Needs no GPU.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError, InputError } from '../math/errors.ts';
import { counted } from '../math/format.ts';
import {
  type Inspected,
  type InspectedData,
  type InspectedModel,
  inspected,
  type ToInspect,
} from './node/inspected.ts';
import {
  asksText,
  listLine,
  MOST_LISTS,
  READING_USAGE,
  type ReadingFlags,
  takeReadingFlag,
} from './reading-flags.ts';

const USAGE = `npm run inspect -- [--data DIR] [--model DIR] [--columns ROLE=COLUMN,…] [--answer KEY=CHOICE]… [--json]
  --data DIR    a folder of rows, clips or both     --model DIR   a checkpoint folder
${READING_USAGE}  --json        one object on stdout: every example, label, column, issue and question; of a model what its files are
  Ends with 0 where it can be trained on as it is, 2 where something is asked, 1 where nothing can be read.\n`;

interface Options extends ToInspect {
  readonly json: boolean;
}

function parseArguments(argv: readonly string[]): Options {
  const options: { data?: string; model?: string; json: boolean } & ReadingFlags = {
    json: false,
    columns: {},
    answers: {},
  };
  for (let i = 0; i < argv.length; i++) {
    const flag = argv[i]!;
    if (flag === '--json') options.json = true;
    else if (flag === '--data') options.data = existing(argv[++i], flag);
    else if (flag === '--model') options.model = existing(argv[++i], flag);
    else if (takeReadingFlag(options, flag, argv[i + 1])) i++;
    else throw new InputError(`Unknown argument ${flag}.`, { hint: USAGE });
  }
  if (options.data === undefined && options.model === undefined)
    throw new InputError('Give --data DIR, --model DIR, or both.', { hint: USAGE });
  return options;
}

function existing(value: string | undefined, flag: string): string {
  if (value === undefined || value.startsWith('--'))
    throw new InputError(`${flag} needs a folder.`, { hint: USAGE });
  const path = resolve(value);
  // Of data one file, an archive or a list, may be the whole of it.
  if (existsSync(path) && (statSync(path).isDirectory() || flag === '--data')) return path;
  throw new InputError(`${flag} ${path}: there is no such folder.`, { hint: 'Check the path.' });
}

/** Issues and examples shown without --json. */
const MOST_LINES = 20;

function dataLines({ name, format, rows, examples, labels, splits, ...more }: InspectedData): string[] {
  const { division, lists, issues, asks, answered, problem } = more;
  const left = issues.filter(({ note }) => !note);
  const notes = issues.filter(({ note }) => note);
  const named = (which: typeof issues) => [
    ...which
      .slice(0, MOST_LINES)
      .map(({ file, row, message }) => `  ${file}${row === null ? '' : ` row ${row}`}: ${message}`),
    ...(which.length > MOST_LINES ? [`  and ${which.length - MOST_LINES} more`] : []),
  ];
  return [
    `${name}: ${format}; ${counted(rows, 'row')}, ${counted(examples.length, 'example')}`,
    ...(problem === null ? [] : [problem]),
    ...lists.slice(0, MOST_LISTS).map(listLine),
    ...(asks.length > 0 ? ['Asked:', asksText(asks)] : []),
    ...answered.map(({ what, chosen }) => `answered: ${what}=${chosen}`),
    `splits: ${Object.entries(splits)
      .map(([split, count]) => `${split} ${count}`)
      .join(', ')}. ${division}`,
    'labels:',
    ...labels.slice(0, MOST_LINES).map(({ label, count }) => `  ${String(count).padStart(6)}  ${label}`),
    ...(labels.length > MOST_LINES ? [`  and ${labels.length - MOST_LINES} more`] : []),
    ...(left.length > 0 ? [`left out: ${left.length}`, ...named(left)] : []),
    ...(notes.length > 0 ? ['notes:', ...named(notes)] : []),
  ];
}

function modelLines(model: InspectedModel): string[] {
  const {
    name,
    family,
    main,
    others,
    weights,
    tied,
    endIds,
    adapter,
    unused,
    unusedTensors,
    notes,
    problem,
  } = model;
  if (family === null) return [`${name}: ${problem}`];
  return [
    `${name}: ${family}, in ${main}${others.length > 0 ? `; other models: ${others.join(', ')}` : ''}`,
    ...(problem === null ? [] : [problem]),
    `  weights: ${weights.join(', ')}`,
    `  head: ${tied ? 'the embedding' : 'its own'}; ids that end an answer: ${endIds.join(', ')}`,
    ...(adapter ? [`  adapter: ${adapter.path || '.'}${adapter.base && `, for ${adapter.base}`}`] : []),
    ...(unused.length > 0 ? [`  files not read: ${unused.join(', ')}`] : []),
    ...(unusedTensors.length > 0 ? [`  tensors not used: ${unusedTensors.length}`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}

/** 0: it can be trained on as it is; 2: something is asked; 1: nothing can be read. */
function statusOf({ data, model }: Inspected): number {
  const isBroken = (data?.problem ?? null) !== null || (model?.problem ?? null) !== null;
  return isBroken ? 1 : (data?.asks.length ?? 0) > 0 ? 2 : 0;
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) return end(USAGE, 0);
  const { json, ...what } = parseArguments(argv);
  const found = await inspected(what);
  const { data, model } = found;
  const lines = [...(data ? dataLines(data) : []), ...(model ? modelLines(model) : [])];
  end(json ? `${JSON.stringify(found)}\n` : `${lines.join('\n')}\n`, statusOf(found));
}

/** A pipe takes a long text in pieces: the process must not end before the last. */
const end = (text: string, status: number): void => {
  process.stdout.write(text, () => process.exit(status));
};

main().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  const isAsked = process.argv.includes('--json');
  end(isAsked ? `${JSON.stringify({ problem: describeError(error) })}\n` : '', 1);
});
