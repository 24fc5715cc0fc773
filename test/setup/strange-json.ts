/** JSON as strangers might write it, for tests that nothing of it breaks a reader. */
import { randomU32 } from '../../src/math/random.ts';

export type Json = Record<string, unknown>;

/** Values that no reader expects where they come. */
export const STRANGE: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 3, 7, 48, 1e9, 2 ** 32, 2 ** 53, 1e308, -1e308],
  ...['', 'a', '8', '../../x', 'x'.repeat(5000)],
  ...[[], [1], [null], {}, { a: 1 }],
];

/** One to three fields, at any depth, replaced by one of the values or removed; the same for the same seed. */
export function mutated(source: Json, seed: number, values: readonly unknown[]): Json {
  const copy = structuredClone(source);
  for (let change = 0; change <= seed % 3; change++) changeOne(copy, values, seed, change);
  return copy;
}

function changeOne(root: Json, values: readonly unknown[], seed: number, change: number): void {
  let holder = root;
  for (let depth = 1; ; depth++) {
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    const key = keys[randomU32(seed, change, depth) % keys.length]!;
    const value = holder[key];
    if (typeof value === 'object' && value !== null && randomU32(seed, change, depth, 1) % 5 > 0) {
      holder = value as Json;
      continue;
    }
    const pick = randomU32(seed, change, depth, 2) % (values.length + 1);
    if (pick === values.length) delete holder[key];
    else holder[key] = structuredClone(values[pick]);
    return;
  }
}
