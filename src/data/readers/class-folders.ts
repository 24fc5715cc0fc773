/**
 * A folder per class: label/clip.mp4, split/label/clip.mp4, speaker/label/clip.mp4 and the like, where a folder of
 * pictures below its label is one clip. Which level is which is told by the names; where it cannot be, nothing is read.
 */
import { baseName } from '../../io/files/files.ts';
import { isImage, isUndecoded, isVideo } from '../../protocol/clip-types.ts';
import type { DataIssue, Split } from '../../protocol/messages.ts';
import type { Ask } from '../../protocol/reading.ts';
import { folderOf } from '../clip-index.ts';
import { emotionOf } from '../emotion-words.ts';
import { labelKey } from '../labels.ts';
import { speakerOfName } from '../speaker-names.ts';
import { splitOfName } from '../split-words.ts';
import type { AnnotationRow } from '../types.ts';
import { type Levels, tellLevels, type Untold } from './class-level.ts';
import { roleOf, senseOf } from './folder-names.ts';
import type { Reader, Reading, Source } from './reader.ts';

export const classFolders: Reader = {
  name: 'a folder per class',
  /** One folder alone is where the clips are, not their class. */
  recognises: (source) => tell(placed(source)) !== undefined,
  owns: () => false,
  read(source) {
    const places = placed(source);
    const levels = askedLevels(places, source);
    const file = source.tree.name;
    const issues = places.aside.length === 0 ? [] : [soundAside(file, places.aside)];
    if (levels === undefined) return { rows: [], issues, met: 0 };
    if ('reason' in levels) return { rows: [], issues: [{ file, ...levels }, ...issues], met: 0 };
    const read = readPlaces(places, levels, source);
    return { ...read, issues: [...issues, ...read.issues] };
  },
};

/** A file, or a folder of pictures, and where it lies. */
interface Place {
  readonly path: string;
  /** Below the folders that all of them share; of a folder of pictures its own name is the last. */
  readonly folders: readonly string[];
  readonly isFolder: boolean;
}

interface Places {
  readonly all: readonly Place[];
  /** Sound files of clips that are there as videos, too. */
  readonly aside: readonly string[];
  /** The split that all of them are in, by the folder above. */
  readonly above: Split | null;
}

function placed({ clips }: Source): Places {
  const single = [...clips.files.keys()].filter(
    (path) =>
      clips.sounds.get(folderOf(path)) !== path && !(isImage(path) && clips.folders.has(folderOf(path))),
  );
  const shared = sharedFolders(new Set([...single.map(folderOf), ...clips.folders.keys()]));
  const below = (folder: string) => (folder === '' ? [] : folder.split('/').slice(shared.length));
  const all = [
    ...single.map((path): Place => ({ path, folders: below(folderOf(path)), isFolder: false })),
    ...[...clips.folders.keys()].map((path): Place => ({ path, folders: below(path), isFolder: true })),
  ];
  return { ...withoutSound(all), above: splitOfName(shared.at(-1) ?? '') };
}

/** What the levels are; where that cannot be told, as a person answers. */
function askedLevels(places: Places, { how }: Source): ReturnType<typeof tell> {
  const told = tell(places);
  if (told === undefined || !('reason' in told) || (told.levels?.length ?? 0) < 2) return told;
  const chosen = how.put(levelAsk(told));
  return chosen === undefined ? told : tell(places, Number(chosen) - 1);
}

function levelAsk({ message, levels = [] }: Untold): Ask {
  return {
    what: 'level',
    question: message,
    choices: levels.map(({ at, names, clips }) => ({
      choice: String(at + 1),
      rows: clips,
      example: `${names.slice(0, 4).join(', ')}${names.length > 4 ? ' …' : ''}`,
    })),
  };
}

/** What the levels are where folders of pictures may be labels; else where each of them is a clip. */
function tell({ all }: Places, chosen?: number): ReturnType<typeof tellLevels> {
  const asLabels = tellLevels(
    all.map(({ folders }) => folders),
    chosen,
  );
  if (asLabels === undefined || !('reason' in asLabels)) return asLabels;
  const asClips = tellLevels(
    all.map(({ folders, isFolder }) => (isFolder ? folders.slice(0, -1) : folders)),
    chosen,
  );
  return asClips === undefined || 'reason' in asClips ? asLabels : asClips;
}

function readPlaces(
  places: Places,
  levels: Levels,
  { tree, clips, ownLabels }: Source,
): Reading & { format: string } {
  const splits = splitsOf(places, levels);
  const rows: AnnotationRow[] = [];
  const without: string[] = [];
  for (const { path, folders, isFolder } of places.all) {
    const said = labelAndSpeaker(folders, levels);
    if (!said) {
      without.push(path);
      continue;
    }
    const label = ownLabels.get(labelKey(said.label)) ?? said.label;
    const isLabelItself = isFolder && folders.length === levels.label + 1;
    const each = isLabelItself ? clips.folders.get(path)!.map((file) => file.path) : [path];
    for (const clip of each) {
      rows.push({
        ...{
          file: clip,
          media: [{ path: clip }],
          label,
          writtenLabel: said.label,
          question: null,
          answer: label,
        },
        ...{ speaker: said.speaker ?? speakerOfName(clip), split: splits(folders) },
      });
    }
  }
  const issues = without.length === 0 ? [] : [outside(tree.name, without)];
  return { rows, issues, met: rows.length + without.length, format: formatOf(rows, levels) };
}

/** A split for all where the folders hold clips out; folders for training alone say nothing. */
function splitsOf({ all, above }: Places, { split }: Levels): (folders: readonly string[]) => Split | null {
  const of = (folders: readonly string[]) =>
    splitOfName((split === undefined ? '' : folders[split]) ?? '') ?? above;
  return all.every(({ folders }) => of(folders) !== 'val' && of(folders) !== 'test') ? () => null : of;
}

function labelAndSpeaker(
  folders: readonly string[],
  levels: Levels,
): { label: string; speaker: string | null } | undefined {
  const name = folders[levels.label];
  const both = name === undefined ? undefined : levels.both?.get(name);
  const label = both?.emotion ?? (levels.byEmotion ? feltIn(folders, name) : name);
  if (label === undefined) return undefined;
  const named = levels.speaker
    .map((level) => folders[level])
    .filter((part) => part !== undefined && part !== label);
  const speaker = [...named, ...(both ? [both.rest] : [])].join('/');
  return { label, speaker: speaker === '' ? null : speaker };
}

/** The folder on the level of the labels; where that is no word of emotion, the only folder that is, or a word unknown to us. */
function feltIn(folders: readonly string[], name: string | undefined): string | undefined {
  if (name !== undefined && emotionOf(name) !== undefined) return name;
  const felt = folders.filter((each) => emotionOf(each) !== undefined);
  if (felt.length === 1) return felt[0];
  return name !== undefined && roleOf(name) === 'unknown' && splitOfName(name) === null ? name : undefined;
}

function formatOf(rows: readonly AnnotationRow[], { speaker, both }: Levels): string {
  if (speaker.length === 0 && !both) return classFolders.name;
  const names = [...new Set(rows.map((row) => row.speaker).filter((name) => name !== null))];
  const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`;
  return `${classFolders.name}, ${names.length} speakers by their folders (${shown})`;
}

function outside(tree: string, paths: readonly string[]): DataIssue {
  return {
    reason: 'label missing',
    file: tree,
    message: `${paths.length} clips lie in no folder of a label, for example ${paths[0]}.`,
    hint: 'They were left out; put each into the folder of its label.',
  };
}

/** Clips without the sound files that lie beside videos of the same name, in folders that differ in their sense only. */
function withoutSound(all: readonly Place[]): Pick<Places, 'all' | 'aside'> {
  const keyOf = ({ path, folders }: Place) =>
    [stemOf(path), ...folders.filter((name) => !senseOf(name) && roleOf(name) !== 'part').sort()].join('/');
  const seen = new Set(
    all.filter(({ path, isFolder }) => isFolder || (isVideo(path) && !isUndecoded(path))).map(keyOf),
  );
  const isAside = (place: Place) =>
    !place.isFolder && !isVideo(place.path) && !isImage(place.path) && seen.has(keyOf(place));
  const [kept, aside] = [all.filter((place) => !isAside(place)), all.filter(isAside)];
  return { all: kept, aside: aside.map(({ path }) => path) };
}

const stemOf = (path: string): string => baseName(path).replace(/\.[^.]+$/, '');

function soundAside(tree: string, paths: readonly string[]): DataIssue {
  return {
    reason: 'file set aside',
    file: tree,
    message: `${paths.length} sound files have the names of videos, for example ${paths[0]}; the videos were taken.`,
    hint: 'To train on the sound files instead, drop their folder alone.',
  };
}

/** The folders, from the top, that all of these lie in. */
function sharedFolders(folders: ReadonlySet<string>): string[] {
  const paths = [...folders].filter((folder) => folder !== '').map((folder) => folder.split('/'));
  const [first = []] = paths;
  const differs = first.findIndex((part, i) => paths.some((path) => path[i] !== part));
  return differs < 0 ? first : first.slice(0, differs);
}
