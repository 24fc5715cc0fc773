import type { RolloutGroup } from '../protocol/messages.ts';
import type { Studio } from './studio.ts';

/** A step's answers: at hand, or the worker's to tell. */
export async function answersOf(
  { store, ask }: Pick<Studio, 'store' | 'ask'>,
  step: number,
): Promise<readonly RolloutGroup[]> {
  return store.getState().rollouts.get(step) ?? (await ask('stepAnswers', { step })).groups;
}
