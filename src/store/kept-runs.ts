/** What the page knows of runs that are kept, and of files made of them. */
import type { EventOf, KeptWeights } from '../protocol/messages.ts';

/** The current run by the name that it was given. */
export const renamed = (
  saved: KeptWeights | undefined,
  { runId, about }: EventOf<'aboutRun'>,
): { saved?: KeptWeights } => (saved?.id === runId ? { saved: { ...saved, name: about.name } } : {});

/** What was exported of weights at a step; nothing is broken off any more. */
export const exportedNow = ({ files, place }: EventOf<'exported'>, step: number) => ({
  exported: { files, place, step },
  brokenExport: undefined,
});
