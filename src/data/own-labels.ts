import { baseName, type FileTree } from '../io/files/files.ts';
import { parseJson } from '../io/json/json.ts';
import { InputError } from '../math/errors.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { fileIssue } from './issues.ts';
import { itemsOf } from './json-items.ts';
import { isRecord } from './json-shapes.ts';
import type { Beside } from './known-entries.ts';
import { type LabelMap, labelKey } from './labels.ts';
import { listText } from './list-text.ts';
import { isAboutClips } from './readers/about-clips.ts';

export interface OwnLabels {
  readonly map: LabelMap;
  /** The file that holds the map; it is no annotation. */
  readonly file?: string;
  readonly issues: readonly DataIssue[];
  /** It cannot be read, and may say what clips show. */
  readonly isUnread?: boolean;
}

/** The map in the topmost `labels.json`; a list of clips of that name, or an object by clip, is an annotation like any other. */
export async function readOwnLabels(tree: FileTree, beside: Beside): Promise<OwnLabels> {
  const files = tree.files.filter(({ path }) => baseName(path).toLowerCase() === 'labels.json');
  const depth = (path: string) => path.split('/').length;
  const [file] = files.sort((a, b) => depth(a.path) - depth(b.path));
  const none = { map: new Map<string, string>(), issues: [] };
  if (!file) return none;
  let text = '';
  try {
    text = await listText(file);
    const value = parseJson(text, file.path, { nonFinite: true });
    return isList(value, file.path, beside)
      ? none
      : { map: labelMap(value, file.path), file: file.path, issues: [] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const isUnread = isAboutClips(file.path, text || '{}', beside);
    return { ...none, file: file.path, issues: [fileIssue(file.path, error)], isUnread };
  }
}

const isList = (value: unknown, path: string, beside: Beside): boolean =>
  itemsOf(value, path, beside) !== undefined;

function labelMap(value: unknown, path: string): LabelMap {
  const map = new Map<string, string>();
  for (const [from, to] of Object.entries(isRecord(value) ? value : { '': value })) {
    if (typeof to !== 'string' || to.trim() === '') {
      throw new InputError(`${path}: "${from}" is mapped to ${JSON.stringify(to)}; expected a word.`, {
        hint: 'Write {"from": "to"}, for example {"anger": "angry"}.',
      });
    }
    map.set(labelKey(from), to.trim());
  }
  return map;
}
