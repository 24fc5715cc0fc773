/** The right answer of an entry: what supervised training imitates, and the label in it. */
import { labelKey } from '../labels.ts';
import { type Asked, completionOf, judgedBy } from './asked.ts';
import { type Fields, listIn } from './fields.ts';
import { letterOf } from './options.ts';

/** By squeezed names. The short answer first: where `solution` stands beside it, that is the way there. */
export const ANSWER_NAMES: readonly string[] = [
  ...['answer', 'solution', 'groundtruth', 'correctanswer', 'answerkey', 'response', 'output'],
  ...['correct', 'gt', 'gtanswer', 'goldanswer', 'referenceanswer', 'finalanswer'],
  ...['completion', 'chosen'],
];
/** The right option by its number, where no column has its words. */
export const NUMBER_NAMES: readonly string[] = [
  ...['answeridx', 'answerindex', 'answerid', 'answernumber', 'correctidx', 'correctindex', 'correctid'],
  ...['correctansweridx', 'correctanswerindex', 'correctchoice', 'correctoption', 'truth', 'gtidx'],
];
/** These mean the answer where nothing else does. */
export const LABEL_NAMES_OF_ANSWERS: readonly string[] = ['label', 'target', 'class', 'emotion', 'gold'];
/** ms-swift's last guesses. */
const TEXT_NAMES: readonly string[] = ['text', 'content'];
/** Thoughts before a solution, and what Video-R1 and R1-V put between the two. */
const THOUGHTS: readonly (readonly [name: string, between: string])[] = [
  ['process', '\n'],
  ['thinking', '\n\n'],
];
/** Behind this, the data sets of school mathematics write the result of a worked answer. */
const RESULT = '####';
const OPEN = '<answer>';
const CLOSE = '</answer>';

export interface Answer {
  readonly answer: string;
  readonly label: string;
}

/** `chosen`: the value of the column that was found to be the label's. Undefined where the entry has no answer. */
export function answerIn(
  fields: Fields,
  asked: Asked,
  { chosen, options }: { readonly chosen: unknown; readonly options: readonly string[] | undefined },
): Answer | undefined {
  const isAsked = asked.question !== null;
  const asText = isAsked ? textOf : wordsOf;
  const texts: string[] = [];
  // Most entries have their answer under one of the first names: the others are not looked at.
  for (const value of valuesOf(fields, asked, chosen)) {
    const text = asText(value);
    if (text !== undefined) texts.push(text);
    if (text !== undefined && text.trim() !== '') break;
  }
  const written = texts.find((text) => text.trim() !== '') ?? texts[0];
  if (written === undefined) return undefined;
  const said = labelIn(written);
  const label = options ? letterOf(said, options) : said;
  return { label, answer: wholeAnswer(fields, asked, { written, label }) };
}

const MORE_NAMES: readonly string[] = [...ANSWER_NAMES.slice(2), ...NUMBER_NAMES];

/** What may be the answer, the likelier first: of rows that ask what is named as answers are, of others what is as labels are. */
function* valuesOf(fields: Fields, asked: Asked, chosen: unknown): Generator<unknown> {
  const isAsked = asked.question !== null;
  if (!isAsked) yield* [asked.reply, chosen, ...LABEL_NAMES_OF_ANSWERS.map((name) => fields.of(name))];
  for (const name of ANSWER_NAMES.slice(0, 2)) yield fields.of(name);
  yield judgedBy(fields);
  for (const name of MORE_NAMES) yield fields.of(name);
  for (const name of ['completion', 'chosen']) yield completionOf(fields.of(name));
  if (!isAsked) return;
  yield* [asked.reply, chosen, ...LABEL_NAMES_OF_ANSWERS.map((name) => fields.of(name))];
  for (const name of TEXT_NAMES) yield fields.of(name);
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    ? String(value)
    : undefined;

/** Several labels of one clip, as a list or as a cell writes one, stand one behind the other. */
function wordsOf(value: unknown): string | undefined {
  const words = listIn(value)?.map(textOf);
  return words === undefined || words.length === 0 || words.includes(undefined)
    ? textOf(value)
    : words.join(', ');
}

/** The longer text around the same answer, where the entry has one; thoughts in front of a solution. */
function wholeAnswer(
  fields: Fields,
  { reply }: Asked,
  { written, label }: { readonly written: string; readonly label: string },
): string {
  const solution = fields.of('solution');
  const isAround = (text: unknown): text is string =>
    typeof text === 'string' &&
    taggedAnswer(text) !== undefined &&
    labelKey(labelOf(text)) === labelKey(label);
  const whole = [written, reply, solution].find(isAround) ?? written;
  if (whole !== solution) return whole;
  for (const [name, between] of THOUGHTS) {
    const thoughts = fields.text([name]);
    if (thoughts !== undefined) return thoughts + between + whole;
  }
  return whole;
}

const labelIn = (answer: string): string =>
  answer.includes(RESULT) ? answer.slice(answer.lastIndexOf(RESULT) + RESULT.length).trim() : labelOf(answer);

/**
 * Where the text between the first answer tags begins and ends; undefined without them. By search and not by a regular
 * expression: one would begin a search for the end at every open tag of a long text that has no end.
 */
export function taggedAnswer(answer: string): readonly [start: number, end: number] | undefined {
  const open = answer.indexOf(OPEN);
  const end = open < 0 ? -1 : answer.indexOf(CLOSE, open + OPEN.length);
  return end < 0 ? undefined : [open + OPEN.length, end];
}

/** The label inside an answer: between its answer tags when it has them, else all of it. */
function labelOf(answer: string): string {
  const tagged = taggedAnswer(answer);
  return (tagged ? answer.slice(...tagged) : answer).trim();
}
