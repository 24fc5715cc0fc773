/** Which clips to hold out: about a tenth each for the test and for validation, while every label stays in train. */
import { permutation, shuffled } from '../math/random.ts';
import type { Split } from '../protocol/messages.ts';
import { groupBy } from './group-by.ts';

/** Examples that must stay together: those of one speaker, or all questions about one clip. */
export interface Unit {
  /** Examples by label. */
  readonly labels: ReadonlyMap<string, number>;
  readonly size: number;
}

/** Of all examples, the share that validation gets, and the test too. */
const SHARE = 0.1;
/** Orders of speakers tried; the one that comes closest to the shares is taken. */
const TRIES = 32;

/** Examples left in train, by label. */
class TrainLabels {
  readonly #left = new Map<string, number>();

  constructor(units: readonly Unit[]) {
    for (const { labels } of units) {
      for (const [label, count] of labels) this.#left.set(label, (this.#left.get(label) ?? 0) + count);
    }
  }

  /** Takes a unit out, unless train would lose a label with it. */
  spare({ labels }: Unit): boolean {
    for (const [label, count] of labels) if (this.#left.get(label)! <= count) return false;
    for (const [label, count] of labels) this.#left.set(label, this.#left.get(label)! - count);
    return true;
  }
}

/** The same share of every label, in units of about the same size. Result: a split per unit. */
export function holdOutByLabel(units: readonly Unit[], seed: number): Split[] {
  const train = new TrainLabels(units);
  const splits = units.map((): Split => 'train');
  const groups = [...groupBy(units.keys(), (index) => [...units[index]!.labels.keys()][0]!).values()];
  const sizes = groups.map(({ length }) => length);
  const total = Math.round(units.length * SHARE);
  const test = quotas(
    sizes.map((size) => size * SHARE),
    sizes.map((size) => size - 1),
    Math.max(1, total),
  );
  const val = quotas(
    sizes.map((size, g) => Math.max(0, 2 * SHARE * size - test[g]!)),
    sizes.map((size, g) => size - 1 - test[g]!),
    total,
  );
  groups.forEach((group, g) => {
    const wanted: Split[] = [...Array<Split>(test[g]!).fill('test'), ...Array<Split>(val[g]!).fill('val')];
    for (const index of shuffled(group, seed, g)) {
      if (wanted.length === 0) break;
      if (train.spare(units[index]!)) splits[index] = wanted.shift()!;
    }
  });
  return splits;
}

/**
 * Whole numbers near `shares` that sum to `total`, none above its capacity: the floors, then one more each by largest
 * remainder. Less than `total` when the capacities are.
 */
export function quotas(shares: readonly number[], capacities: readonly number[], total: number): number[] {
  const counts = shares.map((share, i) => Math.min(Math.floor(share), capacities[i]!));
  const order = shares
    .map((share, i) => ({ i, rest: share - Math.floor(share) }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  let missing = total - counts.reduce((sum, count) => sum + count, 0);
  for (const { i } of order) {
    if (missing <= 0) break;
    if (counts[i]! >= capacities[i]!) continue;
    counts[i]! += 1;
    missing--;
  }
  return counts;
}

/** Whole speakers, chosen so that sizes and labels come near the shares. Result: a split per speaker. */
export function holdOutSpeakers(speakers: readonly Unit[], seed: number): Split[] {
  let best: Split[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const splits = fill(speakers, permutation(speakers.length, seed, attempt));
    const distance = distanceFromShares(speakers, splits);
    if (distance >= least) continue;
    best = splits;
    least = distance;
  }
  return best;
}

/** Fills the test, then validation, with speakers in that order while it brings them nearer to their share. */
function fill(speakers: readonly Unit[], order: readonly number[]): Split[] {
  const train = new TrainLabels(speakers);
  const splits = speakers.map((): Split => 'train');
  const target = SHARE * speakers.reduce((sum, { size }) => sum + size, 0);
  for (const split of ['test', 'val'] as const) {
    let filled = 0;
    for (const index of order) {
      const speaker = speakers[index]!;
      // Nearer means that less than twice the missing part is added. Without any test a score could not be had at all.
      const isWanted = speaker.size < 2 * (target - filled) || (split === 'test' && filled === 0);
      if (splits[index] !== 'train' || !isWanted || !train.spare(speaker)) continue;
      splits[index] = split;
      filled += speaker.size;
    }
  }
  return splits;
}

/** Examples too many or too few of each label in test and validation, summed. */
function distanceFromShares(units: readonly Unit[], splits: readonly Split[]): number {
  const excess = { test: new Map<string, number>(), val: new Map<string, number>() };
  units.forEach(({ labels }, index) => {
    for (const [label, count] of labels) {
      for (const split of ['test', 'val'] as const) {
        const held = splits[index] === split ? count : 0;
        excess[split].set(label, (excess[split].get(label) ?? 0) + held - SHARE * count);
      }
    }
  });
  const distances = [...excess.test.values(), ...excess.val.values()].map(Math.abs);
  return distances.reduce((sum, distance) => sum + distance, 0);
}
