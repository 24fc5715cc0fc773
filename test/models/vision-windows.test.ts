import { describe, expect, it } from 'vitest';
import { placesOf, reordered, tokenWindows } from '../../src/families/qwen-vl/windows.ts';

describe('windows of a grid', () => {
  it('of 2 by 2 over 3 by 3 tokens are cut short at the right and below', () => {
    const { order, sizes } = tokenWindows(1, 3, 3, 2);
    expect([...order]).toEqual([0, 1, 3, 4, 2, 5, 6, 7, 8]);
    expect(sizes).toEqual([4, 2, 2, 1]);
    expect([...placesOf(order)]).toEqual([0, 1, 4, 2, 3, 5, 6, 7, 8]);
  });

  it('begin anew in each slice', () => {
    const { order, sizes } = tokenWindows(2, 1, 3, 2);
    expect([...order]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(sizes).toEqual([2, 1, 2, 1]);
  });

  it('hold every token once, and the order can be undone', () => {
    const { order, sizes } = tokenWindows(2, 6, 5, 4);
    expect(sizes).toEqual([16, 4, 8, 2, 16, 4, 8, 2]);
    const values = Uint32Array.from({ length: 3 * order.length }, (_, i) => i);
    const moved = reordered(values, order);
    expect([...moved.subarray(12, 18)]).toEqual([15, 16, 17, 18, 19, 20]);
    expect(moved).not.toEqual(values);
    expect(reordered(moved, placesOf(order))).toEqual(values);
  });
});
