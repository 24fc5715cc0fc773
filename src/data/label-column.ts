/** Which column is the label: by its name and by its values; where several could be and do not say the same, they are asked about. */
import type { Ask } from '../protocol/reading.ts';
import { FAINT_LABEL_NAMES, LABEL_NAMES, OF_ONE_RATER, squeezed } from './column-names.ts';
import { isNumber, type Values } from './column-values.ts';
import { emotionOf } from './emotion-words.ts';
import { ANSWER_NAMES, LABEL_NAMES_OF_ANSWERS, NUMBER_NAMES } from './entry/answers.ts';
import { QUESTION_NAMES } from './entry/asked.ts';

export interface LabelColumn {
  readonly label?: string;
  /** Other columns that could have been it. */
  readonly others: readonly string[];
  /** Where these say something else. */
  readonly ask?: Ask;
}

/** Fewer values say nothing about whether they are answers of their own. */
const ENOUGH = 8;

/**
 * A column of words before one of numbers, else the one of the likelier name, else the only one that has words of emotion.
 * Numbers that are codes of the words, and names of the same thing, are not asked about.
 */
export function labelColumn(names: readonly string[], values: Values): LabelColumn {
  const known = allOf(LABEL_NAMES, names).filter((name) => values.of(name).length > 0);
  const isWords = (name: string) => values.share(name, isNumber) < 0.5;
  const [label] = [...known.filter(isWords), ...known];
  if (label !== undefined) {
    const rivals = known.filter((name) => name !== label && isRival(label, name, values));
    const others = known.filter((name) => name !== label);
    const worded = isWords(label) ? undefined : wordsBeside(label, { names, known, values });
    if (worded) return { ...worded, others: known };
    return { label, others, ...(rivals.length > 0 ? { ask: askFor([label, ...rivals], values) } : {}) };
  }
  const felt = names.filter(
    (name) =>
      !OF_ONE_RATER.test(squeezed(name)) && values.share(name, (text) => emotionOf(text) !== undefined) > 0.8,
  );
  const [first, ...more] = felt;
  if (first === undefined) return { others: [] };
  const rivals = more.filter((name) => !areSame(first, name, values));
  return {
    label: first,
    others: more,
    ...(rivals.length > 0 ? { ask: askFor([first, ...rivals], values) } : {}),
  };
}

/** What may be the words of a label's numbers: emotion_text beside emotion, label_desc beside label. */
const WORDED = /(?:name|text|word|str|string|desc|description|title)s?$/;

/**
 * Where a label is numbers, the column of another name that has its words; words of emotion that do not go with the numbers are
 * asked about.
 */
function wordsBeside(
  label: string,
  { names, known, values }: { names: readonly string[]; known: readonly string[]; values: Values },
): Pick<LabelColumn, 'label' | 'ask'> | undefined {
  const isNamed = (name: string) => WORDED.test(squeezed(name)) && squeezed(name).startsWith(squeezed(label));
  const areFelt = (name: string) => values.share(name, (text) => emotionOf(text) !== undefined) > 0.8;
  const words = names.filter(
    (name) =>
      !known.includes(name) &&
      !OF_ONE_RATER.test(squeezed(name)) &&
      values.share(name, isNumber) < 0.5 &&
      (areFelt(name) || (isNamed(name) && values.pairing(label, name).isOneToOne)),
  );
  const [first] = words;
  if (first === undefined) return undefined;
  const areOne = words.every((name) => values.pairing(label, name).isOneToOne);
  return { label: first, ...(areOne ? {} : { ask: askFor([...words, label], values) }) };
}

/**
 * The answer of rows that ask without a clip: the short one first, where `solution` stands beside it as the way there. Others that
 * do not say the same are asked about.
 */
export function answerColumn(names: readonly string[], values: Values): LabelColumn {
  const known = allOf([...ANSWER_NAMES, ...NUMBER_NAMES, ...LABEL_NAMES_OF_ANSWERS], names).filter(
    (name) => values.of(name).length > 0,
  );
  const [label, ...others] = known;
  if (label === undefined) return { others: [] };
  const own = values.counts(label).rows;
  const rivals = others.filter(
    (name) =>
      name !== 'solution' &&
      !NUMBER_NAMES.includes(squeezed(name)) &&
      values.counts(name).rows * 2 >= own &&
      !areSame(label, name, values),
  );
  return { label, others, ...(rivals.length > 0 ? { ask: askFor([label, ...rivals], values) } : {}) };
}

/** Which of these is the label, where no name and no word of emotion tells; undefined where none can be. */
export function unknownLabel(names: readonly string[], values: Values): Ask | undefined {
  const most = Math.max(0, ...names.map((name) => values.counts(name).rows));
  const isFree = (name: string) => {
    const { rows, distinct } = values.counts(name);
    return rows >= ENOUGH && distinct * 2 > rows;
  };
  const said = names.filter((name) => {
    const { rows, distinct } = values.counts(name);
    return rows * 2 >= most && distinct > 1;
  });
  // A text of its own in every row may be an answer, numbers of which each is another are none.
  const texts = said.filter((name) => isFree(name) && values.share(name, isNumber) < 0.5);
  const candidates = [...said.filter((name) => !isFree(name)), ...texts];
  if (candidates.length === 0) return undefined;
  return {
    what: 'label',
    question: 'Which column is the label? None has a name that says so.',
    choices: candidates.map((name) => choiceOf(name, values)),
  };
}

/** The question's column; where several ask otherwise in the same row, they are asked about. */
export function questionColumn(names: readonly string[], values: Values): { name?: string; ask?: Ask } {
  const known = allOf(QUESTION_NAMES, names).filter((name) => values.of(name).length > 0);
  const [name, ...others] = known;
  if (name === undefined) return {};
  const rivals = others.filter((other) => {
    const { rows, areEqual } = values.pairing(name, other);
    return rows > 0 && !areEqual;
  });
  if (rivals.length === 0) return { name };
  const asked = [name, ...rivals];
  return {
    name,
    ask: {
      what: 'question',
      question: `Which column asks? ${asked.join(' and ')} do not say the same.`,
      choices: asked.map((choice) => choiceOf(choice, values)),
    },
  };
}

/** The columns of known names, in the order of these. */
export function allOf(known: readonly string[], names: readonly string[]): string[] {
  return known.flatMap((wanted) => names.filter((name) => squeezed(name) === wanted));
}

/** Whether another column of a label's name may be meant, and says something else. */
function isRival(label: string, other: string, values: Values): boolean {
  const isFaint = (name: string) => FAINT_LABEL_NAMES.includes(squeezed(name));
  if (isFaint(other) && !isFaint(label)) return false;
  const { rows, distinct } = values.counts(other);
  const own = values.counts(label);
  // What few rows have, what is the same everywhere, and what is a text of its own in every row is no class.
  const isFree = (of: { rows: number; distinct: number }) => of.rows >= ENOUGH && of.distinct * 2 > of.rows;
  if (rows * 2 < own.rows || (distinct < 2 && own.distinct > 1)) return false;
  if (isFree({ rows, distinct }) && !isFree(own)) return false;
  if (values.share(other, isNumber) < 0.5) return !areSame(label, other, values);
  // Numbers with fractions are scores, not codes of classes.
  if (values.share(other, (text) => Number.isInteger(Number(text))) < 1) return false;
  const areWords = values.share(label, isNumber) < 0.5;
  return areWords ? !values.pairing(label, other).isOneToOne : !areSame(label, other, values);
}

/** Whether two columns say the same: in every row, or by other words that recur together. */
function areSame(a: string, b: string, values: Values): boolean {
  const { areEqual, isOneToOne, rows, distinct } = values.pairing(a, b);
  return areEqual || (isOneToOne && distinct * 2 <= rows);
}

function askFor(names: readonly string[], values: Values): Ask {
  return {
    what: 'label',
    question: `Which column is the label? ${names.join(' and ')} do not say the same.`,
    choices: names.map((name) => choiceOf(name, values)),
  };
}

export const choiceOf = (choice: string, values: Values): Ask['choices'][number] => ({
  choice,
  rows: values.counts(choice).rows,
  example: values.example(choice),
});
