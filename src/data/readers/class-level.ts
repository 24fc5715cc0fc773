/** Which level of folders is the label, which the speaker, which the split; or why that cannot be told. */
import { emotionAndRest, emotionOf } from '../emotion-words.ts';
import { groupBy } from '../group-by.ts';
import { splitOfName, splitOfWord } from '../split-words.ts';
import { type Role, roleOf } from './folder-names.ts';

/** The folders that a clip lies in, below those that all clips share. */
export type Folders = readonly string[];

export interface Levels {
  /** The level whose names are labels, from 0. */
  readonly label: number;
  /** Labels and speakers of names that hold both, as 'OAF_angry'. */
  readonly both?: ReadonlyMap<string, { readonly emotion: string; readonly rest: string }>;
  /** Levels that name the speaker together; empty where none does. */
  readonly speaker: readonly number[];
  readonly split?: number;
  /** Labels are known for words of emotion. */
  readonly byEmotion?: true;
}

interface Level {
  readonly at: number;
  /** Clips by name. */
  readonly names: ReadonlyMap<string, number>;
  /** What most of its names are there for. */
  readonly role: Role | 'split';
  readonly clips: number;
  /** Names that are under more than one parent. */
  readonly recurring: number;
}

export interface Untold {
  readonly reason: 'class unclear' | 'label missing';
  readonly message: string;
  readonly hint: string;
  /** Levels that may be the labels; none where no level can be. */
  readonly levels?: readonly CandidateLevel[];
}

export interface CandidateLevel {
  /** From 0. */
  readonly at: number;
  readonly names: readonly string[];
  readonly clips: number;
}

/** Of the clips on a level, this share must have a word of emotion there, to make it the labels. */
const MOST = 0.5;
/** More folders than this are no splits. */
const MOST_SPLITS = 8;
/** Names listed in a message. */
const NAMED = 4;
/** More numbered folders than this are no codes of labels. */
const MOST_CODES = 20;
const HINT =
  'Put a .csv with the columns path, label and speaker beside the clips, or make the folders label/clip or split/label/clip.';

/** What the levels are; undefined where no clip lies in a folder that differs. `chosen`: the level that a person says is the labels. */
export function tellLevels(clips: readonly Folders[], chosen?: number): Levels | Untold | undefined {
  const levels = levelsOf(clips);
  const split = splitLevel(levels);
  const rest = levels.filter(({ names, at, role }) => names.size > 1 && at !== split?.at && role !== 'split');
  const others = split ? { split: split.at } : {};
  const said = chosen === undefined ? undefined : levels.find(({ at }) => at === chosen);
  const found = said ? { level: said } : classLevel(rest, clips);
  if (found === undefined) return split ? onlySplits(split) : undefined;
  if ('reason' in found) return found;
  const label = found.level.at;
  const { level: _, ...how } = found;
  return { label, ...how, speaker: speakerLevels(rest, label), ...others };
}

function levelsOf(clips: readonly Folders[]): Level[] {
  const deepest = clips.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: deepest }, (_, at): Level => {
    const parents = new Map<string, Set<string>>();
    const names = new Map<string, number>();
    for (const folders of clips) {
      const name = folders[at];
      if (name === undefined) continue;
      names.set(name, (names.get(name) ?? 0) + 1);
      const above = folders.slice(0, at).join('/');
      const seen = parents.get(name);
      if (seen) seen.add(above);
      else parents.set(name, new Set([above]));
    }
    const recurring = [...parents.values()].filter(({ size }) => size > 1).length;
    const count = [...names.values()].reduce((sum, n) => sum + n, 0);
    return { at, names, role: commonRole([...names.keys()]), clips: count, recurring };
  });
}

function commonRole(names: readonly string[]): Level['role'] {
  if (
    names.length <= MOST_SPLITS &&
    names.every((name) => splitOfName(name) !== null && emotionOf(name) === undefined)
  )
    return 'split';
  const most = [...groupBy(names, roleOf).values()].reduce((a, b) => (b.length > a.length ? b : a), []);
  return most.length * 2 > names.length ? roleOf(most[0]!) : 'unknown';
}

/** The level of which every name is a split, or two are by nothing but their name. */
function splitLevel(levels: readonly Level[]): Level | undefined {
  const all = levels.find(({ role }) => role === 'split');
  if (all) return all;
  return levels.find(
    ({ names }) => new Set([...names.keys()].map(splitOfWord).filter((split) => split !== null)).size > 1,
  );
}

interface Found {
  readonly level: Level;
  readonly both?: NonNullable<Levels['both']>;
  readonly byEmotion?: true;
}

function classLevel(levels: readonly Level[], clips: readonly Folders[]): Found | Untold | undefined {
  const felt = levels.filter((level) => namesEmotions(level));
  if (felt.length === 1) return { level: felt[0]!, byEmotion: true };
  if (felt.length > 1) return untold(felt, clips.length, 'more than one level has words of emotion');
  for (const level of levels) {
    const both = bothIn([...level.names.keys()]);
    if (both) return { level, both };
  }
  const named = levels.filter(({ role }) => role === 'class');
  if (named.length === 1) return { level: named[0]! };
  const open = levels.filter(({ role }) => role === 'unknown');
  if (open.length === 1 && mayBeLabels(open[0]!, levels)) return { level: open[0]! };
  const recurring = open.filter(({ names, recurring: count }) => count * 2 > names.size);
  if (recurring.length === 1) return { level: recurring[0]! };
  if (open.length > 1) return untold(levels, clips.length, 'more than one level could be the labels');
  const codes = levels.filter(({ role }) => role === 'number');
  if (codes.length === 1 && levels.length === 1 && areCodes([...codes[0]!.names.keys()]))
    return { level: codes[0]! };
  if (levels.length === 0) return undefined;
  if (open.length === 1)
    return untold(levels, clips.length, 'the names look like those of recordings, none of labels');
  return untold(levels, clips.length, 'their names are those of speakers, numbers or parts, none of labels');
}

function namesEmotions({ names, clips }: Level): boolean {
  const felt = [...names].filter(([name]) => emotionOf(name) !== undefined);
  const count = felt.reduce((sum, [, n]) => sum + n, 0);
  return new Set(felt.map(([name]) => emotionOf(name))).size > 1 && count > MOST * clips;
}

/** Not where nearly every clip has a folder of its own, nor where every speaker has other ones: recordings lie so. */
function mayBeLabels({ at, names, clips, recurring }: Level, levels: readonly Level[]): boolean {
  const isBelowSpeakers = levels.some((level) => level.role === 'speaker' && level.at < at);
  const areMany = names.size > MOST_CODES && names.size * 3 > clips;
  return !areMany && !(isBelowSpeakers && recurring === 0);
}

/** Few numbers, and none filled up with zeros to three digits: speakers and clips are numbered so. */
const areCodes = (names: readonly string[]): boolean =>
  names.length <= MOST_CODES && !names.some((name) => /^0\d{2,}/.test(name));

/** Words that belong to the label, not to who is heard. */
const NO_SPEAKER =
  /^(?:not?|non|un|very|slightly|extremely|low|mid|medium|high|weak|strong|mild|fe?male|m|f|\d+)$/i;

/** Where all names are a word of emotion and one other part, and both parts recur in other company: what they hold. */
function bothIn(names: readonly string[]): Levels['both'] | undefined {
  const both = new Map(names.map((name) => [name, emotionAndRest(name)] as const));
  const parts = [...both.values()];
  if (parts.length < 4 || !parts.every((part) => part !== undefined && !NO_SPEAKER.test(part.rest)))
    return undefined;
  const known = both as Map<string, { emotion: string; rest: string }>;
  const byRest = groupBy([...known.values()], ({ rest }) => rest.toLowerCase());
  const emotions = new Set([...known.values()].map(({ emotion }) => emotionOf(emotion)));
  const isCrossed =
    byRest.size > 1 && emotions.size > 1 && [...byRest.values()].every(({ length }) => length > 1);
  return isCrossed ? known : undefined;
}

/** Levels of speakers' names; else every level above the labels under which these recur: what lies there must not be parted. */
function speakerLevels(levels: readonly Level[], label: number): number[] {
  const named = levels.filter(({ role, at }) => role === 'speaker' && at !== label);
  if (named.length > 0) return named.map(({ at }) => at);
  const labels = levels.find(({ at }) => at === label)!;
  const above = levels.filter(({ role, at }) => at < label && (role === 'number' || role === 'unknown'));
  return labels.recurring > 0 ? above.map(({ at }) => at) : [];
}

/** Levels whose names are those of speakers, or numbers above words of emotion. */
export function namedSpeakers(clips: readonly Folders[]): number[] {
  const levels = levelsOf(clips).filter(({ names }) => names.size > 1);
  const named = levels.filter(({ role }) => role === 'speaker');
  if (named.length > 0) return named.map(({ at }) => at);
  const label = levels.find(namesEmotions);
  return levels
    .filter(({ role, at }) => role === 'number' && label !== undefined && at < label.at)
    .map(({ at }) => at);
}

function onlySplits({ names, clips }: Level): Untold {
  return {
    reason: 'label missing',
    message: `The labels are missing: ${listed([...names.keys()])} are splits, and nothing says what the ${clips} clips in them show.`,
    hint: 'Put the list with the labels beside them (.csv, .tsv, .json, .jsonl), or a folder per label into each split.',
  };
}

function untold(levels: readonly Level[], clips: number, why: string): Untold {
  const found = levels.map(
    ({ at, names }) => `level ${at + 1}: ${names.size} (${listed([...names.keys()])})`,
  );
  return {
    reason: 'class unclear',
    message: `Which folders are the labels of the ${clips} clips cannot be told: ${why}. Found ${found.join('; ')}.`,
    hint: HINT,
    levels: levels.map(({ at, names, clips: count }) => ({ at, names: [...names.keys()], clips: count })),
  };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} …` : shown;
}
