/** What the state of a run allows. */
import type { RunState } from '../protocol/messages.ts';
import type { StudioState } from './state.ts';

/** Whether leaving the page would lose steps of the run under way. */
export function hasUnsavedSteps({ run, saved }: Pick<StudioState, 'run' | 'saved'>): boolean {
  return isActive(run.state) && run.step > (saved?.step ?? 0);
}

export function isActive(state: RunState): boolean {
  return state === 'running' || state === 'pausing' || state === 'paused';
}

/** Whether a run has the device: it is being loaded, takes steps or rests between two. */
export function isUnderWay(state: RunState): boolean {
  return state === 'loading' || isActive(state);
}

/** Whether a run can be started now: a model and data are there, and no run holds the device. */
export function canStart({ data, model, run }: Pick<StudioState, 'data' | 'model' | 'run'>): boolean {
  return data !== undefined && model !== undefined && !isUnderWay(run.state);
}
