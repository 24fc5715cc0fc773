/** Rows may bring questions of their own, which no run asks yet: what to say where they differ from the run's. Pure. */
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

type Asking = Pick<Config, 'promptPreset' | 'question'>;

/** What a run with these settings asks of every clip. */
function askedOfAll({ promptPreset, question }: Asking): string {
  return FIXED_QUESTIONS[promptPreset] ?? question;
}

/** How many rows ask something else than the run; one of their questions. */
function otherQuestions(
  { rows, list }: OwnQuestions,
  config: Asking,
): { rows: number; example: string } | undefined {
  const asked = plain(askedOfAll(config));
  const same = list.find(({ question }) => plain(question) === asked)?.rows ?? 0;
  const example = list.find(({ question }) => plain(question) !== asked)?.question;
  return rows > same && example !== undefined ? { rows: rows - same, example } : undefined;
}

/** The same as a sentence; undefined where every row asks what the run asks, or nothing. */
export function otherQuestionsLine(questions: OwnQuestions, config: Asking): string | undefined {
  const other = otherQuestions(questions, config);
  if (!other) return undefined;
  const { rows, example } = other;
  const bring = rows === 1 ? 'row brings its' : 'rows bring their';
  return `${rows} ${bring} own question, such as "${cut(example)}"; questions of rows are not asked yet. This run asks "${cut(askedOfAll(config))}" of every clip.`;
}

const plain = (question: string): string => question.replaceAll(/\s+/g, ' ').trim();
const MOST_SHOWN = 160;
const cut = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
