/** How often a contest reads the clock for one way: before and after a first look, and each of five samples. */
const READINGS = 12;

/** A clock by which the ways of a contest take so many milliseconds a sample, in turns. */
export function fakeClock(ways: readonly number[]): () => number {
  let [readings, time] = [0, 0];
  return () => {
    time += ways[Math.floor(readings++ / READINGS) % ways.length]!;
    return time;
  };
}
