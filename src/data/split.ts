import { deriveSeed, shuffled } from '../math/random.ts';
import type { Split } from '../protocol/messages.ts';

interface Splittable {
  readonly label: string;
  readonly split: Split | null;
}

/**
 * Gives every example a split. When any example brings one, those without go to 'train'. When none does, a seeded share
 * of each label goes to 'val', shares rounded so that the total fits (largest remainders first); a label with a single
 * example stays in 'train'.
 */
export function assignSplits<T extends Splittable>(
  examples: readonly T[],
  seed: number,
  valFraction: number,
): (Omit<T, 'split'> & { split: Split })[] {
  if (examples.some(({ split }) => split !== null)) {
    return examples.map((example) => ({ ...example, split: example.split ?? 'train' }));
  }
  const byLabel = new Map<string, number[]>();
  examples.forEach(({ label }, index) => {
    byLabel.set(label, [...(byLabel.get(label) ?? []), index]);
  });
  const groups = [...byLabel.values()];
  const quotas = valQuotas(
    groups.map((group) => group.length),
    valFraction,
  );
  const heldOut = new Set(
    groups.flatMap((group, g) => shuffled(group, deriveSeed(seed, 'split'), g).slice(0, quotas[g])),
  );
  return examples.map((example, index) => ({ ...example, split: heldOut.has(index) ? 'val' : 'train' }));
}

/** How many of each label to hold out: floor of its share, then one more by largest remainder until the total is met. */
function valQuotas(counts: readonly number[], fraction: number): number[] {
  const usable = counts.map((count) => (count < 2 ? 0 : count));
  const shares = usable.map((count) => count * fraction);
  const quotas = shares.map(Math.floor);
  const total = Math.round(shares.reduce((sum, share) => sum + share, 0));
  const order = shares
    .map((share, i) => ({ i, rest: share - quotas[i]! }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  let missing = total - quotas.reduce((sum, quota) => sum + quota, 0);
  for (const { i } of order) {
    if (missing <= 0) break;
    if (quotas[i]! + 1 >= usable[i]!) continue;
    quotas[i]! += 1;
    missing--;
  }
  return quotas;
}
