/** What an entry shows or plays: by its columns, by the parts of its chat, and where its tags stand. */
import { baseName } from '../../io/files/files.ts';
import { isImage, isMedia, isVideo } from '../../protocol/clip-types.ts';
import { describeJson, isRecord } from '../json-shapes.ts';
import type { MediumKind, NamedMedium } from '../types.ts';
import type { Slot } from './chat.ts';
import { type Fields, listIn } from './fields.ts';
import { isProblem, malformed, type RowProblem } from './problem.ts';
import { tagOf } from './tags.ts';

/** A medium, and what the column or the part that names it takes it for. */
export interface Shown {
  readonly medium: NamedMedium;
  readonly as?: MediumKind;
}

/** By squeezed names; what begins with one of them and ends with path, file and the like is one, too. */
const KIND_NAME =
  /^(image|video|audio)s?(?:path|file|filename|filepath|url|uri)?s?$|^(img)s?$|^(wav)(?:path|file)?$/;

export function kindOfName(name: string): MediumKind | undefined {
  const [, kind, image, audio] = KIND_NAME.exec(name) ?? [];
  if (kind !== undefined) return kind as MediumKind;
  if (image !== undefined) return 'image';
  return audio === undefined ? undefined : 'audio';
}

/** The media that an entry's own columns name, in the order of the columns; what two columns name counts once. */
export function shownInColumns(fields: Fields): Shown[] | RowProblem {
  const path = fields.of('path');
  // HumanOmniV2's path may be {"image": …, "audio": …}.
  const inside = isRecord(path) ? Object.entries(path) : [];
  const columns = [...fields.names().map((name) => [name, fields.of(name)] as const), ...inside];
  const found: Shown[] = [];
  for (const [name, value] of columns) {
    const kind = kindOfName(name);
    if (kind === undefined) continue;
    const read = shownIn(value, kind);
    if (isProblem(read)) return read;
    const before = new Set(found.map(keyOf));
    found.push(...read.filter((one) => !before.has(keyOf(one))));
  }
  return found;
}

const keyOf = ({ medium, as }: Shown): string => JSON.stringify([medium.path, as]);

/** A path, an object around one, or a list of these. */
function shownIn(value: unknown, as: MediumKind): Shown[] | RowProblem {
  // A number is an id or a count, and a truth value no file.
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number')
    return [];
  const list = listIn(value);
  if (list) return isFrames(list, as) ? [framesOf(list)] : each(list, as);
  if (typeof value === 'string') {
    if (/^data:/.test(value.trim()))
      return malformed(`Its ${as} stands in the row itself ("data:…"), expected the path of a file.`);
    const path = plainPath(value);
    return path === '' ? [] : [shownAs(path, as)];
  }
  if (!isRecord(value)) return malformed(`Its ${as} is ${describeJson(value)}, expected a path.`);
  const inner = value[as] ?? value[`${as}_url`] ?? value.path ?? value.url ?? value.file ?? value.file_name;
  if (inner === undefined || inner === null)
    return value.bytes === undefined && value.data === undefined
      ? []
      : malformed(`Its ${as} stands in the row itself, without a path; expected the path of a file.`);
  return shownIn(inner, as);
}

/** A file's own type says what it is, but for the sound of a video alone, and for a picture, which may be all of a video. */
export function shownAs(path: string, as: MediumKind | undefined): Shown {
  const isSaid = as === 'audio' || (as === 'image' && !isVideo(path));
  return { medium: { path, ...(isSaid ? { kind: as } : {}) }, ...(as ? { as } : {}) };
}

function each(list: readonly unknown[], as: MediumKind): Shown[] | RowProblem {
  const found: Shown[] = [];
  for (const one of list) {
    const frames = Array.isArray(one) ? (one as readonly unknown[]) : undefined;
    const read = frames && isFrames(frames, 'video') ? [framesOf(frames)] : shownIn(one, as);
    if (isProblem(read)) return read;
    found.push(...read);
  }
  return found;
}

/** Whether a list of a video's column is one video, picture by picture. */
const isFrames = (list: readonly unknown[], as: MediumKind): list is readonly string[] =>
  as === 'video' && list.length > 0 && list.every((one) => typeof one === 'string' && isImage(one));

function framesOf(list: readonly string[]): Shown {
  const frames = list.map(plainPath);
  return { medium: { path: frames[0]!, kind: 'video', frames }, as: 'video' };
}

/** Before a file's own name, Label Studio writes eight signs that make it its own. */
const UPLOADED = /^[0-9a-f]{8}-/;

/** The path in an address: of the web, of a disk, of Label Studio's storage. */
export function plainPath(written: string): string {
  const text = written.trim();
  const stored = /[?&]d=([^&]+)/.exec(text)?.[1];
  if (stored !== undefined) return decoded(stored);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) {
    const path = text.replace(/^[a-z][a-z0-9+.-]+:\/\/(?:[^/]*\/)?/i, '').replace(/[?#].*$/, '');
    return decoded(text.startsWith('file://') ? text.slice('file://'.length) : path);
  }
  return text.startsWith('/data/') ? decoded(text) : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A file that Label Studio took up by its name there, or by the one before, whichever the folder has. */
export function asStored(shown: Shown, isClip: (path: string) => boolean): Shown {
  const { path } = shown.medium;
  if (!path.startsWith('/data/upload/') || isClip(path)) return shown;
  return { ...shown, medium: { ...shown.medium, path: baseName(path).replace(UPLOADED, '') } };
}

/** Media that are certainly files: by their endings, or because the folder has them. */
export const isSure = ({ medium }: Shown, isClip: (path: string) => boolean): boolean =>
  medium.frames !== undefined || isMedia(medium.path) || isClip(medium.path);

export interface Placed {
  /** In the order of the tags; without any, of the columns. */
  readonly media: readonly NamedMedium[];
  /** Whether tags for sound stand for the sound of the videos. */
  readonly isSoundOfVideos: boolean;
}

/**
 * Media in the places of their tags. Tags and media of each kind are as many, as LLaMA-Factory demands; without any tag
 * the media stand in front. R1-Omni's <audio> beside a video alone is its sound.
 */
export function placed(slots: readonly Slot[], columns: readonly Shown[]): Placed | RowProblem {
  const own: Shown[] = [];
  for (const { kind, source } of slots) {
    const read = source === undefined ? [] : shownIn(source, kind);
    if (isProblem(read)) return read;
    if (source !== undefined && read.length !== 1)
      return malformed(`A part of its chat names ${read.length} files as one ${kind}.`);
    own.push(...read);
  }
  const named = new Set(own.map(({ medium }) => medium.path));
  // A column that repeats what the parts name adds nothing.
  const others = columns.filter(({ medium }) => !named.has(medium.path));
  const open = slots.filter(({ source }) => source === undefined).map(({ kind }) => kind);
  if (slots.length === 0) return { media: others.map(({ medium }) => medium), isSoundOfVideos: false };
  const waiting = queuesOf(others, open);
  const videos = [...own.map(({ as }) => as), ...open].filter((kind) => kind === 'video').length;
  const sounds = open.filter((kind) => kind === 'audio').length;
  const isSoundOfVideos = sounds > 0 && waiting.audio.length === 0 && sounds === videos;
  for (const kind of ['image', 'video', 'audio'] as const) {
    const tags = open.filter((one) => one === kind).length;
    const files = waiting[kind].length;
    if (tags !== files && !(kind === 'audio' && isSoundOfVideos)) return mismatch(kind, tags, files);
  }
  const media = slots.flatMap(({ kind, source }) => {
    const next = source === undefined ? waiting[kind].shift() : own.shift();
    if (!next) return [];
    return [
      next.as === undefined && isImage(next.medium.path)
        ? shownAs(next.medium.path, kind).medium
        : next.medium,
    ];
  });
  return { media, isSoundOfVideos };
}

/** Media by kind; one whose column does not say it is what the first tag without any waits for. */
function queuesOf(shown: readonly Shown[], open: readonly MediumKind[]): Record<MediumKind, Shown[]> {
  const queues: Record<MediumKind, Shown[]> = { image: [], video: [], audio: [] };
  for (const one of shown) if (one.as !== undefined) queues[one.as].push(one);
  const free = open.filter((kind) => queues[kind].length === 0);
  for (const one of shown) if (one.as === undefined) queues[free[0] ?? 'video'].push(one);
  return queues;
}

const mismatch = (kind: MediumKind, tags: number, files: number): RowProblem => ({
  reason: 'row malformed',
  message: `Its text has ${tags} ${tagOf(kind)}, but the row names ${files} ${files === 1 ? kind : `${kind}s`} for ${tags === 1 ? 'it' : 'them'}.`,
  hint: `The row was skipped: write one ${tagOf(kind)} for each ${kind}, or none at all to have them in front.`,
});
