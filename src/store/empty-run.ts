import { NO_CONTRASTS } from './contrast.ts';

/** A run of which nothing is known yet. */
export function emptyRun() {
  return {
    stages: {},
    steps: [],
    alarms: [],
    rollouts: new Map(),
    contrasts: NO_CONTRASTS,
    evals: [],
    live: undefined,
    clips: undefined,
    exported: undefined,
    exportPlan: undefined,
    saved: undefined,
    unsaved: undefined,
  };
}
