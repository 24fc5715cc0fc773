import { z } from './shapes.ts';

export const liveAnswer = z.object({
  step: z.number(),
  exampleId: z.string(),
  /** Which of the example's answers. */
  completion: z.number(),
  /** Characters of the answer that were told before. */
  at: z.number(),
  /** The characters after them, special tokens removed. */
  text: z.string(),
  /** Tokens of the answer so far, the end token included. */
  tokens: z.number(),
});
/** A piece of the answer that is being sampled. */
export type LiveAnswer = z.infer<typeof liveAnswer>;
