/** What is said of a run that is not well. */
import { metricKey } from './metrics.ts';
import { z } from './shapes.ts';

export const ALARM_KINDS = [
  'not finite',
  'no finite update',
  'reward collapse',
  'entropy collapse',
  'drift',
  'cut short',
  'no signal',
  'empty answers',
  'paid for length',
  'repeats',
  'one answer',
  'form only',
  'held-out falls',
  'part against part',
  'reward failed',
  'slow reward',
  'unscored answers',
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

export const alarm = z.object({
  kind: z.enum(ALARM_KINDS),
  /** The optimizer step after which it was seen, from 1. */
  step: z.number().int(),
  /** What is wrong, one sentence. */
  message: z.string(),
  /** The numbers that say so. */
  evidence: z.string(),
  /** The next move. */
  hint: z.string(),
  /** Whether the run rests because of it. */
  pauses: z.boolean(),
  /** The chart on which it shows. */
  metric: metricKey,
  /** The last step before it began, where there was one. */
  goodStep: z.number().int().optional(),
  /** Where answers show it: a step whose answers are kept, and a text that they hold. */
  answers: z.object({ step: z.number().int(), search: z.string().optional() }).optional(),
});
export type Alarm = Readonly<z.infer<typeof alarm>>;

/** An alarm on one line, for terminals. */
export function describeAlarm({ step, message, evidence, hint }: Alarm): string {
  return `alarm at step ${step}: ${message} ${evidence} ${hint}`;
}
