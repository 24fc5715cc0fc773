/**
 * DFEW: clips of films in seven emotions, five folds.
 *   EmoLabel_DataSplit/{train,test}(single-labeled)/set_{1..5}.csv   lines 7,4 below the header video_name,label
 *   Clip/original/7.mp4, or only its frames in Clip/clip_224x224/00007/
 */
import type { ClipIndex } from '../clip-index.ts';
import { parseCsv } from '../csv.ts';
import { DFEW_LABELS } from '../labels.ts';
import { listText } from '../list-text.ts';
import { foldLists } from './fold-lists.ts';
import { type ListEntry, rowsOfList } from './label-list.ts';
import { mergeRows, type Reader } from './reader.ts';

/** Copies write the folder as single-labeled, single_labeled, with brackets or without. */
const LIST = /(?:^|\/)(?<split>train|test)[ _-]*\(?single[ _-]?labell?ed\)?\/set_(?<fold>\d+)\.csv$/i;
const OWN_FILE = /(?:^|\/)(?:EmoLabel_DataSplit\/.*\.csv|Annotation\/annotation\.xlsx)$/i;

/** Where the clip of a number lies, the best place first: frames have no sound. */
const PLACES: readonly RegExp[] = [
  /(?:^|\/)original\/0*(\d+)\.\w+$/i,
  /(?:^|\/)videos?\/0*(\d+)\.\w+$/i,
  /(?:^|\/)clip_224x224\/0*(\d+)$/i,
  /(?:^|\/)clip_224x224_16f\/0*(\d+)$/i,
];

export const dfew: Reader = {
  name: 'DFEW',
  recognises: ({ tree }) => tree.files.some(({ path }) => LIST.test(path)),
  owns: (path) => LIST.test(path) || OWN_FILE.test(path),
  async read({ tree, clips, fold, ownLabels }) {
    const { folds, lists, issues } = foldLists(tree, LIST, fold);
    const places = clipsByNumber(clips);
    const read = await Promise.all(
      lists.map(async ({ split, file }) => {
        const entries = entriesOf(await listText(file));
        const pathOf = (clip: string) => places.get(numberOf(clip)) ?? clip;
        return rowsOfList(entries, { file: file.path, split, known: DFEW_LABELS, ownLabels, pathOf });
      }),
    );
    const { rows, issues: bad, met } = mergeRows(read);
    return { rows, issues: [...issues, ...bad], met, folds };
  },
};

/** Labels are codes from 1; words are taken as they are. */
function entriesOf(text: string): ListEntry[] {
  const records = parseCsv(text);
  const header = records[0]?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const isNamed = header.includes('label');
  const column = (name: string, otherwise: number) => (isNamed ? header.indexOf(name) : otherwise);
  const [clip, label] = [column('video_name', 0), column('label', 1)];
  return records.slice(isNamed ? 1 : 0).map(({ line, cells }) => {
    const written = cells[label] ?? '';
    return { row: line, clip: cells[clip] ?? '', label: DFEW_LABELS[Number(written) - 1] ?? written };
  });
}

/** '00007.mp4' and '7' → '7'; another name → itself. */
function numberOf(clip: string): string {
  return /^0*(\d+)(?:\.\w+)?$/.exec(clip)?.[1] ?? clip;
}

function clipsByNumber(clips: ClipIndex): Map<string, string> {
  const best = new Map<string, { path: string; rank: number }>();
  for (const path of [...clips.files.keys(), ...clips.folders.keys()]) {
    const rank = PLACES.findIndex((place) => place.test(path));
    if (rank < 0) continue;
    const number = PLACES[rank]!.exec(path)![1]!;
    if (rank < (best.get(number)?.rank ?? PLACES.length)) best.set(number, { path, rank });
  }
  return new Map([...best].map(([number, { path }]) => [number, path]));
}
