/** Whose a stored run is: one tab works on it at a time, and an older checkpoint goes on as a run of its own. */
import { InputError } from '../../math/errors.ts';
import type { KeptWeights } from '../../protocol/messages.ts';
import type { Fork } from './fork.ts';
import { holdRun } from './lock.ts';
import { nameRun } from './name.ts';
import type { RunDescription } from './records.ts';
import { noSuchRun, type RunStore, type TakenRun } from './run-store.ts';

/** @throws InputError when another tab is at work on the run */
export async function hold(description: RunDescription): Promise<() => Promise<void>> {
  const release = await holdRun(description.id);
  if (release) return release;
  throw new InputError(`Another tab is at work on the run ${description.name}.`, {
    hint: 'Stop it there, or close that tab.',
  });
}

/** A run of its own that goes on from a checkpoint of another, with its settings unless it has its own. */
export function branchOf(description: RunDescription, from: KeptWeights, fork?: Fork): RunDescription {
  const { fork: _, ...rest } = description;
  if (!fork) {
    const createdAt = Date.now();
    return { ...rest, ...nameRun(createdAt), createdAt, from };
  }
  const { own, config, optimizer, anew } = fork;
  const { mended: _mended, prolonged: _prolonged, changes: _changes, ...kept } = rest;
  return { ...kept, ...own, config, from, fork: { optimizer, anew } };
}

/** What a run that begins at step 0 is called, and whose weights it took over, if any. */
export function beginnings(taken: TakenRun | undefined) {
  if (!taken?.fork) {
    const createdAt = Date.now();
    return { ...nameRun(createdAt), createdAt, origin: {} };
  }
  const { description, checkpoint, fork } = taken;
  const { optimizer, anew, own } = fork;
  const from = { id: description.id, name: description.name, step: checkpoint.state.step };
  return { ...own, origin: { from, fork: { optimizer, anew } } };
}

export function takenFurther(name: string, step: number): InputError {
  return new InputError(`Another tab has taken the run ${name} further, to step ${step}.`, {
    hint: 'Press Resume to have it here.',
  });
}

/** While a model was loaded for it, another tab may have gone on with the run, or deleted it. @throws InputError */
export async function demandNewest(store: RunStore, { description, checkpoint }: TakenRun): Promise<void> {
  const { id, name } = description;
  const { state, damaged } = checkpoint;
  const newest = await store.newestStep(id);
  if (newest === undefined) throw noSuchRun(id);
  if (newest > state.step && !damaged.some(({ step }) => step === newest)) throw takenFurther(name, newest);
}
