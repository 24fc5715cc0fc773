/** Lists about the same clips: counted by pair, so that two lists are one issue and not one a row. */
import type { DataIssue } from '../protocol/messages.ts';
import { plainQuestion } from './questions.ts';
import type { AnnotationRow } from './types.ts';

interface Pair {
  readonly taken: string;
  readonly other: string;
  clips: number;
  answers: number;
  splits: number;
}

export class Overlaps {
  readonly #pairs = new Map<string, Pair>();

  /** Counts a row about a clip that a row of another list is about, with the same label. False where it is no such row. */
  counts(first: AnnotationRow, row: AnnotationRow): boolean {
    const isOther = first.file !== row.file && first.row !== undefined && row.row !== undefined;
    if (!isOther || first.label !== row.label) return false;
    const key = JSON.stringify([first.file, row.file]);
    const pair = this.#pairs.get(key) ?? {
      taken: first.file,
      other: row.file,
      clips: 0,
      answers: 0,
      splits: 0,
    };
    pair.clips++;
    if (first.answer !== row.answer || asked(first) !== asked(row)) pair.answers++;
    if (first.split !== null && row.split !== null && first.split !== row.split) pair.splits++;
    this.#pairs.set(key, pair);
    return true;
  }

  issues(): DataIssue[] {
    return [...this.#pairs.values()].map(({ taken, other, clips, answers, splits }) => {
      const more = [
        answers > 0 ? `${answers} with another answer or question` : '',
        splits > 0 ? `${splits} in another split` : '',
      ].filter(Boolean);
      return {
        reason: 'lists overlap',
        file: other,
        message: `${clips} clips of ${other} are in ${taken}, too${more.length > 0 ? ` (${more.join(', ')})` : ''}: each was taken once, as ${taken} has it.`,
        hint: `To train on ${other}, take ${taken} out of the folder.`,
      };
    });
  }
}

const asked = ({ question }: AnnotationRow): string => plainQuestion(question ?? '');
