import type { Training } from './training.ts';

/** Where a session stands. There is a loop around a run exactly while the run is under way; `steps` are those of the latest run. */
export type Stage = Over | UnderWay;

export interface Over {
  readonly state: 'empty' | 'ready' | 'stopped' | 'finished' | 'failed';
  readonly steps: number;
  readonly training?: undefined;
}

export interface UnderWay {
  readonly state: 'loading' | 'running' | 'pausing' | 'paused';
  readonly steps: number;
  readonly training: Training;
}
