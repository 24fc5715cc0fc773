/**
 * Dawn for Node asks again and again, by `setImmediate`, whether the device is done. A software adapter computes on the same
 * cores, so that asking takes from it what it has: a quarter of a two-core machine (why: D-043).
 */

/** Milliseconds between two questions. */
const PAUSE_MS = 1;

/** Functions of native code, such as Dawn's, have no source. */
const isNative = (callback: (...args: never[]) => void): boolean =>
  Function.prototype.toString.call(callback).includes('[native code]');

/** From now on, native code's immediates run after a pause. JavaScript's own are as they were. */
export function slowNativeImmediates(): void {
  const original = globalThis.setImmediate;
  const patient = (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown =>
    isNative(callback) ? setTimeout(callback, PAUSE_MS, ...args) : original(callback, ...args);
  globalThis.setImmediate = Object.assign(patient, original) as typeof setImmediate;
}
