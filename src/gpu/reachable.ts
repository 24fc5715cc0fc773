import type { Access } from './kernel.ts';
import type { Dispatch, Mark, Recorder } from './recorder.ts';

/** Dispatches with the marks between them. */
export interface Program {
  readonly dispatches: readonly Dispatch[];
  readonly marks: readonly Mark[];
}

const isWritten = (access: Access | undefined): boolean => access === 'write' || access === 'update';

/**
 * Dead-code elimination: a recording without the dispatches whose results nothing reads. Kept tensors and those that lie in buffers of
 * their own are read. Ops record all that they can give; what a pass asks for decides what is run (D-050).
 */
export function reachableProgram({
  dispatches,
  marks,
  kept,
}: Pick<Recorder, 'dispatches' | 'marks' | 'kept'>): Program {
  const read = new Set(kept);
  const isReachable = dispatches.map(() => false);
  for (let at = dispatches.length - 1; at >= 0; at--) {
    const { kernel, tensors } = dispatches[at]!;
    const uses = Object.entries(tensors).map(([name, { storage }]) => ({
      access: kernel.bindings[name],
      storage,
    }));
    isReachable[at] = uses.some(
      ({ access, storage }) => isWritten(access) && (storage.kind === 'buffer' || read.has(storage.id)),
    );
    if (!isReachable[at]) continue;
    for (const { access, storage } of uses) {
      if (access !== 'write' && storage.kind === 'planned') read.add(storage.id);
    }
  }
  const reachableBefore = (end: number): number => isReachable.slice(0, end).filter(Boolean).length;
  return {
    dispatches: dispatches.filter((_, at) => isReachable[at]),
    marks: marks.map(({ first, part }) => ({ first: reachableBefore(first), part })),
  };
}
