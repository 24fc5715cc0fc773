/**
 * MAFW: clips of films in eleven single expressions, five folds.
 *   Train & Test Set/single/no_caption/set_{1..5}/{train,test}.txt   lines 03747.mp4<TAB>anger, more columns ignored
 *   clips/03747.mp4
 * Without folds, text files whose lines are like these are the lists.
 */
import { baseName, extension, type FileEntry, type FileTree } from '../../io/files/files.ts';
import type { Split } from '../../protocol/messages.ts';
import { MAFW_LABELS } from '../labels.ts';
import { listText } from '../list-text.ts';
import { splitOfName } from '../split-words.ts';
import { type FoldLists, foldLists } from './fold-lists.ts';
import { type ListEntry, rowsOfList } from './label-list.ts';
import { mergeRows, type Reader } from './reader.ts';

/** Single expressions only; the lists with captions name the same clips. */
const LIST = /(?:^|\/)single\/(?:no_caption\/)?set_(?<fold>\d+)\/(?<split>train|test)\.txt$/i;
const COMPOUND = /(?:^|\/)compound\//i;
/** Its other tables say less than the lists, or something else. */
const OWN_FILE = /(?:^|\/)(?:single-set|multi-set|annotation|descriptive_text)\.xlsx$/i;
const CLIP_NAME = /^\d{5}\.\w+$/;
/** Bytes of a text file that tell whether it is a list. */
const HEAD_BYTES = 512;
/** A folder with more text files holds transcripts rather than lists. */
const MAX_LISTS = 50;

export const mafw: Reader = {
  name: 'MAFW',
  recognises: async ({ tree }) =>
    tree.files.some(({ path }) => LIST.test(path)) || (await plainLists(tree)).length > 0,
  owns: (path) => OWN_FILE.test(path),
  async read({ tree, fold, ownLabels }) {
    const { folds, lists, issues } = await listsOf(tree, fold);
    const read = await Promise.all(
      lists.map(async ({ split, file }) => {
        const entries = entriesOf(await listText(file));
        const pathOf = (clip: string) => (clip.includes('/') ? clip : `clips/${clip}`);
        return rowsOfList(entries, { file: file.path, split, known: MAFW_LABELS, ownLabels, pathOf });
      }),
    );
    const { rows, issues: bad, met } = mergeRows(read);
    return { rows, issues: [...issues, ...bad], met, ...(folds ? { folds } : {}) };
  },
};

interface Lists extends Omit<FoldLists, 'folds' | 'lists'> {
  readonly folds?: FoldLists['folds'];
  readonly lists: readonly { readonly split: Split | null; readonly file: FileEntry }[];
}

async function listsOf(tree: FileTree, fold: number): Promise<Lists> {
  if (tree.files.some(({ path }) => LIST.test(path))) return foldLists(tree, LIST, fold);
  const lists = (await plainLists(tree)).map((file) => ({ split: splitOfName(baseName(file.path)), file }));
  return { lists, issues: [] };
}

async function plainLists(tree: FileTree): Promise<FileEntry[]> {
  const texts = tree.files.filter(({ path }) => extension(path) === 'txt' && !COMPOUND.test(path));
  if (texts.length > MAX_LISTS) return [];
  const heads = await Promise.all(texts.map(async (file) => (await file.blob()).slice(0, HEAD_BYTES).text()));
  return texts.filter((_, i) => {
    const [first] = entriesOf(heads[i]!);
    return first !== undefined && CLIP_NAME.test(first.clip) && first.label !== '';
  });
}

function entriesOf(text: string): ListEntry[] {
  return text.split('\n').flatMap((line, index) => {
    const [clip = '', label = ''] = line
      .replace(/^\uFEFF/, '')
      .trim()
      .split(/\t+|,|\s+/);
    return clip === '' ? [] : [{ row: index + 1, clip, label }];
  });
}
