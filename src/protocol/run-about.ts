/** What a person says of a kept run, and what the list shows of how it went. */
import { metricKey } from './metrics.ts';
import { anyNumber, z } from './shapes.ts';

/** Longest name and tag, most tags, and longest notes of a run, in characters. */
export const MOST = { name: 80, tag: 40, tags: 20, notes: 20_000 } as const;

/** In one line, and nothing that would turn or hide the text around it. */
const line = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\u2028-\u202e\u2066-\u2069]+$/u, 'expected one line of plain text')
    .regex(/^\S(.*\S)?$/u, 'expected no space around it');

export const runAbout = z.object({
  name: line(MOST.name),
  tags: z
    .array(line(MOST.tag))
    .max(MOST.tags)
    .refine((tags) => new Set(tags).size === tags.length, 'expected each tag once'),
  notes: z.string().max(MOST.notes),
});
/** A run's name, by which people call it, its tags and what was written down about it. */
export type RunAbout = z.infer<typeof runAbout>;

export const runGlance = z.object({
  /** A few points of a run's curve, each a step and a value; its extremes are among them. */
  curve: z.object({ metric: metricKey, points: z.array(z.tuple([z.number(), z.number()])) }).optional(),
  /** Mean of the curve's last steps. */
  last: z.number().optional(),
  /** The latest evaluation on held-out rows after a step, and the best one. */
  score: z.object({ metric: metricKey, value: anyNumber, best: anyNumber, step: z.number() }).optional(),
});
/** How a run went, as small as a line of a list has it. */
export type RunGlance = z.infer<typeof runGlance>;
