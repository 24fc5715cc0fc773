/** What is said of a run that is not well. */
import type { MetricKey } from './metrics.ts';

export const ALARM_KINDS = [
  'not finite',
  'no finite update',
  'reward collapse',
  'entropy collapse',
  'drift',
  'cut short',
  'no signal',
  'empty answers',
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

export interface Alarm {
  readonly kind: AlarmKind;
  /** The optimizer step after which it was seen, from 1. */
  readonly step: number;
  /** What is wrong, one sentence. */
  readonly message: string;
  /** The numbers that say so. */
  readonly evidence: string;
  /** The next move. */
  readonly hint: string;
  /** Whether the run rests because of it. */
  readonly pauses: boolean;
  /** The chart on which it shows. */
  readonly metric: MetricKey;
  /** The last step before it began, where there was one. */
  readonly goodStep?: number;
}

/** An alarm on one line, for terminals. */
export function describeAlarm({ step, message, evidence, hint }: Alarm): string {
  return `alarm at step ${step}: ${message} ${evidence} ${hint}`;
}
