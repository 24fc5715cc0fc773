/** What a screen's folder says of it, in its `index.ts`, with its css; the rest is fetched when it is first shown. */
import type { ComponentType } from 'react';
import type { StudioState } from '../store/state.ts';

/** What stands beside a screen's name on the way through the work: what is ready, missing or running. */
export interface Stop {
  readonly mark: 'done' | 'active' | 'open';
  readonly note: string;
}

export interface Screen {
  readonly label: string;
  stop(state: StudioState): Stop;
  load(): Promise<{ default: ComponentType }>;
}

export const done = (note: string): Stop => ({ mark: 'done', note });
export const active = (note: string): Stop => ({ mark: 'active', note });
export const open = (note = ''): Stop => ({ mark: 'open', note });
