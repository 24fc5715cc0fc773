/** How often autotuning reads the clock for one variant: before and after a first look, and each of five samples. */
const READINGS = 12;

/** A clock by which variants take so many milliseconds a sample, in turns. */
export function fakeClock(variants: readonly number[]): () => number {
  let [readings, time] = [0, 0];
  return () => {
    time += variants[Math.floor(readings++ / READINGS) % variants.length]!;
    return time;
  };
}
