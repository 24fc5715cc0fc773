import type { StudioState } from '../../store/state.ts';

/** What keeps the weights of the open model from being read, as the next move; undefined when nothing does. */
export function hindrance(
  { model, run }: Pick<StudioState, 'model' | 'run'>,
  to: string,
): string | undefined {
  if (model === undefined) return `Open a model first, to ${to}.`;
  const isResting = run.state !== 'running' && run.state !== 'pausing' && run.state !== 'loading';
  return isResting ? undefined : `Pause or stop the run to ${to}.`;
}
