import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matchLabel, readAnswer } from '../../src/rl/rewards.ts';
import { evaluate } from '../../src/rl/evaluate.ts';
import { openRun } from '../reference/tiny-run.ts';
import type { TinyRun } from '../worker/tiny-run.ts';
import { testGpu } from '../ops/harness.ts';

let run: TinyRun;
beforeAll(async () => {
  run = await openRun(await testGpu(), { maxCompletionLength: 2, promptsPerStep: 1, groupSize: 1 });
});
afterAll(() => run[Symbol.dispose]());

/** What the model says to an example by itself. */
async function answerTo(index: number): Promise<string> {
  const { context, examples } = run;
  const example = examples[index]!;
  const generator = await context.rolloutGenerator();
  const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0, step: 0 };
  const { tokens } = await context.mediaOf(example);
  const [[answer]] = (await generator.generate([example.prompt], greedy, [tokens])) as [[{ ids: Uint32Array }]];
  return readAnswer(context.setup.tokenizer.decode(answer.ids));
}

describe('evaluate', () => {
  it('scores the greedy answer of every example, in batches, against the labels it is given', async () => {
    const { context, examples } = run;
    const answers: string[] = [];
    for (let i = 0; i < examples.length; i++) answers.push(await answerTo(i));
    // Labels that are what an untrained model happens to say make some of its answers right.
    const labels = [...new Set([...answers.slice(0, 2), 'happy'])];
    const many = Array.from({ length: 33 }, (_, i) => ({ ...examples[i % 4]!, label: labels[i % 2]! }));
    const expected = many.map((_, i) => matchLabel(answers[i % 4]!, labels));
    const calls: number[] = [];
    const result = await evaluate(context, many, {
      split: 'holdout',
      step: 5,
      mute: 'audio',
      labels,
      progress: (done) => calls.push(done),
    });
    expect(calls).toEqual([32, 33]);
    const correct = many.filter(({ label }, i) => label === expected[i]).length;
    expect(correct).toBeGreaterThan(0);
    expect(result).toMatchObject({ split: 'holdout', step: 5, mute: 'audio', n: 33, correct });
    expect(result.war).toBeCloseTo(correct / 33, 9);
    expect(result.unreadable).toBe(expected.filter((label) => label === null).length);
    expect(result.interval[0]).toBeLessThanOrEqual(result.war);
    expect(result.interval[1]).toBeGreaterThanOrEqual(result.war);
    expect(result.confusion.labels.slice(0, labels.length).sort()).toEqual([...labels].sort());
    const counted = result.confusion.counts.flat().reduce((sum, count) => sum + count, 0);
    expect([33, 33 - result.unreadable]).toContain(counted);
  });
});
