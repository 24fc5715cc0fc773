import type { Gpu } from './device.ts';

/** So long after an operation failed it is known whether that was because the device is gone. */
const KNOWN_MS = 500;

/**
 * How the device was lost, if it was. What fails on a lost device fails a moment before the device says so; hence the wait
 * of `ms` where it does not.
 */
export async function lossOf(
  { device }: Pick<Gpu, 'device'>,
  ms = KNOWN_MS,
): Promise<GPUDeviceLostInfo | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([device.lost, enough]);
  } finally {
    clearTimeout(timer);
  }
}
