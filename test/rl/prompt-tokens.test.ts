import { expect, it } from 'vitest';
import { repeatPlaceholder } from '../../src/families/qwen-vl/prompt.ts';

it("repeats a video's one placeholder, and refuses none or two", () => {
  expect(repeatPlaceholder([1, 9, 2], 9, 3)).toEqual([1, 9, 9, 9, 2]);
  expect(() => repeatPlaceholder([1, 2], 9, 3)).toThrow('0 places for a video');
  expect(() => repeatPlaceholder([9, 9], 9, 3)).toThrow('2 places for a video');
});
