import { expect, test } from 'vitest';
import { PromptSampler } from '../../src/data/sampler.ts';
import { assignSplits } from '../../src/data/split.ts';

const examples = (counts: Record<string, number>) =>
  Object.entries(counts).flatMap(([label, n]) =>
    Array.from({ length: n }, (_, i) => ({ id: `${label}${i}`, label, split: null })),
  );

test('the seeded split holds out the same share of every label', () => {
  const split = assignSplits(examples({ a: 40, b: 20, c: 1 }), 3, 0.2);
  const held = (label: string) =>
    split.filter((example) => example.label === label && example.split === 'val').length;
  expect([held('a'), held('b'), held('c')]).toEqual([8, 4, 0]);
  expect(assignSplits(examples({ a: 40, b: 20, c: 1 }), 3, 0.2)).toEqual(split);
  expect(assignSplits(examples({ a: 40, b: 20, c: 1 }), 4, 0.2)).not.toEqual(split);
});

test('odd counts fill the total by largest remainders, and leave each label something to train on', () => {
  const split = assignSplits(examples({ a: 7, b: 7, c: 6 }), 0, 0.25);
  expect(split.filter((example) => example.split === 'val').length).toBe(5);
  const tiny = assignSplits(examples({ a: 2, b: 2 }), 0, 0.9);
  for (const label of ['a', 'b']) {
    expect(
      tiny.filter((example) => example.label === label && example.split === 'train').length,
    ).toBeGreaterThanOrEqual(1);
  }
});

test('a split that the data set brings is kept', () => {
  const given = [
    { label: 'a', split: 'test' as const },
    { label: 'a', split: null },
  ];
  expect(assignSplits(given, 0, 0.5).map(({ split }) => split)).toEqual(['test', 'train']);
});

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
