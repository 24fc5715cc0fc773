/** What the page knows of runs that are kept. */
import type { EventOf, KeptWeights } from '../protocol/messages.ts';

/** The current run by the name that it was given. */
export const renamed = (
  saved: KeptWeights | undefined,
  { runId, about }: EventOf<'aboutRun'>,
): { saved?: KeptWeights } => (saved?.id === runId ? { saved: { ...saved, name: about.name } } : {});
