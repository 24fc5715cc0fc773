/**
 * Does `last` after the work, however that ended. Where both fail, the work's error is the one that is thrown: it is the
 * cause, and a person can act on it.
 */
export async function endingWith<T>(last: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await last().catch(() => undefined);
    throw error;
  }
  await last();
  return result;
}
