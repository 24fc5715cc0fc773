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

test('a prompt that is out gives way to the next of the order, whenever that is found out', () => {
  const all = new PromptSampler(7, 3).next(21);
  const out = new Set([all[2]!, all[5]!]);
  const isOut = (prompt: number) => out.has(prompt);
  const known = new PromptSampler(7, 3).next(15, isOut);
  expect(known).toEqual(all.filter((prompt) => !isOut(prompt)));
  // Found out just before its turn, also of one that moved up, and over a reload after each batch.
  let late = new PromptSampler(7, 3);
  const found = new Set<number>();
  const dealt = Array.from({ length: 5 }, () => {
    for (let asked = 0; asked < out.size + 1; asked++)
      for (const prompt of late.ahead(3, (each) => found.has(each))) if (isOut(prompt)) found.add(prompt);
    const batch = late.next(3, (each) => found.has(each));
    late = new PromptSampler(7, 3, late.state);
    return batch;
  });
  expect(dealt.flat()).toEqual(known);
  expect(() => new PromptSampler(3, 1).next(1, () => true)).toThrow(/every prompt is out/);
});

test('a sampler knows whose turn has come', () => {
  const sampler = new PromptSampler(4, 2);
  const [first, second, third] = sampler.next(2).concat(sampler.ahead(1));
  expect([first, second, third].map((prompt) => sampler.hadTurn(prompt!))).toEqual([true, true, false]);
  sampler.next(3);
  expect(sampler.hadTurn(third!)).toBe(true);
});
