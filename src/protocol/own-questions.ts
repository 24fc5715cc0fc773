/** Rows may bring questions of their own: which of them a run does not ask, and what of its settings it asks of none. Pure. */
import { type Config, FIXED_QUESTIONS } from './config.ts';
import { longArray, z } from './shapes.ts';

export const ownQuestions = z.object({
  /** Rows with a question. */
  rows: z.number(),
  distinct: z.number(),
  /** The commonest, most rows first, without media tags and without the request for thinking and answer tags. */
  list: longArray(z.object({ question: z.string(), rows: z.number() })),
});
/** What the rows of a data set ask. */
export type OwnQuestions = z.infer<typeof ownQuestions>;

/** Whether most rows ask something of their own. `count`: rows in all. */
export const asksManyThings = ({
  questions: { distinct },
  count,
}: {
  readonly questions: OwnQuestions;
  readonly count: number;
}): boolean => distinct > 1 && 2 * distinct > count;

type Asking = Pick<Config, 'promptPreset' | 'question' | 'promptTemplate'>;

/** Rows that ask something else than `asked`; one of their questions. */
function others({ rows, list }: OwnQuestions, asked: string): { rows: number; example: string } | undefined {
  const isAsked = (question: string): boolean => plain(question) === plain(asked);
  const same = list.find(({ question }) => isAsked(question))?.rows ?? 0;
  const example = list.find(({ question }) => !isAsked(question))?.question;
  return rows > same && example !== undefined ? { rows: rows - same, example } : undefined;
}

/**
 * What to say of rows' own questions, a sentence: that a prompt of a fixed question asks them in vain, or that they are asked
 * in place of the settings' question. Undefined where every row asks what the run asks, or nothing. `count`: rows in all.
 */
export function otherQuestionsLine(
  questions: OwnQuestions,
  config: Asking,
  count = questions.rows,
): string | undefined {
  const { promptPreset, question, promptTemplate } = config;
  const fixed = FIXED_QUESTIONS[promptPreset];
  const other = others(questions, fixed ?? question);
  if (!other) return undefined;
  const { rows, example } = other;
  const bring = `${rows} ${rows === 1 ? 'row brings its' : 'rows bring their'} own question, such as "${cut(example)}"`;
  if (promptTemplate.trim() !== '') {
    const asked = fixed === undefined ? '' : `, in which {{ question }} is "${cut(fixed)}"`;
    return `${bring}; this run asks by its template${asked}.`;
  }
  return fixed === undefined
    ? `${bring}, and ${rows === 1 ? 'is asked that' : 'each is asked its own'}${askedOfOthers(count - questions.rows)}.`
    : `${bring}, which the prompt ${promptPreset} does not ask: it asks "${cut(fixed)}" of every clip.`;
}

const askedOfOthers = (without: number): string =>
  without > 0
    ? `; the ${without} without one ${without === 1 ? 'is' : 'are'} asked the question of the settings`
    : '';

/**
 * What is to be known of the settings' question, a sentence: of which rows it is asked. Undefined where it is asked of all of them.
 * `count`: rows in all.
 */
export function settingsQuestionLine(
  { rows }: OwnQuestions,
  { promptPreset, promptTemplate }: Pick<Asking, 'promptPreset' | 'promptTemplate'>,
  count: number,
): string | undefined {
  if (FIXED_QUESTIONS[promptPreset] !== undefined)
    return `Not asked: the prompt ${promptPreset} asks a question of its own about every clip.`;
  if (promptTemplate.trim() !== '' && !promptTemplate.includes('question'))
    return 'Not asked: the prompt template does not write {{ question }}.';
  if (count > 0 && rows >= count)
    return `Not asked: ${count === 1 ? 'the row brings its own question' : `all ${count} rows bring their own questions`}.`;
  return rows > 0
    ? `Asked of ${count - rows} of ${count} rows: the others bring their own questions.`
    : undefined;
}

/** Whether some rows' own questions are not asked. */
export const asksInVain = (
  questions: OwnQuestions,
  { promptPreset }: Pick<Config, 'promptPreset'>,
): boolean => {
  const fixed = FIXED_QUESTIONS[promptPreset];
  return fixed !== undefined && others(questions, fixed) !== undefined;
};

const plain = (question: string): string => question.replaceAll(/\s+/g, ' ').trim();
const MOST_SHOWN = 160;
const cut = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
