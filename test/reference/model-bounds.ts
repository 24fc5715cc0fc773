/** A model's log-probabilities, gradients and changes beside a reference's, within the bounds of the published numbers. */
import { FLOAT32 } from '../../src/cli/parity/bounds.ts';
import { distance, largestDifference, norm, type Quantity } from '../../src/cli/parity/quantity.ts';
import { globalNorm } from './adamw.ts';

type Arrays = ReadonlyMap<string, ArrayLike<number>>;

/** Of each, one behind the other. */
export const logProbQuantity = (
  name: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
): Quantity => ({ name, error: largestDifference(found, expected), bound: FLOAT32.logProbability });

/** An empty array stands for a tensor that is not there, so that no bound holds. */
const NONE: ArrayLike<number> = [];

/** Tensor by tensor; the names of both sides count. */
export function gradientQuantities(found: Arrays, expected: Arrays): Quantity[] {
  const global = globalNorm(expected);
  return namesOf(found, expected).map((name) => {
    const [ours, reference] = [found.get(name) ?? NONE, expected.get(name) ?? NONE];
    const bound = FLOAT32.gradient(norm(reference), global);
    return { name: `gradient ${name}`, error: distance(ours, reference), bound };
  });
}

/** Tensors behind an optimizer step. A tensor that does not move must be where it was. */
export function changeQuantities(before: Arrays, found: Arrays, expected: Arrays): Quantity[] {
  return namesOf(found, expected).map((name) => {
    const [ours, reference] = [found.get(name) ?? NONE, expected.get(name) ?? NONE];
    const bound = FLOAT32.change(distance(before.get(name) ?? NONE, reference), norm(reference));
    return { name: `after a step ${name}`, error: distance(ours, reference), bound };
  });
}

const namesOf = (a: Arrays, b: Arrays): string[] => [...new Set([...a.keys(), ...b.keys()])];
