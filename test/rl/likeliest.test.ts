/** The likeliest tokens in an answer, beside float64; and a run that was asked for them takes the steps that it would have taken. */
import { describe, expect, it } from 'vitest';
import { TOP_COUNT } from '../../src/ops/tokens/top-tokens.ts';
import type { Config } from '../../src/protocol/config.ts';
import { grpoStep, type StepReport } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { LORA } from '../reference/omni-tiny.ts';
import { textRun } from '../reference/text-run.ts';
import { adaptersOf, decoderOf, vocabularyLogProbs } from '../reference/token-scores.ts';

const TEMPERATURE = 0.8;
const SETTINGS: Partial<Config> = {
  ...{ promptsPerStep: 2, groupSize: 3, maxCompletionLength: 5, temperature: TEMPERATURE, beta: 0.05 },
  ...{ loraRank: LORA.rank, loraAlpha: LORA.alpha, loraTargets: [...LORA.targets], learningRate: 0.02 },
  ...{ seed: 11, maskTruncatedCompletions: false },
};

/** What a step reports but its times and the memory that was held. */
function numbersOf({ metrics, groups, tokens }: StepReport) {
  const timed = /^(step_time|tokens_per_second|memory)/;
  return { metrics: Object.entries(metrics).filter(([key]) => !timed.test(key)), groups, tokens };
}

describe('the likeliest tokens in an answer', () => {
  it('are those of float64 by the weights as they are, and the next step is the same to the bit', async () => {
    const gpu = await testGpu();
    using asked = await textRun(gpu, SETTINGS);
    using left = await textRun(gpu, SETTINGS);
    const step = ({ context, examples }: typeof asked, at: number) =>
      grpoStep(context, examples.slice(0, 2), at);
    const [first] = [await step(asked, 0), await step(left, 0)];
    const matrices = await adaptersOf(asked.policy);
    const model = {
      ...(await decoderOf(asked.policy)),
      lora: { matrices, scale: LORA.alpha / LORA.rank },
    };
    for (const place of [0, 4]) {
      const example = asked.examples[Math.floor(place / 3)]!;
      const { ids: drawn, pass } = first.tokens![place]!;
      const { ids, logProbs } = await asked.context.likeliest(example, drawn);
      const all = vocabularyLogProbs(model, [...example.prompt.ids], drawn, TEMPERATURE);
      expect(ids).toHaveLength(drawn.length * TOP_COUNT);
      let apart = 0;
      all.forEach((own, token) => {
        const best = [...own.keys()].sort((a, b) => own[b]! - own[a]!).slice(0, TOP_COUNT);
        best.forEach((id, rank) => {
          const at = token * TOP_COUNT + rank;
          expect(Math.abs(logProbs[at]! - own[id]!)).toBeLessThan(1e-4);
          // Ids whose probabilities are the same in f32 may stand in either order.
          expect(Math.abs(own[ids[at]!]! - own[id]!)).toBeLessThan(1e-4);
        });
        apart = Math.max(apart, Math.abs(own[drawn[token]!]! - pass!.logProbs[token]!));
      });
      // The weights have moved since the answer was drawn.
      expect(apart).toBeGreaterThan(1e-3);
    }
    expect(numbersOf(await step(asked, 1))).toEqual(numbersOf(await step(left, 1)));
  });
});
