/** How far a run is on its way to its first step: each stage keeps its count when the next one begins. */
import type { EventOf, RunState } from '../protocol/messages.ts';
import { STAGE_NAMES, type StageName } from '../protocol/stages.ts';

export interface StageCount {
  readonly done: number;
  readonly total: number;
}
export type Stages = Readonly<Partial<Record<StageName, StageCount>>>;

const NAMES = Object.entries(STAGE_NAMES) as [StageName, string][];

interface Begun {
  readonly run: { readonly state: RunState };
  readonly steps: readonly unknown[];
}

/** Whether a run has been begun whose first step is still to come. */
export const isGettingReady = ({ run, steps }: Begun): boolean =>
  steps.length === 0 && (run.state === 'loading' || run.state === 'running' || run.state === 'pausing');

/** The stages with news of one; what is under way before a run, or after its first step, is none of them. */
export function withStage(
  state: Begun & { readonly stages: Stages },
  { what, done, total }: Pick<EventOf<'progress'>, 'what' | 'done' | 'total'>,
): Stages {
  const name = NAMES.find(([, words]) => words === what)?.[0];
  return name && isGettingReady(state) ? { ...state.stages, [name]: { done, total } } : state.stages;
}
