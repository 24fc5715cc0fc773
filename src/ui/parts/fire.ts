/** Lets an act run. Its failure is already in the studio's state and shown from there, so nothing is left to do with it. */
export function fire(act: Promise<unknown>): void {
  act.catch((error: unknown) => {
    console.info('studio:', error);
  });
}
