/** Curves for charts: smoothing and thinning of metric series. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Exponential moving average with bias correction: e ← w·e + (1-w)·y, shown as e / (1 - w^n), n the values so far.
 * `weight` w in [0, 1): 0 returns the series itself. Values that are not finite are passed through and not averaged.
 */
export function emaSmooth(values: readonly number[], weight: number): number[] {
  let average = 0;
  let correction = 1;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = weight * average + (1 - weight) * value;
    correction *= weight;
    return average / (1 - correction);
  });
}

/**
 * At most 2·buckets + 2 points that keep every visible extreme: the points, in order of x, are cut into `buckets` runs
 * of (nearly) equal count; each run gives its lowest and its highest point, and the first and last point always stay.
 * Where values are missing (not finite) a run also gives the first of those, so that a gap stays one: 3·buckets + 2.
 */
export function downsampleMinMax(points: readonly Point[], buckets: number): Point[] {
  const count = points.length;
  if (count <= buckets * 2 || buckets < 1) return [...points];
  const kept = new Set<number>([0, count - 1]);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * count) / buckets);
    const end = Math.floor(((bucket + 1) * count) / buckets);
    for (const index of extremesAndGap(points, start, end)) kept.add(index);
  }
  return [...kept].sort((a, b) => a - b).map((index) => points[index]!);
}

function extremesAndGap(points: readonly Point[], start: number, end: number): number[] {
  let [lowest, highest, gap] = [-1, -1, -1];
  for (let i = start; i < end; i++) {
    const { y } = points[i]!;
    if (!Number.isFinite(y)) {
      if (gap < 0) gap = i;
      continue;
    }
    if (lowest < 0 || y < points[lowest]!.y) lowest = i;
    if (highest < 0 || y > points[highest]!.y) highest = i;
  }
  return [lowest, highest, gap].filter((index) => index >= 0);
}

/**
 * Places of at most `most` rows of a table that keep every column's extremes and the first of each of its gaps; all places where
 * there are no more. A value that is not finite is a gap.
 */
export function keptPlaces(columns: readonly ArrayLike<number>[], most: number): number[] {
  const count = Math.max(0, ...columns.map(({ length }) => length));
  if (count <= most) return Array.from({ length: count }, (_, place) => place);
  const lists = columns.map((column) => Array.from(column, (y, x) => ({ x, y })));
  const hasGaps = lists.some((points) => points.some(({ y }) => !Number.isFinite(y)));
  const buckets = Math.floor(most / ((hasGaps ? 3 : 2) * columns.length)) - 1;
  const kept = new Set<number>();
  for (const points of lists) for (const { x } of downsampleMinMax(points, buckets)) kept.add(x);
  return [...kept].sort((a, b) => a - b);
}
