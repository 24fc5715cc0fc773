/**
 * A run of the embedded demo that was recorded once (`npm run record-demo`) and lies beside it as `recorded-run.json`: what a
 * visit shows before it has a run of its own. Numbers are the trainer's, shortened; nothing is made up.
 */
import { type MetricKey, metricKey } from './metrics.ts';
import { completion, evalResult } from './results.ts';
import { z } from './shapes.ts';

/** Path of the file beside the page. */
export const RECORDED_RUN = 'demo/recorded-run.json';

const recordedCompletion = completion.omit({ rawText: true });
const recordedGroup = z.object({
  exampleId: z.string(),
  label: z.string(),
  completions: z.array(recordedCompletion),
});
/** Answers to a clip, without their special tokens. */
export type RecordedGroup = z.infer<typeof recordedGroup>;

const recordedRun = z.object({
  version: z.literal(1),
  /** When it was trained, ISO 8601. */
  date: z.string(),
  /** What it was trained on, as the browser names it. */
  adapter: z.string(),
  model: z.string(),
  data: z.string(),
  question: z.string(),
  seed: z.number(),
  steps: z.number(),
  promptsPerStep: z.number(),
  groupSize: z.number(),
  /** By metric, a value for each step from 1 on; null where the step has none. */
  metrics: z.partialRecord(metricKey, z.array(z.number().nullable())),
  /** Of some steps, in order. */
  rollouts: z.array(z.object({ step: z.number(), groups: z.array(recordedGroup) })),
  /** Of the weights as published and as trained. */
  evals: z.array(evalResult),
});
export type RecordedRun = z.infer<typeof recordedRun>;

/** @throws Error naming what of it is another shape */
export function parseRecordedRun(value: unknown): RecordedRun {
  return recordedRun.parse(value);
}

/** A run's steps as columns: each key is written once. */
export function metricColumns(
  steps: readonly Readonly<Partial<Record<MetricKey, number>>>[],
): RecordedRun['metrics'] {
  const keys = new Set(steps.flatMap((metrics) => Object.keys(metrics) as MetricKey[]));
  return Object.fromEntries(
    [...keys].map((key) => [key, steps.map((metrics) => finite(metrics[key]))]),
  ) as RecordedRun['metrics'];
}

/** The steps of a recorded run, each with its own metrics. */
export function metricsOfSteps({ steps, metrics }: Pick<RecordedRun, 'steps' | 'metrics'>) {
  const columns = Object.entries(metrics) as [MetricKey, (number | null)[]][];
  return Array.from({ length: steps }, (_, at) => {
    const values: Partial<Record<MetricKey, number>> = {};
    for (const [key, column] of columns) {
      const value = column[at] ?? null;
      if (value !== null) values[key] = value;
    }
    return values;
  });
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
