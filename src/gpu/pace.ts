/** How closely submissions follow one another. */
export interface Pace {
  /** How long one submission should keep the device, in milliseconds. */
  readonly submitMs: number;
  /** Share of the time that the device is left free, from 0 to below 1. */
  readonly restShare: number;
}

/** Submissions queue up; each is short enough that the screen stays alive and no watchdog bites. */
export const FULL_PACE: Pace = { submitMs: 50, restShare: 0 };
/** Half a frame of 60 a second at a time, and a third of the time for the screen and for others. */
export const GENTLE_PACE: Pace = { submitMs: 8, restShare: 1 / 3 };

/** Waits for what has been submitted at `since`, and as long again as leaves the device its share of rest. */
export async function rest(queue: GPUQueue, since: number, { restShare }: Pace): Promise<void> {
  await queue.onSubmittedWorkDone();
  const worked = performance.now() - since;
  const ms = (worked * restShare) / (1 - restShare);
  await new Promise((resolve) => setTimeout(resolve, ms));
}
