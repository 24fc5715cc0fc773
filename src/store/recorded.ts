/**
 * The recorded run of the demo, beside the person's own: it is shown where no run is there, and is the shadow behind the
 * curves of a run of the same demo. Nothing of it gets into the state of a run.
 */

import type { RunState } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import { metricsOfSteps, parseRecordedRun, type RecordedRun } from '../protocol/recorded-run.ts';

export interface Recorded {
  readonly run: RecordedRun;
  readonly steps: readonly { step: number; metrics: MetricValues; seconds: Record<string, number> }[];
}

/** @throws Error where the file is of another shape */
export function recordedFrom(file: unknown): Recorded {
  const run = parseRecordedRun(file);
  const steps = metricsOfSteps(run).map((metrics, at) => ({ step: at + 1, metrics, seconds: {} }));
  return { run, steps };
}

/** What of the page's state decides. */
interface Opened {
  readonly recorded?: Recorded;
  readonly model?: { readonly demo?: boolean | undefined };
  readonly data?: { readonly name: string };
}

interface Begun {
  readonly steps: readonly unknown[];
  readonly rollouts: { readonly size: number };
  readonly run: { readonly state: RunState };
}

/** The recorded run where it is about what is open, or nothing is; undefined beside a model or data of one's own. */
export function recordedOf({ recorded, model, data }: Opened): Recorded | undefined {
  const isOther = (model && !model.demo) || (data && data.name !== recorded?.run.data);
  return isOther ? undefined : recorded;
}

/** The recorded run where it stands in for one: before there is any other. */
export function standIn(state: Opened & Begun): Recorded | undefined {
  const { steps, rollouts, run } = state;
  const isBlank =
    steps.length === 0 && rollouts.size === 0 && (run.state === 'empty' || run.state === 'ready');
  return isBlank ? recordedOf(state) : undefined;
}
