/** Which columns of a list say what: by their names, and by what stands in them. */
import { isImage, isMedia, isUnreadMedia, isVideo } from '../protocol/clip-types.ts';
import type { ColumnChoice } from '../protocol/reading.ts';
import { FAINT_LABEL_NAMES, OF_ONE_RATER, PATH_NAMES, SPEAKER_NAMES, squeezed } from './column-names.ts';
import { Values } from './column-values.ts';
import { chosenScores, type Scores, scoreColumns } from './emotion-scores.ts';
import { ANSWER_NAMES, NUMBER_NAMES } from './entry/answers.ts';
import { CHAT_NAMES } from './entry/asked.ts';
import { kindOfName } from './entry/shown.ts';
import type { HowRead } from './how-read.ts';
import { isRecord, type Json } from './json-shapes.ts';
import { allOf, answerColumn, type LabelColumn, labelColumn, questionColumn } from './label-column.ts';
import { type PartColumns, partColumns } from './part-columns.ts';
import { splitColumn } from './split-column.ts';
import { unknownColumns } from './unknown-columns.ts';

export interface Columns {
  readonly path?: string;
  /** It is named as paths are, and most of its values are clips of the folder. */
  readonly isPathFound: boolean;
  readonly label?: string;
  /** Where no column has the label: those with a rater's each. */
  readonly raters: readonly string[];
  /** Where emotions have a column with a number each, and no column has the label. */
  readonly scores?: Scores;
  readonly speaker?: string;
  readonly split?: string;
  /** Columns that look like splits and say none that is known. */
  readonly unusedSplits: readonly string[];
  /** Other columns that could have been the label. */
  readonly otherLabels: readonly string[];
  /** All of them. */
  readonly names: readonly string[];
  /** What says the question, and the answer: a column or a chat. */
  readonly question?: string;
  readonly answer?: string;
  /** Where each kind of medium has a column of its own. */
  readonly kinds: ColumnChoice;
  /** Columns that are read in the place of those that their names would say. */
  readonly moved: ColumnChoice;
}

export interface Choosing {
  /** Whether a text names a clip of the folder. */
  isClip(path: string): boolean;
  /** Whether the folder has no clip at all. */
  readonly hasNoClips: boolean;
  /** Whether the rows ask without a clip. */
  readonly isText: boolean;
  /** What a person chose, and whom to ask. */
  readonly how: HowRead;
}

export function chooseColumns(
  items: readonly Json[],
  { isClip, hasNoClips, isText, how }: Choosing,
): Columns {
  const names = namesOf(items);
  const values = new Values(items);
  const wanted = how.chosenAmong(names);
  const taken = new Set(Object.values(wanted));
  const free = names.filter((name) => !taken.has(name));
  const chat = chatIn(items);
  const question = questionOf(free, { wanted: wanted.question, values, chat, how });
  const labels = free.filter((name) => name !== question.name);
  const found = labelOf(labels, {
    wanted: wanted.answer,
    values,
    chat,
    isText,
    isAsked: question.name !== undefined,
    how,
  });
  const media = [wanted.media, wanted.video, wanted.image, wanted.audio].find((name) => name !== undefined);
  const path =
    media ??
    pathColumn(
      free.filter((name) => name !== found.label),
      values,
      isClip,
    );
  const splits = free.filter((name) => name !== found.label && name !== path);
  const { split, unused } =
    wanted.split === undefined ? splitColumn(splits, items) : { split: wanted.split, unused: [] };
  const speaker = wanted.speaker ?? firstOf(SPEAKER_NAMES, free);
  const isRated = found.label === undefined && !chat?.replies;
  const raters = isRated ? free.filter((name) => OF_ONE_RATER.test(squeezed(name))) : [];
  const others = splits.filter((name) => ![split, speaker, question.name].includes(name));
  const isSure = !isText && path !== undefined && values.share(path, isClip) > 0.5;
  const isOpen = isSure && isRated && raters.length < 2;
  const isFaint = found.label !== undefined && FAINT_LABEL_NAMES.includes(squeezed(found.label));
  const scores =
    (isOpen || (isFaint && wanted.answer === undefined)) && path !== undefined
      ? chosenScores(scoreColumns(others, values), { items, rival: found.label, values, how })
      : undefined;
  const isOfText = hasNoClips && (path === undefined || values.share(path, isFile) < 0.5);
  const unknown =
    chat || scores || raters.length > 1 || !(isSure || isOfText)
      ? {}
      : unknownColumns(isOfText ? labels.filter((name) => name !== found.label) : others, {
          ...{ values, how, isOfClips: !isOfText, answer: found.label },
          hasQuestion: question.name !== undefined,
        });
  const answered = unknown.answer;
  const label = scores ? undefined : (found.label ?? answered);
  const times = partOf(others, { wanted, items, values, path: isSure ? path : undefined, how });
  const asking = question.name ?? unknown.question;
  const answer = label ?? (chat?.replies ? chat.name : undefined);
  return {
    ...(path === undefined ? {} : { path }),
    isPathFound:
      path !== undefined &&
      (path === media || (PATH_NAMES.includes(squeezed(path)) && values.share(path, isClip) > 0.5)),
    ...(label === undefined ? {} : { label }),
    ...(split === undefined ? {} : { split }),
    ...(speaker === undefined ? {} : { speaker }),
    ...(asking === undefined ? {} : { question: asking }),
    ...(answer === undefined ? {} : { answer }),
    raters: raters.length > 1 ? raters : [],
    ...(scores ? { scores } : {}),
    unusedSplits: unused,
    otherLabels: found.others,
    names,
    kinds: media === undefined ? kindsAmong(free, values, isClip) : {},
    moved: {
      ...(media === undefined ? sensesAmong(others, { path, values, isClip }) : {}),
      ...wanted,
      ...times,
      ...question.moved,
      ...(unknown.question === undefined ? {} : { question: unknown.question }),
      ...(found.isMoved || answered !== undefined ? { answer: label! } : {}),
    },
  };
}

const isFile = (text: string): boolean => isMedia(text) || isUnreadMedia(text);

/** The part of a recording as a person chose, else as its columns tell. */
function partOf(
  names: readonly string[],
  {
    wanted,
    items,
    values,
    path,
    how,
  }: Pick<Choosing, 'how'> & {
    readonly wanted: ColumnChoice;
    readonly items: readonly Json[];
    readonly values: Values;
    readonly path: string | undefined;
  },
): PartColumns {
  if (wanted.start !== undefined || wanted.end !== undefined || path === undefined) return {};
  return partColumns(names, { items, values, path, how });
}

/** Columns of videos, pictures and sound, where rows have more than one kind. */
function kindsAmong(
  names: readonly string[],
  values: Values,
  isClip: (path: string) => boolean,
): ColumnChoice {
  const kinds: ColumnChoice = {};
  for (const name of names) {
    const kind = kindOfName(squeezed(name));
    if (kind !== undefined && values.share(name, isClip) > 0) kinds[kind] ??= name;
  }
  return Object.keys(kinds).length > 1 ? kinds : {};
}

const PICTURES = /^(?:video|frame|face|picture)s?(?:dir|folder|path)?$/;

/**
 * The columns of a clip's picture and of its sound, where the sound's has a name that says nothing: both are of files of the folder.
 */
function sensesAmong(
  names: readonly string[],
  {
    path,
    values,
    isClip,
  }: {
    readonly path: string | undefined;
    readonly values: Values;
    readonly isClip: (path: string) => boolean;
  },
): ColumnChoice {
  if (path === undefined) return {};
  const isNamed = (name: string) => kindOfName(squeezed(name)) !== undefined;
  const isOf = (name: string, isSo: (text: string) => boolean) =>
    values.share(name, isClip) > 0.5 && values.share(name, isSo) > 0.5;
  const isPicture = (name: string) => PICTURES.test(squeezed(name)) && !isOf(name, isSound);
  const video = [path, ...names].find((name) => isOf(name, (text) => isVideo(text) || isPicture(name)));
  const audio = [path, ...names].find((name) => isOf(name, isSound));
  if (video === undefined || audio === undefined || (isNamed(video) && isNamed(audio))) return {};
  return { video, audio };
}

const isSound = (text: string): boolean => isMedia(text) && !isVideo(text) && !isImage(text);

interface Chat {
  readonly name: string;
  /** Whether an assistant answers in it. */
  readonly replies: boolean;
}

/** The key under which rows have a list of turns. */
function chatIn(items: readonly Json[]): Chat | undefined {
  for (const name of allOf(CHAT_NAMES, namesOf(items))) {
    const turns = items.find((item) => Array.isArray(item[name]))?.[name];
    if (Array.isArray(turns)) return { name, replies: turns.some(isReply) };
  }
  return undefined;
}

const isReply = (turn: unknown): boolean =>
  isRecord(turn) && ['gpt', 'assistant', 'model', 'bot', 'ai'].includes(String(turn.from ?? turn.role));

interface Candidates {
  /** The person's choice. */
  readonly wanted: string | undefined;
  readonly values: Values;
  readonly chat: Chat | undefined;
  readonly how: HowRead;
}

/** What asks: a chat, or the column of the likelier name; of several that ask otherwise, the one that a person answered. */
function questionOf(
  names: readonly string[],
  { wanted, values, chat, how }: Candidates,
): { name?: string; moved: ColumnChoice } {
  if (wanted !== undefined) return { name: wanted, moved: {} };
  if (chat) return { name: chat.name, moved: {} };
  const { name, ask } = questionColumn(names, values);
  const answer = ask && how.put(ask);
  if (answer !== undefined) return { name: answer, moved: { question: answer } };
  return name === undefined ? { moved: {} } : { name, moved: {} };
}

/** The label as a person chose or answered, or as it is taken until then. */
function labelOf(
  names: readonly string[],
  {
    wanted,
    values,
    chat,
    isText,
    isAsked,
    how,
  }: Candidates & {
    readonly isText: boolean;
    readonly isAsked: boolean;
  },
): LabelColumn & { readonly isMoved?: boolean } {
  if (wanted !== undefined) return { label: wanted, others: [] };
  const found = labelFound(names, { values, chat, isText, isAsked });
  const { label, ask } = found;
  const answer = ask && how.put(ask);
  if (answer === undefined || label === undefined) return found;
  const others = [label, ...found.others].filter((name) => name !== answer);
  return { label: answer, others, isMoved: answer !== label };
}

/** Of rows that ask, a column that is named as answers are; then a reply in their chat, then what is named as labels are. */
function labelFound(
  names: readonly string[],
  {
    values,
    chat,
    isText,
    isAsked,
  }: Pick<Candidates, 'values' | 'chat'> & { readonly isText: boolean; readonly isAsked: boolean },
): LabelColumn {
  const isAnswer = (name: string) => [...ANSWER_NAMES, ...NUMBER_NAMES].includes(squeezed(name));
  const answers = isAsked ? names.filter(isAnswer) : [];
  const answer = answerColumn(answers, values);
  if (answer.label !== undefined && !isText) return answer;
  if (chat?.replies) return answer;
  return isText ? answerColumn(names, values) : labelColumn(names, values);
}

function namesOf(items: readonly Json[]): string[] {
  const names = new Set<string>();
  for (const item of items) for (const name of Object.keys(item)) if (name !== '') names.add(name);
  return [...names];
}

const firstOf = (known: readonly string[], names: readonly string[]): string | undefined =>
  allOf(known, names)[0];

/** The column whose values are clips of the folder; of those the one of the likelier name, videos first. */
function pathColumn(
  names: readonly string[],
  values: Values,
  isClip: (path: string) => boolean,
): string | undefined {
  const known = allOf(PATH_NAMES, names).filter((name) => values.of(name).length > 0);
  const share = (name: string) => values.share(name, isClip);
  const found =
    known.find((name) => share(name) > 0.5) ??
    known.find((name) => share(name) > 0 || values.share(name, isMedia) > 0.5);
  if (found !== undefined) return found;
  const others = names.filter((name) => !known.includes(name));
  const clips = others.filter((name) => share(name) > 0.5 || values.share(name, isMedia) > 0.5);
  return clips.find((name) => values.share(name, isVideo) > 0.5) ?? clips[0] ?? known[0];
}
