/** The real-size checkpoint that the project makes for itself, against the list of the published one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { publishedShapes } from '../../src/cli/real-size/tensors.ts';

const { tensors } = JSON.parse(readFileSync('test/golden/humanomni-0.5b-tensors.json', 'utf8')) as {
  tensors: Record<string, number[]>;
};

describe('the real-size checkpoint', () => {
  it('has exactly the published names and shapes; the tied head is stored once', () => {
    const { 'lm_head.weight': _head, ...stored } = tensors;
    expect(Object.fromEntries(publishedShapes())).toEqual(stored);
  });

  it('has the published number of parameters', () => {
    const sizes = [...publishedShapes().values()].map((shape) => shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(1_373_177_925);
  });
});
