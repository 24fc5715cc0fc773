/** What is asked about the answers of a whole run: which of them, in which order, and how one clip was answered from step to step. */
import type { Config } from './config.ts';
import { type Completion, completion, type RolloutGroup } from './results.ts';
import { anyNumber, longArray, z } from './shapes.ts';

export const answerFilter = z.object({
  /** Only clips of this label. */
  label: z.string().optional(),
  /** Only answers to this clip. */
  exampleId: z.string().optional(),
  /** Only answers that are not the label. */
  wrongOnly: z.boolean(),
  /** Only groups in which all answers scored the same. */
  silentOnly: z.boolean(),
  /** Only answers that were cut at the longest length. */
  cutOnly: z.boolean(),
  /** Only answers that contain this, whatever the case. */
  search: z.string(),
});
export type AnswerFilter = z.infer<typeof answerFilter>;
export const NO_FILTER: AnswerFilter = { wrongOnly: false, silentOnly: false, cutOnly: false, search: '' };

export const ANSWER_ORDERS = ['step', 'reward', 'advantage', 'kl', 'length'] as const;
export type AnswerOrder = (typeof ANSWER_ORDERS)[number];

export const answerQuery = z.object({
  filter: answerFilter,
  /** Answers without tags are what they say as a whole. */
  bare: z.boolean(),
  order: z.enum(ANSWER_ORDERS),
  /** Lowest first. Answers without such a number come last either way. */
  rising: z.boolean(),
});
export type AnswerQuery = z.infer<typeof answerQuery>;

const foundAnswer = completion.extend({
  step: z.number(),
  /** Its place among all answers of the step, from 0. */
  place: z.number(),
  exampleId: z.string(),
  label: z.string(),
  question: z.string().optional(),
});
export type FoundAnswer = z.infer<typeof foundAnswer>;

export const foundAnswers = z.object({
  /** Answers that pass, of so many. */
  total: z.number(),
  of: z.number(),
  /** Labels of all answers, sorted. */
  labels: z.array(z.string()),
  /** The part of them that was asked for. */
  rows: longArray(foundAnswer),
});
export type FoundAnswers = z.infer<typeof foundAnswers>;

/** A step that asked a clip. */
const clipVisit = z.object({
  step: z.number(),
  answers: z.number(),
  /** Those that are the label. */
  right: z.number(),
  /** Their mean. */
  reward: anyNumber,
});
export type ClipVisit = z.infer<typeof clipVisit>;
export const clipVisits = longArray(clipVisit);

/** Prompts that do not ask for tags, and rewards that demand them. */
const BARE_PROMPTS: readonly Config['promptPreset'][] = ['sft-label', 'eval'];
const TAG_REWARDS: readonly Config['rewards'][number][] = ['format', 'format_tolerant', 'think_format'];

/** Whether a run wants no tags, so that the whole text of an answer is what it says. */
export function wantsBareText({
  promptPreset,
  promptTemplate,
  rewards,
}: Pick<Config, 'promptPreset' | 'promptTemplate' | 'rewards'>): boolean {
  const isBarePrompt = promptTemplate === '' && BARE_PROMPTS.includes(promptPreset);
  return isBarePrompt || !rewards.some((name) => TAG_REWARDS.includes(name));
}

/** What an answer is taken to be; null where nothing can be read. */
export function readingOf(
  { answer, text }: Pick<Completion, 'answer' | 'text'>,
  isBare: boolean,
): string | null {
  return answer ?? (isBare ? text.trim() || null : null);
}

/** A group whose answers all earned the same teaches nothing. */
export function isSilent(
  completions: readonly Pick<RolloutGroup['completions'][number], 'total'>[],
): boolean {
  return completions.every(({ total }) => total === completions[0]?.total);
}
