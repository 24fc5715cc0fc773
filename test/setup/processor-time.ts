/** Limits of time that hold on a busy machine: of processor time, by the quickest of a few attempts. */

/** Another test's process may have the caches, or the other half of a core, throughout one attempt. */
const ATTEMPTS = 3;

/** What `work` gave in its last attempt, and the processor time of the quickest; one below `limit` is enough. */
interface Timed<T> {
  readonly value: T;
  readonly milliseconds: number;
}

/** Runs what may be done again, at most three times, until it takes less than `limit` ms of this process' time. */
export async function processorTime<T>(limit: number, work: () => T | Promise<T>): Promise<Timed<T>> {
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const start = process.cpuUsage();
    const value = await work();
    const { user, system } = process.cpuUsage(start);
    milliseconds = Math.min(milliseconds, (user + system) / 1000);
    if (milliseconds < limit || attempt === ATTEMPTS) return { value, milliseconds };
  }
}
