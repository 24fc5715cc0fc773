/** What rows ask by themselves, told apart from the way in which they write it. */
import type { OwnQuestions } from '../protocol/own-questions.ts';
import { columnOf, OPTION_NAMES } from '../rewards/row-options.ts';
import { THINK_ANSWER_INSTRUCTION } from '../text/recipes.ts';
import { groupBy } from './group-by.ts';
import type { Example } from './types.ts';

/** Questions listed. */
const MOST_LISTED = 100;

/** A question without the request for tags, which the run adds itself, and with single spaces. */
export function plainQuestion(question: string): string {
  const text = question.replaceAll(/\s+/g, ' ').trim();
  return text.endsWith(THINK_ANSWER_INSTRUCTION)
    ? text.slice(0, -THINK_ANSWER_INSTRUCTION.length).trim()
    : text;
}

/** What rows about the same clip must share to be one and the same question: its words, and the choices that it offers. */
export function askedOf({ question, columns }: Pick<Example, 'question' | 'columns'>): string | null {
  const options = columns && (columnOf(columns, OPTION_NAMES) ?? null);
  if (question === null && !options) return null;
  return JSON.stringify([plainQuestion(question ?? ''), options ?? null]);
}

export function ownQuestions(examples: readonly Example[]): OwnQuestions {
  const asking = examples.filter(({ question }) => question !== null && plainQuestion(question) !== '');
  const groups = groupBy(asking, ({ question }) => plainQuestion(question!));
  const list = [...groups].map(([question, { length }]) => ({ question, rows: length }));
  list.sort((a, b) => b.rows - a.rows);
  return { rows: asking.length, distinct: list.length, list: list.slice(0, MOST_LISTED) };
}
