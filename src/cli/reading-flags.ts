/** How a data set is to be read, as command-line flags, and what is asked of it, as text. */
import { InputError } from '../math/errors.ts';
import { counted } from '../math/format.ts';
import { type DataIssue, type DataSummary, isNote } from '../protocol/messages.ts';
import {
  ASKS,
  type Ask,
  type AskAnswers,
  askLines,
  type ColumnChoice,
  type ListColumns,
  ROLES,
} from '../protocol/reading.ts';

export interface ReadingFlags {
  readonly columns: ColumnChoice;
  readonly answers: AskAnswers;
}

export const READING_USAGE = `  --columns ROLE=COLUMN,…   which column of the lists says what; roles: ${ROLES.join(', ')}
  --answer KEY=CHOICE       the answer to something that is asked of the data set; again for each (${ASKS.join(', ')})\n`;

const HINT = `Write it as in --columns answer=solution,media=clip --answer list=train.json.`;

/** Takes a flag of reading with its value into `flags`; false where it is none. @throws InputError */
export function takeReadingFlag(flags: ReadingFlags, flag: string, value: string | undefined): boolean {
  if (flag !== '--columns' && flag !== '--answer') return false;
  if (value === undefined || value.startsWith('--'))
    throw new InputError(`${flag} needs a value.`, { hint: HINT });
  if (flag === '--answer') {
    const [what, choice] = pairIn(value, flag);
    flags.answers[what] = choice;
    return true;
  }
  for (const part of value.split(',')) {
    const [name, column] = pairIn(part, flag);
    const role = ROLES.find((known) => known === name);
    if (!role) {
      throw new InputError(`${flag}: "${name}" is no role; expected one of ${ROLES.join(', ')}.`, {
        hint: HINT,
      });
    }
    flags.columns[role] = column;
  }
  return true;
}

function pairIn(text: string, flag: string): [string, string] {
  const at = text.indexOf('=');
  const [name, value] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()];
  if (name === '' || value === '') {
    throw new InputError(`${flag}: found "${text}", expected a name, "=" and a value.`, { hint: HINT });
  }
  return [name, value];
}

/** Something is asked of the data and not answered. */
export class Unanswered extends InputError {}

/** @throws Unanswered with what is asked, and the flags that answer it */
export function demandAnswers({ name, reading }: Pick<DataSummary, 'name' | 'reading'>): void {
  const asks = reading?.asks ?? [];
  if (asks.length === 0) return;
  throw new Unanswered(
    `${name} can be read in several ways, and nothing is trained before it is said which.`,
    {
      hint: asksText(asks),
    },
  );
}

/** Lists named. */
export const MOST_LISTS = 20;
/** Columns named of each. */
const MOST_NAMES = 30;

/** What is said of a data set that was opened: how many rows, which columns, what was left out, what is worth knowing. */
export function openedLines({ count, kind, issues, reading }: DataSummary): string[] {
  const left = issues.filter((issue) => !isNote(issue));
  const line = ({ file, row, message }: DataIssue) => `  ${file}${row ? ` row ${row}` : ''}: ${message}`;
  return [
    `${counted(count, kind === 'clips' ? 'clip' : 'question')}, ${left.length} left out`,
    ...(reading?.lists ?? []).slice(0, MOST_LISTS).map(listLine),
    ...left.map(line),
    ...issues.filter(isNote).map(line),
  ];
}

/** "train.csv: media: path, answer: label (of path, label, notes)". */
export function listLine({ file, names, taken }: ListColumns): string {
  const said = Object.entries(taken).map(([role, column]) => `${role}: ${column}`);
  return `  ${file}: ${said.join(', ') || 'nothing taken'} (of ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ' …' : ''})`;
}

/** What is open, with the flags that answer it. */
export const asksText = (asks: readonly Ask[]): string =>
  asks.flatMap((ask) => askLines(ask, (what, choice) => `--answer ${what}=${shellWord(choice)}`)).join('\n');

const shellWord = (text: string): string =>
  /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
