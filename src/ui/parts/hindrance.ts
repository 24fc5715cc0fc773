import type { StudioState } from '../../store/state.ts';

type Known = Pick<StudioState, 'model' | 'run'>;

/** What keeps the weights of the open model from being read, as the next move; undefined when nothing does. */
export function hindrance({ model, run }: Known, to: string): string | undefined {
  if (model === undefined) return `Open a model first, to ${to}.`;
  const isResting = run.state !== 'running' && run.state !== 'pausing' && run.state !== 'loading';
  return isResting ? undefined : `Pause or stop the run to ${to}.`;
}

/** The same of work that has its turn between two steps of a run. */
export function hindranceBetweenSteps({ model, run }: Known, to: string): string | undefined {
  if (model === undefined) return `Open a model first, to ${to}.`;
  return run.state === 'loading' ? `The run is being loaded: ${to} once it runs.` : undefined;
}
