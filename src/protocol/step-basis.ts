/** What a step's figures are made of and what nothing else says: kept so that each of them can be worked out again. */
import { liveValues } from './live-settings.ts';
import { anyNumber, z } from './shapes.ts';

/** Of a step. */
export const stepBasis = z.object({
  /** Of all its prompts, each counted once, and of those whose answers trained. */
  promptTokens: anyNumber,
  updatePromptTokens: anyNumber,
  /** Seconds by the wall. */
  rollout: anyNumber,
  update: anyNumber,
  /** What the gradient was multiplied by, so that its norm is at most the run's. */
  gradientFactor: anyNumber,
  /** Of the settings that can change while a run goes on, the values that it used. */
  settings: liveValues,
});
export type StepBasis = z.infer<typeof stepBasis>;

/** What an answer added to the loss and its metrics in the last pass; what a loss does not have is absent. */
export const answerParts = z.object({
  /** Of policy and KL term, weighed. */
  loss: anyNumber,
  /** Sums over its tokens. */
  entropy: anyNumber,
  kl: anyNumber.optional(),
  /** What the entropy bonus takes from the loss. */
  bonus: anyNumber.optional(),
  /** Its clipped tokens; on the level of sequences 1 where the answer is. */
  low: anyNumber.optional(),
  high: anyNumber.optional(),
  capped: anyNumber.optional(),
  /** VESPO's weight. */
  phi: anyNumber.optional(),
  /** Sum and greatest of the differences between sampler and loss pass, in nats. */
  gap: anyNumber,
  gapMax: anyNumber,
  /** Of the sampler correction: sum, least and greatest; on the level of sequences three times the same. */
  correction: z.array(anyNumber).optional(),
});
export type AnswerParts = z.infer<typeof answerParts>;
