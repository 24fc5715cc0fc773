import type { Run } from '../run.ts';
import type { StepResult } from '../run-parts.ts';

/** What of a run is recorded, and put back. */
export type RecordedRun = Pick<
  Run,
  | 'parts'
  | 'step'
  | 'standing'
  | 'stand'
  | 'trained'
  | 'recordEvaluation'
  | 'forgetEvaluations'
  | 'noteChange'
  | 'rolloutsLog'
  | 'tokenLog'
> & { recordStep(step: Pick<StepResult, 'step' | 'metrics' | 'seconds' | 'changed'>): void };
