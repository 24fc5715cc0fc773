import { expect, test } from 'vitest';
import { PromptSampler } from '../../src/data/sampler.ts';

test('a sampler hands out each prompt once per epoch, and again in another order', () => {
  const sampler = new PromptSampler(5, 9);
  const drawn = sampler.next(15);
  const epochs = [drawn.slice(0, 5), drawn.slice(5, 10), drawn.slice(10)];
  for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(new Set(epochs.map(String)).size).toBeGreaterThan(1);
  expect(sampler.epochs).toBe(3);
});

test('a sampler goes on from its state', () => {
  const whole = new PromptSampler(7, 1).next(30);
  const first = new PromptSampler(7, 1);
  first.next(11);
  expect(first.state).toEqual({ epoch: 1, index: 4 });
  expect(new PromptSampler(7, 1, first.state).next(19)).toEqual(whole.slice(11));
  expect(new PromptSampler(7, 2).next(30)).not.toEqual(whole);
  expect(() => new PromptSampler(0, 1)).toThrow(/no prompts/);
});
