/** Stored answers of a run, scored once more by other rewards. */
import { z } from './shapes.ts';

const doubles = z.custom<Float64Array>((value) => value instanceof Float64Array, 'expected a Float64Array');
const integers = z.custom<Int32Array>((value) => value instanceof Int32Array, 'expected an Int32Array');

const scores = z.object({
  /** Names of rewards. */
  names: z.array(z.string()),
  /** By reward, one number for each answer; NaN where it does not apply. */
  values: z.array(doubles),
});

export const scoredAnswers = z.object({
  groupSize: z.number().int(),
  /** Answers that are stored: more than are here where the scoring was stopped. */
  of: z.number().int(),
  /** The step of each answer; those of a group stand together, and so do those of a step. */
  steps: integers,
  /** What each group's answers are about. */
  exampleIds: z.array(z.string()),
  /** As the run scored them, and the advantages that it trained with. */
  stored: scores.extend({ advantages: doubles }),
  /** As the rewards that were asked for score them. */
  scored: scores,
  /** What was wrong with those rewards, each thing said once. */
  troubles: z.array(z.string()),
});
export type ScoredAnswers = z.infer<typeof scoredAnswers>;
