/** Shapes of what is kept in the browser's storage, as messages carry it. */
import { z } from 'zod';

/** A number that may be NaN or infinite: showing that is the page's job. */
export const anyNumber = z.custom<number>((value) => typeof value === 'number', 'expected a number');

export const keptWeights = z.object({ id: z.string(), name: z.string(), step: z.number().int() });

export const storedRun = z.object({
  id: z.string(),
  name: z.string(),
  step: z.number(),
  steps: z.number(),
  savedAt: z.number(),
  model: z.string(),
  data: z.string(),
  demo: z.boolean(),
  bytes: z.number(),
  sameDevice: z.boolean(),
  checkpoints: z.array(
    z.object({
      step: z.number(),
      savedAt: z.number(),
      best: z.object({ metric: z.string(), value: anyNumber }).optional(),
      healthy: z.boolean().optional(),
    }),
  ),
  from: keptWeights.optional(),
  notes: z.array(z.string()),
});

export const damagedRun = z.object({
  id: z.string(),
  name: z.string(),
  reason: z.string(),
  bytes: z.number(),
  whole: z.array(z.number()),
});
