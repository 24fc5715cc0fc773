/** Which tab holds which run. The browser lets go of a tab's locks when the tab is gone, however it went. */
import { RUN_LOCK } from '../../protocol/kept.ts';

/** Held for a moment only, by whoever looks through a run's files or is about to take the run. */
const LOOKED_THROUGH = 'studio look ';

/** Takes a run for this tab until the returned function is called; undefined when another tab holds it. */
export function holdRun(id: string): Promise<(() => Promise<void>) | undefined> {
  return navigator.locks.request(LOOKED_THROUGH + id, () => hold(RUN_LOCK + id));
}

async function hold(name: string): Promise<(() => Promise<void>) | undefined> {
  let release: () => void = () => undefined;
  const wanted = new Promise<void>((resolve) => {
    release = resolve;
  });
  let held: Promise<unknown> = Promise.resolve();
  const taken = await new Promise<boolean>((answer) => {
    held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
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

/** Whether any tab is at work on a run. */
export async function isHeld(id: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === RUN_LOCK + id);
}

/** Looks through a run that no tab holds, and that none can take meanwhile. */
export type LookThrough = <T>(id: string, look: () => Promise<T>) => Promise<T | undefined>;

/** By the browser's locks; undefined when a tab is at work on the run. */
export const lookThrough: LookThrough = (id, look) =>
  navigator.locks.request(LOOKED_THROUGH + id, async () => ((await isHeld(id)) ? undefined : look()));
