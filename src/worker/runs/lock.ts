/** Which tab holds which run. The browser lets go of a tab's locks when the tab is gone, however it went. */
import { RUN_LOCK } from '../../protocol/kept.ts';

/** Takes a run for this tab until the returned function is called; undefined when another tab holds it. */
export async function holdRun(id: string): Promise<(() => Promise<void>) | undefined> {
  let release: () => void = () => undefined;
  const wanted = new Promise<void>((resolve) => {
    release = resolve;
  });
  let held: Promise<unknown> = Promise.resolve();
  const taken = await new Promise<boolean>((answer) => {
    held = navigator.locks.request(RUN_LOCK + id, { ifAvailable: true }, (lock) => {
      answer(lock !== null);
      return lock ? wanted : undefined;
    });
  });
  if (!taken) return undefined;
  return async () => {
    release();
    await held;
  };
}

/** Ids of the runs that any tab holds. */
export async function heldRuns(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(RUN_LOCK) ? name.slice(RUN_LOCK.length) : [])));
}
