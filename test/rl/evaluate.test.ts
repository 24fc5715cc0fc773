import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { majorityVote, passAtK } from '../../src/math/several-answers.ts';
import { mean } from '../../src/math/stats.ts';
import type { OpenEval } from '../../src/protocol/messages.ts';
import { matchLabel, readAnswer } from '../../src/rewards/answer.ts';
import { evaluate } from '../../src/rl/evaluate.ts';
import { muteExample } from '../../src/rl/prepare.ts';
import { testGpu } from '../ops/harness.ts';
import { LABELS, type TextRun, textRun } from '../reference/text-run.ts';

let run: TextRun;
beforeAll(async () => {
  run = await textRun(await testGpu(), { maxCompletionLength: 2, promptsPerStep: 1, groupSize: 2 });
});
afterAll(() => run[Symbol.dispose]());

/** What the model says to an example by itself. */
async function answerTo(index: number): Promise<string> {
  const { context, examples } = run;
  const example = examples[index]!;
  const generator = await context.rolloutGenerator();
  const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0, step: 0 };
  const { tokens } = await context.mediaOf(example);
  const [group] = await generator.generate([example.prompt], greedy, () => tokens);
  return readAnswer(context.setup.tokenizer.decode(group![0]!.ids));
}

describe('evaluate', () => {
  it('scores the greedy answer of every example, more than decode together, against the labels it is given', async () => {
    const { context, examples } = run;
    const answers: string[] = [];
    for (let i = 0; i < examples.length; i++) answers.push(await answerTo(i));
    const labels = LABELS;
    const many = Array.from({ length: 33 }, (_, i) => ({
      ...(i === 2 ? muteExample(examples[2]!, 'audio', {}) : examples[i % 4]!),
      label: i % 2 === 0 ? answers[i % 4]! : 'happy',
    }));
    const expected = many.map((_, i) => matchLabel(answers[i % 4]!, labels));
    const calls: number[] = [];
    const result = await evaluate(context, many, {
      split: 'test',
      step: 5,
      mute: 'audio',
      labels,
      progress: (done) => calls.push(done),
    });
    expect(calls).toEqual(many.map((_, i) => i + 1));
    const correct = many.filter(({ label }, i) => label === expected[i]).length;
    expect(correct).toBeGreaterThan(0);
    expect(result).toMatchObject({ split: 'test', step: 5, mute: 'audio', n: 33, correct });
    expect(result.war).toBeCloseTo(correct / 33, 9);
    expect(result.unreadable).toBe(0);
    expect(result.interval![0]).toBeLessThanOrEqual(result.war);
    expect(result.interval![1]).toBeGreaterThanOrEqual(result.war);
    const counts = labels.map(() => labels.map(() => 0));
    for (const [i, { label }] of many.entries())
      counts[labels.indexOf(label)]![labels.indexOf(expected[i]!)]!++;
    expect(result.confusion).toEqual({ labels, counts, unreadable: labels.map(() => 0) });
    expect(result.uarInterval![0]).toBeLessThanOrEqual(result.uar);
    expect(result.uarInterval![1]).toBeGreaterThanOrEqual(result.uar);
    expect(result.clips.map(({ exampleId, exact }) => [exampleId, exact])).toEqual(
      many.map((_, i) => [examples[i % 4]!.id, expected[i]]),
    );
    expect(result.clips.map(({ answers: [one] }) => one?.answer)).toEqual(expected);
    expect(result.passAtK).toBeUndefined();
  });

  it('scores rows by their kind, and notes what was asked', async () => {
    const { context, examples } = run;
    const kinds = ['exact', 'contains', 'rouge_l', 'rewards/accuracy'] as const;
    const gold = await answerTo(0);
    const rowOf = (id: string) => ({
      kind: kinds[examples.findIndex((example) => example.id === id)]!,
      ...{ gold, options: [] },
    });
    const options = { split: 'val', step: 3, rowOf, questionOf: (id: string) => `What of ${id}?` } as const;
    const result = (await evaluate(context, examples, options)) as OpenEval;
    expect(result.scores.kinds.map(({ kind }) => kind)).toEqual(kinds);
    const said: string[] = [];
    for (let i = 0; i < examples.length; i++) said.push(await answerTo(i));
    const scores = said.map((each) => Number(each === gold));
    expect(result.clips.map(({ score }) => score)).toEqual(scores);
    expect(result.scores.score).toBeCloseTo(mean(scores), 12);
    expect(result.clips.map(({ question }) => question)).toEqual(examples.map(({ id }) => `What of ${id}?`));
    const again = await evaluate(context, examples, { ...options, questionOf: () => 'What?' });
    expect(again.question).toBe('What?');
    expect(again.clips[0]).not.toHaveProperty('question');
    expect(again.asked).toEqual(result.asked);
    const fewer = await evaluate(context, examples.slice(1), options);
    expect(fewer.asked?.rows).not.toBe(result.asked?.rows);
    const [first, ...rest] = examples;
    const otherWords = [{ ...first!, prompt: examples[1]!.prompt }, ...rest];
    const other = await evaluate(context, otherWords, options);
    expect([other.asked?.rows, other.asked?.length]).toEqual([result.asked?.rows, 2]);
    expect(other.asked?.prompts).not.toBe(result.asked?.prompts);
  });

  it('draws several answers per clip, the same ones each time, and other ones for the same clip elsewhere', async () => {
    const { context, examples } = run;
    const many = Array.from({ length: 9 }, (_, i) => examples[i % 4]!);
    const sampled = { samples: 8, temperature: 1 };
    const calls: number[] = [];
    const options = { split: 'test', step: 0, labels: LABELS, sampled } as const;
    const result = await evaluate(context, many, { ...options, progress: (done) => calls.push(done) });
    expect(calls).toEqual(many.map((_, i) => i + 1));
    expect(result.sampled).toEqual(sampled);
    const drawn = result.clips.map(({ answers }) => answers.map(({ exact }) => exact));
    expect(drawn.map((answers) => answers.length)).toEqual(Array(9).fill(8));
    for (const [i, clip] of result.clips.entries()) expect(clip.exact).toBe(majorityVote(drawn[i]!));
    expect(new Set(drawn.flat()).size).toBeGreaterThan(1);
    expect(drawn[4]).not.toEqual(drawn[0]);
    const right = drawn.map((answers, i) => answers.filter((answer) => answer === many[i]!.label).length);
    expect(result.passAtK?.map(({ k }) => k)).toEqual([1, 2, 4, 8]);
    for (const { k, value } of result.passAtK ?? [])
      expect(value).toBeCloseTo(mean(right.map((correct) => passAtK(8, correct, k))), 12);
    expect(await evaluate(context, many, options)).toEqual(result);
  });

  it('keeps one evaluation sampler on the GPU, and the one of training', async () => {
    const { context, policy } = run;
    const rollout = await context.rolloutGenerator();
    const [few, held] = [await context.evaluationGenerator(16), () => policy.gpu.ledger.parts()];
    expect(few.shape).toMatchObject({ rows: 32, groupSize: 16 });
    await context.evaluationGenerator(64);
    await context.evaluationGenerator(16);
    const before = held();
    expect((await context.evaluationGenerator(64)).shape).toMatchObject({ rows: 64, groupSize: 64 });
    await context.evaluationGenerator(16);
    expect(held()).toEqual(before);
    expect(await context.rolloutGenerator()).toBe(rollout);
  });
});
