/**
 * Where the answers of a group part: each is compared with the nearest answer that came out the other way. An answer is drawn
 * piece by piece, so up to the first piece that differs both were the same, and from there on they are not. Pure.
 */

/** Words with the blank before them, and single signs; letters of scripts that write no blanks stand alone. Joined they are the text. */
const PIECE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}]\p{M}*| ?[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*| ?[^\s\p{L}\p{N}]|\s/gsu;

export const piecesOf = (text: string): string[] => text.match(PIECE) ?? [];

/** Answers that are the same, as one. */
export interface Compared {
  readonly pieces: readonly string[];
  /** Above 0 it won, below 0 it lost; else it did neither. */
  readonly advantage: number;
  /** How many answers it stands for. */
  readonly count: number;
}

/** How an answer stands to those that came out the other way. */
export interface Parting {
  /** The nearest of them, by its place: what it is compared with. Without any, the most frequent answer. */
  readonly beside: number | undefined;
  /** The first piece at which it is like none of them any more; undefined where there is none such. */
  readonly at: number | undefined;
  /** Of each of its pieces, whether it has no counterpart in the answer beside it. */
  readonly differs: readonly boolean[];
}

/** What answers go on with after the same beginning, and how many of them won and lost. */
export interface Way {
  /** Undefined where they end. */
  readonly next: string | undefined;
  readonly won: number;
  readonly lost: number;
  readonly neither: number;
}

/** The first piece that tells winners from losers. */
export interface Split {
  readonly at: number;
  /** The pieces before it, which all of its answers begin with. */
  readonly before: readonly string[];
  /** Most answers first. */
  readonly ways: readonly Way[];
}

export interface GroupDiff {
  readonly partings: readonly Parting[];
  /** Undefined where all came out the same, or the same answer came out both ways. */
  readonly split: Split | undefined;
}

export function groupDiff(answers: readonly Compared[]): GroupDiff {
  const partings = answers.map((_, place) => partingOf(answers, place));
  const first = partings.reduce<number | undefined>(
    (best, { at }, place) => (at !== undefined && at < (partings[best ?? -1]?.at ?? Infinity) ? place : best),
    undefined,
  );
  return { partings, split: first === undefined ? undefined : splitAt(answers, first, partings[first]!.at!) };
}

const sideOf = ({ advantage }: Compared): number => Math.sign(advantage) || 0;

function partingOf(answers: readonly Compared[], place: number): Parting {
  const { pieces } = answers[place]!;
  const others = opposite(answers, place);
  if (others.length === 0) {
    const beside = usual(answers, place);
    return { beside, at: undefined, differs: differences(pieces, answers[beside ?? place]!.pieces) };
  }
  let [beside, shared] = [others[0]!, -1];
  for (const other of others) {
    const length = commonStart(pieces, answers[other]!.pieces);
    if (length > shared) [beside, shared] = [other, length];
  }
  const nearest = answers[beside]!.pieces;
  const isSame = shared === pieces.length && shared === nearest.length;
  return { beside, at: isSame ? undefined : shared, differs: differences(pieces, nearest) };
}

/** Those that came out the other way. */
function opposite(answers: readonly Compared[], place: number): number[] {
  const side = sideOf(answers[place]!);
  if (side === 0) return [];
  return answers.flatMap((answer, other) => (sideOf(answer) === -side ? [other] : []));
}

/** The most frequent answer but for this one. */
function usual(answers: readonly Compared[], place: number): number | undefined {
  const others = answers.map((_, other) => other).filter((other) => other !== place);
  return others.sort((a, b) => answers[b]!.count - answers[a]!.count)[0];
}

/** Pieces that two lists begin with alike. */
function commonStart(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a[at] === b[at]) at++;
  return at;
}

function splitAt(answers: readonly Compared[], place: number, at: number): Split {
  const before = answers[place]!.pieces.slice(0, at);
  const ways = new Map<string | undefined, { won: number; lost: number; neither: number }>();
  for (const answer of answers) {
    if (commonStart(answer.pieces, before) < at) continue;
    const next = answer.pieces[at];
    const way = ways.get(next) ?? { won: 0, lost: 0, neither: 0 };
    const side = sideOf(answer);
    way[side > 0 ? 'won' : side < 0 ? 'lost' : 'neither'] += answer.count;
    ways.set(next, way);
  }
  const size = ({ won, lost, neither }: Omit<Way, 'next'>) => won + lost + neither;
  const all = [...ways].map(([next, way]) => ({ next, ...way }));
  return { at, before, ways: all.sort((a, b) => size(b) - size(a)) };
}

/** Cells of the table up to which two answers are aligned; of longer ones everything between what they begin and end with alike differs. */
const MOST_CELLS = 4_000_000;

/** Of each piece of `a`, whether it is missing from a longest common subsequence of `a` and `b`. */
export function differences(a: readonly string[], b: readonly string[]): boolean[] {
  const start = commonStart(a, b);
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [middle, other] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const inMiddle =
    middle.length * other.length > MOST_CELLS ? middle.map(() => true) : missing(middle, other);
  return [...new Array<boolean>(start).fill(false), ...inMiddle, ...new Array<boolean>(end).fill(false)];
}

/** The same by the whole table: `left[i][j]` is the longest common subsequence of what follows i in `a` and j in `b`. */
function missing(a: readonly string[], b: readonly string[]): boolean[] {
  const width = b.length + 1;
  const left = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      left[i * width + j] =
        a[i] === b[j]
          ? left[(i + 1) * width + j + 1]! + 1
          : Math.max(left[(i + 1) * width + j]!, left[i * width + j + 1]!);
    }
  }
  const isMissing = a.map(() => true);
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const isShared = a[i] === b[j];
    if (isShared) isMissing[i] = false;
    const fewer = left[(i + 1) * width + j]! < left[i * width + j + 1]!;
    if (isShared || !fewer) i++;
    if (isShared || fewer) j++;
  }
  return isMissing;
}
