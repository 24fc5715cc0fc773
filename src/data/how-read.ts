/** What a person chose of how a data set is read, and what is told of it: columns of lists, and what was asked. */
import { InputError } from '../math/errors.ts';
import {
  ASKS,
  type Ask,
  type AskAnswers,
  type ColumnChoice,
  type ListColumns,
  ROLES,
} from '../protocol/reading.ts';
import { squeezed } from './column-names.ts';
import { groupBy } from './group-by.ts';

/** What a person chose; neither is needed. */
export interface Wanted {
  readonly columns?: ColumnChoice | undefined;
  readonly answers?: AskAnswers | undefined;
}

export interface ToldReading {
  /** Roles and the columns that were taken for them; several, where lists differ, one behind the other. */
  readonly columns: ColumnChoice;
  readonly lists: readonly ListColumns[];
  /** The columns that a person chose. */
  readonly chosen: ColumnChoice;
  /** What is open. */
  readonly asks: readonly Ask[];
  /** What was asked and has been answered. */
  readonly answered: readonly Ask[];
}

/** Names listed in an error. */
const MOST_NAMES = 30;

/** Collects, while a data set is read, what is told of how. */
export class HowRead {
  readonly #wanted: Wanted;
  #lists: readonly ListColumns[] = [];
  readonly #asks: Ask[] = [];
  /** Asked only where nothing else can be read. */
  readonly #last = new Set<Ask>();

  constructor(wanted: Wanted = {}) {
    this.#wanted = wanted;
  }

  /** The columns that a person chose, of those of one list and in its spelling. */
  chosenAmong(names: readonly string[]): ColumnChoice {
    const chosen: ColumnChoice = {};
    for (const role of ROLES) {
      const wanted = this.#wanted.columns?.[role];
      const found = wanted === undefined ? undefined : columnNamed(wanted, names);
      if (found !== undefined) chosen[role] = found;
    }
    return chosen;
  }

  /**
   * Asks something; returns what was chosen of it, if anything. `isLast`: it matters only where no other list or folder has a row.
   */
  put(ask: Ask, isLast = false): string | undefined {
    const wanted = this.#wanted.answers?.[ask.what];
    const chosen = wanted === undefined ? undefined : choiceNamed(wanted, ask);
    const put = chosen === undefined ? ask : { ...ask, chosen };
    this.#asks.push(put);
    if (isLast && chosen === undefined) this.#last.add(put);
    return chosen;
  }

  addList(list: ListColumns): void {
    this.#lists = [...this.#lists, list];
  }

  /** A file that was read as a list and is none. */
  dropList(file: string): void {
    this.#lists = this.#lists.filter((list) => list.file !== file);
  }

  /** `hasRows`: whether anything could be read. @throws InputError for a column or an answer that there is not */
  told(hasRows: boolean): ToldReading {
    const { columns = {}, answers = {} } = this.#wanted;
    for (const role of ROLES) if (columns[role] !== undefined) this.#demandColumn(role, columns[role]);
    for (const [what, choice] of Object.entries(answers)) this.#demandAnswer(what, choice);
    const asked = this.#asks.filter((ask) => !(hasRows && this.#last.has(ask)));
    const all = [...groupBy(asked, ({ what, chosen }) => `${what} ${chosen ?? ''}`).values()].map(asOne);
    return {
      columns: takenInAll(this.#lists),
      lists: this.#lists,
      chosen: columns,
      asks: all.filter(({ chosen }) => chosen === undefined),
      answered: all.filter(({ chosen }) => chosen !== undefined),
    };
  }

  #demandColumn(role: string, wanted: string): void {
    if (this.#lists.some(({ names }) => columnNamed(wanted, names) !== undefined)) return;
    const has = this.#lists.map(({ file, names }) => `${file} has ${listed(names)}`);
    throw new InputError(
      `No list has the column "${wanted}", which was to say the ${role}: ${has.slice(0, 3).join('; ') || 'no list with columns was found'}.`,
      { hint: `Name one of these columns (${role}=…), or leave the choice out.` },
    );
  }

  #demandAnswer(what: string, choice: string): void {
    const asked = this.#asks.filter((ask) => ask.what === what);
    if (!ASKS.some((known) => known === what)) {
      throw new InputError(`Nothing is asked by the name "${what}"; known are ${ASKS.join(', ')}.`, {
        hint: 'Take the name that stands beside the question.',
      });
    }
    if (asked.length === 0 || asked.some(({ chosen }) => chosen !== undefined)) return;
    const choices = [...new Set(asked.flatMap((ask) => ask.choices.map((each) => each.choice)))];
    throw new InputError(`"${choice}" is no answer to "${what}"; expected one of ${listed(choices)}.`, {
      hint: asked[0]!.question,
    });
  }
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ' …' : ''}`;

/** The column of that name; of another case or with other signs, where only one is so. */
function columnNamed(wanted: string, names: readonly string[]): string | undefined {
  if (names.includes(wanted)) return wanted;
  const alike = names.filter((name) => squeezed(name) === squeezed(wanted));
  return alike.length === 1 ? alike[0] : undefined;
}

/** The choice of that name; a file's by its own name, where only one has it. */
function choiceNamed(wanted: string, { choices }: Ask): string | undefined {
  const names = choices.map(({ choice }) => choice);
  if (names.includes(wanted)) return wanted;
  const ends = names.filter((name) => name.endsWith(`/${wanted}`) || squeezed(name) === squeezed(wanted));
  return ends.length === 1 ? ends[0] : undefined;
}

/** The same question of several lists as one. */
function asOne(asks: readonly Ask[]): Ask {
  const choices = [
    ...groupBy(
      asks.flatMap((each) => each.choices),
      ({ choice }) => choice,
    ).values(),
  ];
  return {
    ...asks[0]!,
    choices: choices.map((same) => ({ ...same[0]!, rows: same.reduce((sum, { rows }) => sum + rows, 0) })),
  };
}

function takenInAll(lists: readonly ListColumns[]): ColumnChoice {
  const all: ColumnChoice = {};
  for (const role of ROLES) {
    const names = new Set(lists.flatMap(({ taken }) => taken[role] ?? []));
    if (names.size > 0) all[role] = [...names].join(', ');
  }
  return all;
}
