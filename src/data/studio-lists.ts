/** Lists that the studio itself wrote in an export: they repeat what a data set's own lists say. */
import { baseName, extension, type FileEntry } from '../io/files/files.ts';
import { parseJson } from '../io/json/json.ts';
import { InputError } from '../math/errors.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { folderOf } from './clip-index.ts';
import { isRecord } from './json-shapes.ts';

/** Bytes at a list's beginning that tell who wrote it. */
const HEAD_BYTES = 65_536;
/** Keys of a line for TRL, for verl, and of an answer that was logged. */
const LINES: readonly (readonly string[])[] = [
  ['prompt', 'solution', 'video'],
  ['data_source', 'prompt', 'ability', 'reward_model', 'extra_info'],
  ['step', 'prompt', 'completion', 'advantage', 'solution', 'video'],
];
/** For R1-Omni: a list like anybody's, told by where the bundle has it. */
const R1_OMNI = /(?:^|\/)r1omni\/(?:train|eval)\.json$/;

/** What a bundle holds beside lists, and a person's words for labels. */
const RECORDS =
  /(?:^|\/)(?:manifest|settings|run|labels|trainer_state|\w*config|tokenizer\w*|vocab|special_tokens_map|added_tokens)\.json$/;

export interface OwnLists {
  readonly files: readonly FileEntry[];
  readonly issues: readonly DataIssue[];
}

/**
 * The files without the studio's lists, where the folder has others or clips beside the bundle. A bundle that was dropped by
 * itself is read by one kind of its lists.
 */
export async function withoutStudioLists(
  files: readonly FileEntry[],
  clips: readonly string[],
): Promise<OwnLists> {
  // Questions without clips repeat none: other programs write them in the same form.
  if (clips.length === 0) return { files, issues: [] };
  const bundles = await bundlesAmong(files);
  const inBundle = (path: string) => bundles.some((root) => root !== '' && path.startsWith(`${root}/`));
  const own = new Set<FileEntry>();
  for (const file of files) {
    const isOfBundle = bundles.length > 0 && RECORDS.test(file.path) && baseName(file.path) !== 'labels.json';
    if (inBundle(file.path) || isOfBundle || (await isOwnList(file, files))) own.add(file);
  }
  const lists = [...own].filter(({ path }) => isList(path));
  const others = files.filter((file) => isList(file.path) && !own.has(file));
  const single = lists.filter(({ path }) => !inBundle(path)).map(({ path }) => folderOf(folderOf(path)));
  const roots = new Set([...bundles, ...single]);
  const isOutside = clips.some(
    (path) => ![...roots].some((root) => root === '' || path.startsWith(`${root}/`)),
  );
  if (lists.length === 0) return { files, issues: [] };
  const chosen = others.length > 0 || isOutside ? [] : oneKind(lists);
  const aside = lists.filter((file) => !chosen.includes(file));
  const left = new Set([...own].filter((file) => !chosen.includes(file)));
  return {
    files: files.filter((file) => !left.has(file)),
    issues: aside.length === 0 ? [] : [setAside(aside)],
  };
}

const isList = (path: string): boolean =>
  ['json', 'jsonl', 'csv', 'tsv'].includes(extension(path)) && !RECORDS.test(path);

/** Folders with a manifest that says that the studio wrote them. */
async function bundlesAmong(files: readonly FileEntry[]): Promise<string[]> {
  const roots: string[] = [];
  for (const file of files) {
    if (baseName(file.path) !== 'manifest.json') continue;
    const head = await headOf(file);
    if (/"studio"\s*:/.test(head) && /"base_model"\s*:/.test(head)) roots.push(folderOf(file.path));
  }
  return roots;
}

async function isOwnList(file: FileEntry, files: readonly FileEntry[]): Promise<boolean> {
  if (R1_OMNI.test(file.path)) {
    const launch = `${folderOf(file.path)}/launch.py`;
    return files.some(({ path }) => path === launch);
  }
  if (extension(file.path) !== 'jsonl') return false;
  const [line = ''] = (await headOf(file)).split('\n');
  const keys = keysOf(line, file.path);
  return LINES.some(
    (known) => known.every((key) => keys.includes(key)) && (known.length > 3 || keys.length === 3),
  );
}

const headOf = async (file: FileEntry): Promise<string> => (await file.blob()).slice(0, HEAD_BYTES).text();

function keysOf(line: string, label: string): string[] {
  try {
    const value = parseJson(line, label);
    return isRecord(value) && (!('solution' in value) || 'completion' in value || Array.isArray(value.prompt))
      ? Object.keys(value)
      : [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [];
  }
}

/** Of the lists of a bundle those for R1-Omni, which hold the held-out clips, too; else those of one folder without repeats. */
function oneKind(lists: readonly FileEntry[]): FileEntry[] {
  const r1Omni = lists.filter(({ path }) => R1_OMNI.test(path));
  if (r1Omni.length > 0) return r1Omni;
  const folder = folderOf(lists[0]!.path);
  return lists.filter(({ path }) => folderOf(path) === folder && baseName(path) !== 'next.jsonl');
}

function setAside(lists: readonly FileEntry[]): DataIssue {
  const named = lists.slice(0, 3).map(({ path }) => path);
  return {
    reason: 'file set aside',
    file: named[0]!,
    message: `${lists.length} lists were written by an export of the studio and repeat the clips of others: ${named.join(', ')}${lists.length > 3 ? ' …' : ''}.`,
    hint: 'They were not read. To open the exported bundle itself, drop its folder alone.',
  };
}
