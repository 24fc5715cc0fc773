/** Columns whose names say nothing: which of them asks, and which is the answer, is asked of a person. */
import type { Ask } from '../protocol/reading.ts';
import { isNumber, type Values } from './column-values.ts';
import type { HowRead } from './how-read.ts';
import { choiceOf, unknownLabel } from './label-column.ts';

/** The answer by which no column asks: every row is asked the question of the run. */
const NONE = 'none';

interface Unknown {
  readonly values: Values;
  readonly how: HowRead;
  /** Whether rows are about clips; else they ask without. */
  readonly isOfClips: boolean;
  readonly hasQuestion: boolean;
  /** The column of the answer, where it is known. */
  readonly answer: string | undefined;
}

/** What a person chose of columns with unknown names; nothing where nothing has to be asked. */
export function unknownColumns(
  names: readonly string[],
  { values, how, isOfClips, hasQuestion, answer }: Unknown,
): { readonly question?: string; readonly answer?: string } {
  const asks = isOfClips
    ? asksOfClips(names, { values, hasQuestion, answer })
    : asksOfTexts(names, { values, hasQuestion, answer });
  // A list of words with answers is read; the others matter where nothing else can be read.
  const question = asks.question && how.put(asks.question, answer === undefined);
  const label = asks.label && how.put(asks.label, true);
  return {
    ...(question === undefined || question === NONE ? {} : { question }),
    ...(label === undefined ? {} : { answer: label }),
  };
}

interface Asks {
  readonly question?: Ask;
  readonly label?: Ask;
}
type Known = Pick<Unknown, 'values' | 'hasQuestion' | 'answer'>;

function asksOfClips(names: readonly string[], { values, hasQuestion, answer }: Known): Asks {
  const sentences = names.filter((name) => values.share(name, isSentence) > 0.5);
  const label = answer === undefined ? unknownLabel(names, values) : undefined;
  const mayAsk = answer === undefined ? (label?.choices.length ?? 0) > 1 : isFree(answer, values);
  const question =
    !hasQuestion && mayAsk && sentences.length > 0
      ? questionAsk([...sentences.map((name) => choiceOf(name, values))], values.counts(sentences[0]!).rows)
      : undefined;
  return { ...(question ? { question } : {}), ...(label ? { label } : {}) };
}

function questionAsk(columns: Ask['choices'], rows: number): Ask {
  const example = 'every row is asked the question of the run';
  return {
    what: 'question',
    question: 'Which column asks? None has a name that says so.',
    choices: [...columns, { choice: NONE, rows, example }],
  };
}

/** Rows without clips ask for certain; tables of numbers alone do not. */
function asksOfTexts(names: readonly string[], { values, hasQuestion, answer }: Known): Asks {
  const several = names.filter((name) => values.counts(name).distinct > 1);
  const texts = several.filter((name) => values.share(name, isNumber) < 0.5);
  if (several.length + (hasQuestion ? 1 : 0) + (answer === undefined ? 0 : 1) < 2) return {};
  const [question, label] = [
    !hasQuestion && texts.length > 0,
    answer === undefined && (hasQuestion || texts.length > 0),
  ];
  return {
    ...(question
      ? {
          question: {
            what: 'question' as const,
            question: 'Which column asks? None has a name that says so.',
            choices: texts.map((name) => choiceOf(name, values)),
          },
        }
      : {}),
    ...(label
      ? {
          label: {
            what: 'label' as const,
            question: 'Which column is the answer? None has a name that says so.',
            choices: several.map((name) => choiceOf(name, values)),
          },
        }
      : {}),
  };
}

/** More than a word. */
const isSentence = (text: string): boolean => /\S\s+\S|[?？]/.test(text) || [...text].length >= 12;

/** Nearly every row has a value of its own. */
function isFree(name: string, values: Values): boolean {
  const { rows, distinct } = values.counts(name);
  return rows > 1 && distinct * 2 > rows && values.share(name, isSentence) > 0.5;
}
