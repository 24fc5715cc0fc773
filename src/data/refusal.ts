/** What is said of a folder in which nothing can be learned from: what was found, what was expected, the next move. */
import { baseName, extension, type FileTree } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import { isMedia } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import type { Dataset } from './types.ts';

/** What is not read in place; of models no zip is, either. */
const ARCHIVES = ['tar', 'gz', 'tgz', 'bz2', 'xz', '7z', 'rar'];
const WEIGHTS = ['safetensors', 'bin', 'pt', 'pth', 'gguf'];
/** Issues listed in the details. */
const MOST_ISSUES = 20;
const LABELS_EXPECTED =
  'Put a .json, .jsonl, .csv or .tsv with a path and a label per clip beside them, or a folder per label around them, and drop the folder.';

/** Lets a data set pass that has a clip with a label, or a question with an answer, or of which something has to be asked first. @throws InputError */
export function demandExamples(data: Dataset, tree: FileTree): void {
  if (data.examples.length > 0 || (data.asks ?? []).length > 0) return;
  const { message, hint: move } = reasonOf(data, tree);
  const hint = [move, nearestFormat(tree)].filter(Boolean).join(' ');
  const issues = data.issues.slice(0, MOST_ISSUES).map(issueLine);
  const more = data.issues.length - issues.length;
  const details = [...issues, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  throw new InputError(message, { hint, ...(issues.length > 0 ? { details } : {}) });
}

/** Lets a folder pass that can be a model's. @throws InputError */
export function demandModelFolder(tree: FileTree): void {
  const { name, files } = tree;
  // An adapter alone is refused later, by the name of the base that it wants.
  if (files.some(({ path }) => ['config.json', 'adapter_config.json'].includes(baseName(path)))) return;
  const expected = 'expected a model: config.json, tokenizer files and *.safetensors';
  if (files.length === 0) throw new InputError(`${name} is empty; ${expected}.`, { hint: EMPTY_HINT });
  const clips = files.filter(({ path }) => isMedia(path)).length;
  throw new InputError(
    `${name}: found ${clips > 0 ? counted(clips, 'clip') : kindsOf(tree)}, no config.json; ${expected}.`,
    {
      hint:
        clips > 0
          ? 'If it is a data set, open it on the Data screen (by command: --data).'
          : (archiveHint(tree, ['zip', ...ARCHIVES]) ??
            listHint(tree) ??
            'Drop the whole folder of the model, with its config.json.'),
    },
  );
}

const EMPTY_HINT =
  'Hidden files and links are not read: choose the folder that holds the files themselves, and drop it again.';

function reasonOf(data: Dataset, tree: FileTree): { message: string; hint: string } {
  const { name, files } = tree;
  const [first] = data.issues.filter(({ reason }) => reason !== 'nothing to read');
  if (files.length === 0)
    return first
      ? { message: issueLine(first), hint: first.hint ?? EMPTY_HINT }
      : { message: `${name} is empty; expected clips and their labels.`, hint: EMPTY_HINT };
  if (isModelFolder(tree)) {
    return {
      message: `${name} is a model's folder (${kindsOf(tree)}); expected clips and their labels.`,
      hint: 'Open it on the Model screen (by command: --model).',
    };
  }
  const archive = archiveHint(tree);
  if (first) {
    if (data.rows === 0 && first.reason === 'clip unreadable')
      return { message: issueLine(first), hint: first.hint ?? LABELS_EXPECTED };
    const rows =
      data.rows > 0 ? `none of ${counted(data.rows, 'row')} can be used` : 'its list cannot be read';
    return {
      message: `${name}: ${rows}. ${issueLine(first)}`,
      hint: archive ?? first.hint ?? LABELS_EXPECTED,
    };
  }
  const clips = files.filter(({ path }) => isMedia(path)).length;
  if (clips > 0) {
    return {
      message: `${name}: found ${counted(clips, 'clip')}, but nothing that says what they show; expected a label for each.`,
      hint: LABELS_EXPECTED,
    };
  }
  return {
    message: `${name}: found ${kindsOf(tree)}, expected clips and their labels.`,
    hint:
      archive ??
      'Drop the folder that holds both the clips and their JSON or CSV file; for a language model, one with a .jsonl or .csv of questions and answers.',
  };
}

/** The nearest format that is read, by an example of the folder's own files; '' where nothing of the folder could be data. */
function nearestFormat(tree: FileTree): string {
  const { files } = tree;
  if (files.length === 0 || isModelFolder(tree) || archiveHint(tree)) return '';
  const clip = files.find(({ path }) => isMedia(path))?.path;
  const list = files.find(({ path }) => ['json', 'jsonl', 'csv', 'tsv'].includes(extension(path)));
  const kind = list ? extension(list.path) : clip === undefined ? 'jsonl' : 'csv';
  const name = list ? baseName(list.path) : `${clip === undefined ? 'questions' : 'labels'}.${kind}`;
  return `Nearest format, as an example of ${name}: ${exampleRows(kind, clip)}`;
}

function exampleRows(kind: string, clip: string | undefined): string {
  const row =
    clip === undefined
      ? { question: 'What is 2 + 3?', answer: '5' }
      : { path: clip, label: 'happy', speaker: 'A', split: 'train' };
  if (kind === 'json') return `[${JSON.stringify(row)}]`;
  if (kind === 'jsonl') return JSON.stringify(row);
  const separator = kind === 'tsv' ? '\t' : ',';
  return `a first line "${Object.keys(row).join(separator)}", then "${Object.values(row).join(separator)}"`;
}

function isModelFolder({ files }: FileTree): boolean {
  const names = new Set(files.map(({ path }) => baseName(path)));
  const hasWeights = files.some(({ path }) => WEIGHTS.includes(extension(path)));
  const isModel =
    names.has('adapter_config.json') ||
    (names.has('config.json') && (hasWeights || names.has('tokenizer.json') || names.has('vocab.json')));
  return isModel && !files.some(({ path }) => isMedia(path));
}

/** A list of rows is data. */
const listHint = ({ files }: FileTree): string | undefined =>
  files.some(({ path }) => ['jsonl', 'csv', 'tsv', 'parquet', 'xlsx'].includes(extension(path)))
    ? 'If it is a data set, open it on the Data screen (by command: --data).'
    : undefined;

function archiveHint({ files }: FileTree, kinds: readonly string[] = ARCHIVES): string | undefined {
  const archive = files.find(({ path }) => kinds.includes(extension(path)));
  return archive && `Unpack ${baseName(archive.path)} first, and drop the folder that comes out.`;
}

function issueLine({ file, row, message }: DataIssue): string {
  if (message.startsWith(file)) return message;
  return `${file}${row === undefined ? '' : ` row ${row}`}: ${message}`;
}

/** "3 files (.pdf, .docx)". */
function kindsOf({ files }: FileTree): string {
  const kinds = [
    ...new Set(files.map(({ path }) => (extension(path) ? `.${extension(path)}` : baseName(path)))),
  ];
  const more = kinds.length > 4 ? ' …' : '';
  return `${counted(files.length, 'file')} (${kinds.slice(0, 4).join(', ')}${more})`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
