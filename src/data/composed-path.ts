/** Clips whose names are made of two columns: dia{D}_utt{U} of MELD, {video_id}/{clip_id} of CMU-MOSI and CH-SIMS. */
import { baseName } from '../io/files/files.ts';
import { isVideo } from '../protocol/clip-types.ts';
import { folderOf } from './clip-index.ts';
import { squeezed } from './column-names.ts';
import { textOf } from './column-values.ts';
import { groupBy } from './group-by.ts';
import type { Json } from './json-shapes.ts';
import { splitOfName, splitOfWord } from './split-words.ts';

export interface Composed {
  readonly columns: readonly [string, string];
  find(
    item: Json,
  ): { readonly path: string } | { readonly wanted: string; readonly paths: readonly string[] };
}

const WHOLE = [
  'dialogueid',
  'dialogid',
  'dialogue',
  'diaid',
  'videoid',
  'vid',
  'conversationid',
  'sessionid',
  'movieid',
];
const PART = [
  'utteranceid',
  'uttid',
  'utterance',
  'clipid',
  'segmentid',
  'segid',
  'turnid',
  'sentenceid',
  'shotid',
];
const FORMS: readonly ((whole: string, part: string) => string)[] = [
  (whole, part) => `dia${whole}_utt${part}`,
  (whole, part) => `${whole}/${part}`,
  (whole, part) => `${whole}_${part}`,
  (whole, part) => `${whole}-${part}`,
  (whole, part) => `${whole}/${whole}_${part}`,
  (whole, part) => `${whole}[${part}]`,
  (whole, part) => `dia${whole}/utt${part}`,
];
/** Rows that tell which form the names have. */
const SAMPLE = 100;
const SPLITS = ['split', 'set', 'mode', 'partition', 'subset'];

/** How two columns make a clip's name, where most rows' are of the folder; undefined where none do. */
export function composedPath(
  file: string,
  items: readonly Json[],
  paths: readonly string[],
): Composed | undefined {
  const names = Object.keys(items[0] ?? {});
  const pairs = pairsOf(names);
  if (pairs.length === 0) return undefined;
  const clips = new ClipNames(paths);
  const sample = items.slice(0, SAMPLE);
  const tried = pairs.flatMap((columns) => FORMS.map((form) => made(file, names, { columns, form, clips })));
  const hits = tried.map((each) => sample.filter((item) => each.isNamed(item)).length);
  const best = hits.indexOf(Math.max(...hits));
  return hits[best]! * 2 > sample.length ? tried[best] : undefined;
}

const OLD = 'old';

/** Columns that may name a clip together. Where a table counts anew, clips keep the numbers of its old columns. */
function pairsOf(names: readonly string[]): (readonly [string, string])[] {
  const isOld = (name: string) => squeezed(name).startsWith(OLD);
  const of = (known: readonly string[]) =>
    names.filter((name) => known.includes(squeezed(name).replace(/^old/, '')));
  const pairs = of(WHOLE).flatMap((whole) => of(PART).map((part) => [whole, part] as const));
  const alike = pairs.filter(([whole, part]) => isOld(whole) === isOld(part));
  return [...alike.filter(([whole]) => isOld(whole)), ...alike.filter(([whole]) => !isOld(whole))];
}

interface Form {
  readonly columns: readonly [string, string];
  readonly form: (whole: string, part: string) => string;
  readonly clips: ClipNames;
}

function made(file: string, names: readonly string[], { columns, form, clips }: Form) {
  const wantedOf = (item: Json) => form(textOf(item[columns[0]]), textOf(item[columns[1]]));
  const split = names.find((name) => SPLITS.includes(squeezed(name)));
  const splitOf = (item: Json) =>
    splitOfWord(split === undefined ? '' : textOf(item[split])) ?? splitOfName(file);
  return {
    columns,
    isNamed: (item: Json) => clips.named(wantedOf(item)).length > 0,
    find(item: Json): ReturnType<Composed['find']> {
      const wanted = wantedOf(item);
      const wantedSplit = splitOf(item);
      // Splits name their clips alike: those in a folder of another split are other clips.
      const isOther = (path: string) =>
        wantedSplit !== null && ![null, wantedSplit].includes(splitOfName(folderOf(path)));
      const all = clips.named(wanted).filter((path) => !isOther(path));
      const videos = all.filter(isVideo);
      const paths = videos.length > 0 ? videos : all;
      return paths.length === 1 ? { path: paths[0]! } : { wanted, paths };
    },
  };
}

/** Clips by the ends of their paths, without extensions and zeros in front of numbers. */
class ClipNames {
  readonly #paths: readonly string[];
  #one?: ReadonlyMap<string, readonly string[]>;
  #two?: ReadonlyMap<string, readonly string[]>;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  named(wanted: string): readonly string[] {
    this.#one ??= groupBy(this.#paths, (path) => plain(baseName(path)));
    this.#two ??= groupBy(this.#paths, (path) => plain(path.split('/').slice(-2).join('/')));
    // What is asked for has no extension: a dot in it belongs to the name.
    const name = plain(`${wanted}.mp4`);
    return (wanted.includes('/') ? this.#two : this.#one).get(name) ?? [];
  }
}

const plain = (path: string): string =>
  path
    .replace(/\.\w+$/, '')
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/(?<!\d)0+(?=\d)/g, '');
