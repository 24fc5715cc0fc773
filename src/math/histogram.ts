/** How often values fall into bins. Pure. */

export interface Bin {
  readonly low: number;
  /** The same as `low` where the bin is of one value. */
  readonly high: number;
  /** Whether `high` belongs to it, too. */
  readonly isClosed: boolean;
  readonly count: number;
}

/** Distinct values up to which each has a bin of its own, and bins of equal width beyond. */
const MOST_DISTINCT = 12;
const BINS = 10;

export const isIn = ({ low, high, isClosed }: Omit<Bin, 'count'>, value: number): boolean =>
  value >= low && (value < high || (isClosed && value === high));

/** Bins of the finite values, from low to high: few distinct values have a bin each, however far they lie from each other. */
export function histogram(values: readonly number[]): Bin[] {
  const finite = values.filter(Number.isFinite);
  const distinct = [...new Set(finite)].sort((a, b) => a - b);
  const [least = 0] = distinct;
  const most = distinct.at(-1) ?? 0;
  const edge = (i: number) => (i === BINS ? most : least + ((most - least) * i) / BINS);
  const bounds =
    distinct.length <= MOST_DISTINCT
      ? distinct.map((value) => ({ low: value, high: value, isClosed: true }))
      : Array.from({ length: BINS }, (_, i) => ({
          low: edge(i),
          high: edge(i + 1),
          isClosed: i === BINS - 1,
        }));
  return bounds.map((bin) => ({ ...bin, count: finite.filter((value) => isIn(bin, value)).length }));
}
