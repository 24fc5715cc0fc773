/** LLaMA-Factory's dataset_info.json: which columns of which file say what, and by which words. */
import { baseName, type FileEntry } from '../../io/files/files.ts';
import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { folderOf } from '../clip-index.ts';
import { squeezed } from '../column-names.ts';
import { kindOfName } from '../entry/shown.ts';
import { fileIssue } from '../issues.ts';
import { isRecord, type Json } from '../json-shapes.ts';
import { listText } from '../list-text.ts';

/** How the rows of one file are written. */
export interface Described {
  /** Ours → theirs. */
  readonly columns: ReadonlyMap<string, string>;
  /** Keys of a turn, and theirs → ours of its roles. */
  readonly role: string;
  readonly content: string;
  readonly roles: ReadonlyMap<string, string>;
}

export interface DatasetInfo {
  /** The lists without the descriptions of them. */
  readonly files: readonly FileEntry[];
  /** By the path of the list. */
  readonly described: ReadonlyMap<string, Described>;
  readonly issues: readonly DataIssue[];
}

/** Their names of columns → those that rows are read by. */
const COLUMNS: Readonly<Record<string, string>> = {
  ...{ prompt: 'instruction', query: 'input', response: 'output', history: 'history', system: 'system' },
  ...{ messages: 'messages', tools: 'tools', images: 'images', videos: 'videos', audios: 'audios' },
};
/** Columns of these meanings are none of a row whose description names another. */
const MEANINGS: readonly (readonly string[])[] = [
  ['messages', 'conversations', 'conversation', 'chat', 'dialogue'],
  ['instruction', 'prompt', 'question', 'problem', 'query'],
  ['input'],
  ['output', 'response', 'answer', 'solution', 'label'],
  ['system', 'systemprompt', 'systemmessage'],
  ['history'],
];
const TAGS: Readonly<Record<string, string>> = {
  ...{ user_tag: 'user', assistant_tag: 'assistant', system_tag: 'system' },
  ...{ observation_tag: 'observation', function_tag: 'function_call' },
};

/** What the folder's dataset_info.json say, read before the lists. */
export async function readDatasetInfo(files: readonly FileEntry[]): Promise<DatasetInfo> {
  const infos = files.filter(({ path }) => baseName(path) === 'dataset_info.json');
  const described = new Map<string, Described>();
  const issues: DataIssue[] = [];
  for (const info of infos) {
    try {
      const sets = parseJson(await listText(info), info.path);
      for (const set of isRecord(sets) ? Object.values(sets).filter(isRecord) : []) {
        if (typeof set.file_name !== 'string') continue;
        const folder = folderOf(info.path);
        described.set(
          `${folder === '' ? '' : `${folder}/`}${set.file_name.replace(/^\.\//, '')}`,
          describedBy(set),
        );
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(fileIssue(info.path, error));
    }
  }
  return { files: files.filter((file) => !infos.includes(file)), described, issues };
}

function describedBy(set: Json): Described {
  const columns = Object.entries(isRecord(set.columns) ? set.columns : {});
  const tags = isRecord(set.tags) ? set.tags : {};
  const text = (key: string, other: string): string => {
    const said = tags[key];
    return typeof said === 'string' ? said : other;
  };
  return {
    columns: new Map(
      columns.flatMap(([ours, theirs]) =>
        typeof theirs === 'string' && Object.hasOwn(COLUMNS, ours) ? [[COLUMNS[ours]!, theirs] as const] : [],
      ),
    ),
    role: text('role_tag', 'from'),
    content: text('content_tag', 'value'),
    roles: new Map(Object.entries(TAGS).map(([tag, role]) => [text(tag, role), role])),
  };
}

/** An entry with the columns, roles and keys that rows are read by. */
export function asDescribed(item: unknown, { columns, role, content, roles }: Described): unknown {
  if (!isRecord(item) || columns.size === 0) return item;
  const said = Object.fromEntries([...columns].map(([ours, theirs]) => [ours, item[theirs]]));
  const meant = new Set([...columns.keys()].flatMap(sameMeaning));
  const rest = Object.entries(item).filter(
    ([name]) => !(meant.has(squeezed(name)) || meant.has(kindOfName(squeezed(name)) ?? '')),
  );
  const turns = said.messages;
  const messages = Array.isArray(turns)
    ? { messages: (turns as unknown[]).map((turn) => turnOf(turn, { role, content, roles })) }
    : {};
  return { ...said, ...messages, ...Object.fromEntries(rest) };
}

/** The names that mean what a column of ours does; of media the kind. */
function sameMeaning(ours: string): readonly string[] {
  const kind = kindOfName(ours);
  return kind === undefined ? (MEANINGS.find((names) => names.includes(ours)) ?? [ours]) : [kind];
}

function turnOf(turn: unknown, { role, content, roles }: Omit<Described, 'columns'>): unknown {
  if (!isRecord(turn)) return turn;
  const said = turn[role];
  return { role: (typeof said === 'string' && roles.get(said)) || said, content: turn[content] };
}
