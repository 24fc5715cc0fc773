/** The answers of a group as cards, the same ones merged, and what tells winners from losers. Pure. */
import { groupDiff, type Parting, piecesOf, type Split } from '../../math/group-diff.ts';
import { readingOf } from '../../protocol/answer-search.ts';
import type { Completion, RolloutGroup } from '../../protocol/messages.ts';

export interface Card {
  readonly completion: Completion;
  /** Places in the group of the answers that it stands for. */
  readonly places: readonly number[];
  /** What the answer is taken to be; null where none could be read. */
  readonly answer: string | null;
  readonly pieces: readonly string[];
  readonly parting: Parting;
}

export interface GroupCards {
  /** Greatest advantage first. */
  readonly cards: readonly Card[];
  readonly split: Split | undefined;
}

/** `isBare`: answers without tags are what they say as a whole. */
export function groupCards({ completions }: RolloutGroup, isBare: boolean): GroupCards {
  const places = new Map<string, number[]>();
  for (const [place, { text, ended, total, advantage, rewards }] of completions.entries()) {
    const key = JSON.stringify([text, ended, total, advantage, rewards]);
    places.set(key, [...(places.get(key) ?? []), place]);
  }
  const merged = [...places.values()].map((places) => {
    const completion = completions[places[0]!]!;
    return { completion, places, answer: readingOf(completion, isBare), pieces: piecesOf(completion.text) };
  });
  merged.sort((a, b) => b.completion.advantage - a.completion.advantage);
  const compared = merged.map(({ pieces, completion: { advantage }, places }) => ({
    ...{ pieces, advantage, count: places.length },
  }));
  const { partings, split } = groupDiff(compared);
  return { cards: merged.map((card, at) => ({ ...card, parting: partings[at]! })), split };
}

/** A stretch of an answer that is shown alike. */
export interface Stretch {
  readonly text: string;
  /** Whether the answer that it is compared with lacks it. */
  readonly differs: boolean;
  /** Whether it is the piece at which the answer is like none that came out the other way any more. */
  readonly parts: boolean;
}

export function stretchesOf({
  pieces,
  parting: { at, differs },
}: Pick<Card, 'pieces' | 'parting'>): Stretch[] {
  const stretches: Stretch[] = [];
  for (const [place, text] of pieces.entries()) {
    const [last, parts] = [stretches.at(-1), place === at];
    if (last && !last.parts && !parts && last.differs === differs[place])
      stretches[stretches.length - 1] = { ...last, text: last.text + text };
    else stretches.push({ text, differs: differs[place]!, parts });
  }
  return stretches;
}

/** Signs of a beginning that are shown. */
const MOST_BEFORE = 40;

/** The end of what all answers of a split begin with. */
export function beforeSplit({ before }: Split): string {
  const signs = [...before.join('')];
  return signs.length > MOST_BEFORE ? `…${signs.slice(-MOST_BEFORE).join('')}` : signs.join('');
}

/** "5 answers: 3 won, 2 lost". */
export function waySentence({ won, lost, neither }: Split['ways'][number]): string {
  const all = won + lost + neither;
  const parts = [
    [won, 'won'],
    [lost, 'lost'],
    [neither, 'did neither'],
  ] as const;
  const told = parts.filter(([count]) => count > 0);
  if (told.length === 1) return all === 1 ? `1 answer, ${told[0]![1]}` : `${all} answers, all ${told[0]![1]}`;
  return `${all} answers: ${told.map(([count, did]) => `${count} ${did}`).join(', ')}`;
}
