import { expect, it } from 'vitest';
import { repeatPlaceholders } from '../../src/families/qwen-vl/prompt.ts';

it('repeats the placeholder of each picture and video', () => {
  expect(repeatPlaceholders([1, 9, 2], [8, 9], [3])).toEqual([1, 9, 9, 9, 2]);
  expect(repeatPlaceholders([9, 1, 8], [8, 9], [1, 2])).toEqual([9, 1, 8, 8]);
});
