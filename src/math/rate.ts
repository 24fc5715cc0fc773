/** How fast work goes, out of what was done when. Pure. */

/** Amount done at a time. */
export interface Sample {
  readonly atMs: number;
  readonly done: number;
}

const WINDOW_MS = 8000;
/** Below this span a rate says more about buffers than about the work. */
const SHORTEST_MS = 500;

/** The samples of the latest seconds with one more; work that begins again begins the samples anew. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  if (last && sample.done < last.done) return [sample];
  const recent = samples.filter(({ atMs }, i) => {
    // The newest sample beyond the window stays: slow work has no other to be measured from.
    const isLastBefore = (samples[i + 1]?.atMs ?? sample.atMs) > sample.atMs - WINDOW_MS;
    return isLastBefore || atMs > sample.atMs - WINDOW_MS;
  });
  return [...recent, sample];
}

/** Amount per second over the samples; undefined while they span too little time. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < SHORTEST_MS) return undefined;
  return ((last.done - first.done) / (last.atMs - first.atMs)) * 1000;
}
