/** Columns of emotions with a number each: one of them 1 and the others 0, votes, shares, strengths. The highest is the label. */
import type { Ask } from '../protocol/reading.ts';
import { textOf, type Values } from './column-values.ts';
import { emotionOf } from './emotion-words.ts';
import type { HowRead } from './how-read.ts';
import type { Json } from './json-shapes.ts';

/** Fewer columns are no label that is written so. */
const FEWEST = 3;
/** Answers: the column with the highest number, or all above 0, one behind the other. */
const HIGHEST = 'highest';
const ALL = 'all';

/** Columns with a number each, and how the label is made of them. */
export interface Scores {
  readonly names: readonly string[];
  readonly isAll: boolean;
}

/** A number, a share as 80%, or a truth value; undefined for anything else. */
function scoreOf(text: string): number | undefined {
  if (/^(?:true|yes)$/i.test(text)) return 1;
  if (/^(?:false|no)$/i.test(text)) return 0;
  const number = Number(text.replace(/\s*%$/, ''));
  return text === '' || !Number.isFinite(number) ? undefined : number;
}

/** Columns that are named after emotions and hold nothing but numbers; none where these are too few. */
export function scoreColumns(names: readonly string[], values: Values): readonly string[] {
  const isScored = (name: string) => values.share(name, (text) => scoreOf(text) !== undefined) === 1;
  const found = names.filter((name) => emotionOf(name) !== undefined && isScored(name));
  return found.length < FEWEST ? [] : found;
}

/**
 * How the label is made of the columns: at once where each row has one of them above 0, else as it is asked. `rival`: a column that
 * may be meant in their place. Undefined where that is chosen, and without any columns.
 */
export function chosenScores(
  names: readonly string[],
  { items, rival, values, how }: ScoreContext,
): Scores | undefined {
  if (names.length === 0) return undefined;
  const above = items.map((item) => names.filter((name) => scoreIn(item, name) > 0).length);
  if (rival === undefined && above.every((count) => count === 1)) return { names, isAll: false };
  const settled = items.filter((item) => 'label' in labelOfScores(item, { names, isAll: false })).length;
  const ask: Ask = {
    what: 'label',
    question: `What is the label? ${names.join(', ')} have a number each${rival === undefined ? '' : `, and ${rival} may be meant, too`}.`,
    choices: [
      { choice: HIGHEST, rows: settled, example: 'the one with the highest number; ties are left out' },
      { choice: ALL, rows: above.filter((count) => count > 0).length, example: 'all above 0, as happy, sad' },
      ...(rival === undefined
        ? []
        : [{ choice: rival, rows: values.counts(rival).rows, example: values.example(rival) }]),
    ],
  };
  const chosen = how.put(ask);
  return chosen !== undefined && chosen === rival ? undefined : { names, isAll: chosen === ALL };
}

interface ScoreContext {
  readonly items: readonly Json[];
  readonly rival: string | undefined;
  readonly values: Values;
  readonly how: HowRead;
}

const scoreIn = (item: Json, name: string): number => scoreOf(textOf(item[name])) ?? 0;

/** The label of a row; where several are as high, or none is above 0, why there is none. */
export function labelOfScores(
  item: Json,
  { names, isAll }: Scores,
): { readonly label: string } | { readonly why: string } {
  const highest = Math.max(...names.map((name) => scoreIn(item, name)));
  if (!(highest > 0)) return { why: 'none of its emotions is above 0' };
  const best = names.filter((name) => (isAll ? scoreIn(item, name) > 0 : scoreIn(item, name) === highest));
  return isAll || best.length === 1
    ? { label: best.join(', ') }
    : { why: `${best.join(' and ')} are equally high` };
}
