/** What a run would find at its start: answers to its first rows, sampled and scored before anything trains. */
import { anyNumber, z } from './shapes.ts';

/** Rows that are asked for it, at most. */
export const FORECAST_ROWS = 16;
/** Groups of so many answers are foretold beside those of the settings. */
export const FORECAST_SIZES = [4, 8, 16, 32] as const;

export const forecast = z.object({
  /** Rows that were asked. */
  rows: z.number(),
  /** Answers to each. */
  groupSize: z.number(),
  /** Rows whose answers scored differently. */
  withSignal: z.number(),
  /** Mean total of all answers; NaN where no reward applied. */
  reward: anyNumber,
  /** Mean of each reward; null where it applied to nothing. */
  rewards: z.array(z.object({ name: z.string(), mean: anyNumber.nullable() })),
  /** Expected share of rows with a signal, by the number of answers to each. */
  bySize: z.array(z.object({ groupSize: z.number(), share: anyNumber })),
  /** Tokens of an answer, and the share of answers that reached the limit. */
  meanLength: anyNumber,
  cutShort: anyNumber,
  /** Seconds that sampling and scoring a whole step takes at this pace. */
  stepSeconds: anyNumber,
  /** What was wrong with rewards, each thing said once. */
  troubles: z.array(z.string()),
});
export type Forecast = z.infer<typeof forecast>;
