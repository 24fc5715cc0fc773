import type { FileTree } from '../io/files/files.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { ClipIndex, folderOf } from './clip-index.ts';
import { openContainers } from './containers/open.ts';
import { HowRead, type Wanted } from './how-read.ts';
import type { Beside } from './known-entries.ts';
import { readLegends, withLegend } from './legends.ts';
import { matchRows, mediaOf } from './match.ts';
import { readOwnLabels } from './own-labels.ts';
import { settleRaters } from './raters.ts';
import { readAnnotationFiles } from './readers/annotation-files.ts';
import { classFolders } from './readers/class-folders.ts';
import { cremaD } from './readers/crema-d.ts';
import { dfew } from './readers/dfew.ts';
import { esd } from './readers/esd.ts';
import { ferv39k } from './readers/ferv39k.ts';
import { withFolderFacts } from './readers/folder-facts.ts';
import { iemocap } from './readers/iemocap.ts';
import { mafw } from './readers/mafw.ts';
import { mer2023, merOpenSet } from './readers/mer.ts';
import { mspPodcast } from './readers/msp-podcast.ts';
import { namedClips } from './readers/named-clips.ts';
import { ravdess } from './readers/ravdess.ts';
import { mergeRows, type Reader, type Reading, type Source } from './readers/reader.ts';
import { wordedNames } from './readers/worded-names.ts';
import { settleLists } from './rival-lists.ts';
import { relabelled, spelledAlike } from './rows.ts';
import { divide } from './split.ts';
import { readSplitLists, withListedSplit } from './split-lists.ts';
import { withoutStudioLists } from './studio-lists.ts';
import { type AnnotationRow, mediaName, type ReadDataset } from './types.ts';
import { unreadArchives, unreadTypes } from './unread-types.ts';

const LAYOUTS: readonly Reader[] = [
  ...[dfew, mafw, ravdess, ferv39k, cremaD, iemocap, esd, mspPodcast, mer2023, merOpenSet],
  ...namedClips,
];

/** `columns`: role → the column that says it. `answers`: what was asked → the choice. */
export interface ReadOptions extends Wanted {
  /** For splits that the data set does not bring. */
  readonly seed: number;
  /** Of a data set that comes in folds, from 1. Default 1. */
  readonly fold?: number;
}

/**
 * A dropped folder → examples. A person's own annotations (JSON, JSON Lines, CSV, TSV) come first; a folder without any
 * row in them is read as the published data sets whose layout it has, else as a folder per class. Bad rows become issues
 * and never stop the rest. Archives are read as folders; clips are not opened. A folder without any clip may hold questions with their answers.
 * What can be meant in several ways is asked (`asks`), and read by the first choice until it is answered.
 * @throws InputError for a column, or an answer, that there is not
 */
export async function readDataset(
  dropped: FileTree,
  { seed, fold = 1, columns, answers }: ReadOptions,
): Promise<ReadDataset> {
  const { tree, issues: closed } = await openContainers(dropped);
  const clips = new ClipIndex(tree);
  const how = new HowRead({ columns, answers });
  const beside = besideOf(clips, how);
  const own = await readOwnLabels(tree, beside);
  const source: Source = { tree, clips, fold, ownLabels: own.map, how };
  const studio = await withoutStudioLists(tree.files, beside.paths);
  const divided = await readSplitLists(studio.files, clips);
  const annotated = studio.files.filter(({ path }) => path !== own.file && !divided.files.has(path));
  const read = await readRows(
    { ...source, tree: { ...tree, files: annotated } },
    { beside, isUnread: own.isUnread ?? false },
  );
  const { format, met, folds } = read;
  const legend = withLegend(read.rows, await readLegends(annotated, beside), how);
  // A person's own words are of the names that a legend gives, too.
  const rows = legend.file === undefined ? read.rows : legend.rows.map((row) => relabelled(row, own.map));
  const issues = read.issues.filter(({ file }) => file !== legend.file);
  const texts = rows.filter(({ media }) => media.length === 0);
  const shown = rows.filter(({ media }) => media.length > 0);
  const settled = settleClips(spelledAlike(shown), clips, how);
  const matched = matchRows([...settled.rows, ...texts], source.clips);
  const isOfText = texts.length > 0 && !matched.examples.some(({ media }) => media.length > 0);
  const kind = isOfText ? 'questions' : 'clips';
  const listed = matched.examples.map((example) => withListedSplit(example, divided));
  const { examples, division } = divide(withFolderFacts(listed), {
    seed,
    kind,
    ...(folds ? { folds } : {}),
  });
  return {
    name: tree.name,
    kind,
    examples,
    issues: [
      ...closed,
      ...own.issues,
      ...studio.issues,
      ...divided.issues,
      ...issues,
      ...legend.issues,
      ...settled.issues,
      ...matched.issues,
      ...unreadTypes(tree.name, clips.unread),
      ...(met > 0 ? unreadArchives(tree.files) : []),
    ],
    rows: met,
    format,
    division,
    ...how.told(rows.length > 0),
    ...(folds ? { folds } : {}),
    ...(tree === dropped ? {} : { opened: tree }),
  };
}

/** One list about the same clips, and of each clip what its raters agree on. */
function settleClips(
  rows: readonly AnnotationRow[],
  clips: ClipIndex,
  how: HowRead,
): ReturnType<typeof settleRaters> {
  const pathOf = (row: AnnotationRow): string | undefined => {
    const found = mediaOf(row, clips);
    return 'message' in found ? undefined : mediaName(found);
  };
  const lists = settleLists(rows, pathOf, how);
  const rated = settleRaters(lists.rows, (row) => pathOf(row) !== undefined, how);
  return { rows: rated.rows, issues: [...lists.issues, ...rated.issues] };
}

type Named = Reading & { readonly format: string };

function besideOf(clips: ClipIndex, how: HowRead): Beside {
  const paths = [...clips.files.keys(), ...clips.folders.keys()];
  const isClip = (text: string, file: string) =>
    text.trim() !== '' && clips.find(text, { folder: folderOf(file) }).kind !== 'missing';
  return { clips: paths.length > 0, paths, isClip, how };
}

/** `isUnread`: whether labels.json may say what the clips show, and cannot be read. */
async function readRows(
  source: Source,
  { beside, isUnread: isOwnUnread }: { readonly beside: Beside; readonly isUnread: boolean },
): Promise<Named> {
  const layouts: Reader[] = [];
  for (const reader of LAYOUTS) if (await reader.recognises(source)) layouts.push(reader);
  const files = source.tree.files.filter(({ path }) => !layouts.some((reader) => reader.owns(path)));
  const texts = layouts.length === 0;
  const annotations = await readAnnotationFiles(files, source.ownLabels, { beside, texts });
  // The names of folders never stand in for a list that could not be read: they may say something else.
  const isUnread = layouts.length === 0 && (isOwnUnread || annotations.unread.length > 0);
  if (annotations.met > 0 || isUnread) return annotations;
  const laidOut = await readLayouts(layouts, source);
  if (laidOut.met === 0 && annotations.issues.length > 0) {
    return { ...annotations, issues: [...annotations.issues, ...toldOf(laidOut)] };
  }
  return { ...laidOut, issues: [...annotations.issues, ...laidOut.issues] };
}

/** What was found out about the folders, without the general remark that nothing is to be read. */
const toldOf = ({ issues }: Reading): DataIssue[] =>
  issues.filter(({ reason }) => reason !== 'nothing to read');

/** Several published data sets in one folder become one; folds count alike in all of them. */
async function readLayouts(layouts: readonly Reader[], source: Source): Promise<Named> {
  if (layouts.length === 0) return readPlainNames(source);
  const parts = await Promise.all(layouts.map((reader) => reader.read(source)));
  const folds = parts.find((part) => part.folds)?.folds;
  const format = layouts.map(({ name }) => name).join(', ');
  return { ...mergeRows(parts), format, ...(folds ? { folds } : {}) };
}

/** What names of files or of folders say, where no list does. */
async function readPlainNames(source: Source): Promise<Named> {
  for (const reader of [wordedNames, classFolders]) {
    if (!(await reader.recognises(source))) continue;
    const read = await reader.read(source);
    return { ...read, format: read.format ?? reader.name };
  }
  const { name, files } = source.tree;
  const nothing: DataIssue = {
    reason: 'nothing to read',
    file: name,
    message: `${files.length} files, but no annotation and no folder per class with clips in it.`,
    hint: 'Drop the folder that holds both the clips and their JSON or CSV file.',
  };
  return { rows: [], issues: [nothing], met: 0, format: 'nothing' };
}
