/** Values of tokens beside float64: the decoder, the softmax and the loss's terms, on the rollouts that a step sampled. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import type { Config } from '../../src/protocol/config.ts';
import { LOSS_DEFAULTS, type LossConfig, lossConfig } from '../../src/protocol/loss-config.ts';
import { STORED_ERROR } from '../../src/protocol/token-values.ts';
import { type AnswerTokens, answerTokens, CLIP, klTerms } from '../../src/rl/measure/token-values.ts';
import { grpoStep, type StepReport } from '../../src/rl/step.ts';
import type { MicroResult } from '../../src/rl/update/update.ts';
import { decodeAnswer, encodeStep } from '../../src/worker/runs/token-record.ts';
import { testGpu } from '../ops/harness.ts';
import type { Matrix } from '../reference/autodiff.ts';
import { LORA } from '../reference/omni-tiny.ts';
import type { ReferenceDecoder } from '../reference/qwen-decoder.ts';
import { type TextRun, textRun } from '../reference/text-run.ts';
import { adaptersOf, decoderOf, vocabularyLogProbs } from '../reference/token-scores.ts';

const SETTINGS: Partial<Config> = {
  ...{ promptsPerStep: 2, groupSize: 3, maxCompletionLength: 5, temperature: 0.8, beta: 0.05, seed: 11 },
  ...{ loraRank: LORA.rank, loraAlpha: LORA.alpha, loraTargets: [...LORA.targets], learningRate: 0.02 },
  ...{ epsilon: 0.02, maskTruncatedCompletions: false },
};
/** What is shown is as near to float64 as the loss pass is. */
const NEAR = 1e-4;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

const step = ({ context, examples }: TextRun, index: number): Promise<StepReport> =>
  grpoStep(context, examples.slice(0, 2), index);

interface Scores {
  readonly logProbs: number[];
  readonly entropies: number[];
}

/** Log-probabilities and entropies of a completion at the run's temperature. */
function scoresOf(model: ReferenceDecoder, prompt: readonly number[], completion: Uint32Array): Scores {
  const all = vocabularyLogProbs(model, prompt, completion, SETTINGS.temperature!);
  return {
    logProbs: all.map((own, token) => own[completion[token]!]!),
    entropies: all.map((own) => -own.reduce((sum, value) => sum + Math.exp(value) * value, 0)),
  };
}

/** The greatest distance between values and what they should be. */
const furthest = (found: ArrayLike<number>, expected: readonly number[]): number => {
  expect(found).toHaveLength(expected.length);
  return Math.max(...expected.map((value, token) => Math.abs(value - found[token]!)));
};

/** What storage gives back lies within its stated error. */
function expectStored(answers: readonly AnswerTokens[]): void {
  const record = encodeStep(1, answers);
  for (const [place, { ids, pieces, sampler, pass }] of answers.entries()) {
    const stored = decodeAnswer(record, place)!;
    expect([stored.ids, stored.pieces, stored.pass?.clips]).toEqual([ids, pieces, pass?.clips]);
    const columns = [[sampler, stored.sampler] as const];
    for (const key of ['logProbs', 'entropies', 'mismatches', 'logRatios', 'references'] as const) {
      if (pass?.[key]) columns.push([pass[key], stored.pass![key]!]);
    }
    for (const [before, after] of columns) {
      before.forEach((value, token) => {
        expect(Math.abs(after[token]! - value)).toBeLessThanOrEqual(STORED_ERROR * Math.abs(value) + 1.2e-10);
      });
    }
  }
}

describe('values of tokens', () => {
  it('are those of float64, with the reference’s, the KL term and the sampler’s', async () => {
    using run = await textRun(gpu, SETTINGS);
    const base = await decoderOf(run.policy);
    await step(run, 0);
    const lora = { matrices: await adaptersOf(run.policy), scale: LORA.alpha / LORA.rank };
    const { tokens, groups, metrics } = await step(run, 1);
    expect(tokens).toHaveLength(6);
    let moved = 0;
    for (const [place, { ids, sampler, pass }] of tokens!.entries()) {
      const { prompt } = run.examples[Math.floor(place / 3)]!;
      const now = scoresOf({ ...base, lora }, [...prompt.ids], ids);
      const before = scoresOf(base, [...prompt.ids], ids);
      expect(furthest(pass!.logProbs, now.logProbs)).toBeLessThan(NEAR);
      expect(furthest(sampler, now.logProbs)).toBeLessThan(NEAR);
      expect(
        furthest(
          pass!.mismatches,
          now.logProbs.map(() => 0),
        ),
      ).toBeLessThan(NEAR);
      expect(furthest(pass!.entropies, now.entropies)).toBeLessThan(NEAR);
      const apart = before.logProbs.map((value, token) => value - now.logProbs[token]!);
      expect(furthest(pass!.references!, apart)).toBeLessThan(NEAR);
      const kl = klTerms(
        lossConfig(run.context.setup.config),
        pass!.references!,
        new Float32Array(ids.length).fill(1),
      );
      expect(
        furthest(
          kl,
          apart.map((d) => Math.exp(d) - d - 1),
        ),
      ).toBeLessThan(NEAR);
      expect(kl.reduce((sum, value) => sum + value, 0) / ids.length).toBeCloseTo(
        groups[Math.floor(place / 3)]!.completions[place % 3]!.meanKl!,
        6,
      );
      moved = Math.max(moved, ...apart.map(Math.abs));
      // One update a step: every ratio is 1, and nothing is clipped.
      expect(pass!.logRatios).toBeUndefined();
      expect(pass!.clips!.every((clip) => clip === CLIP.none)).toBe(true);
    }
    // With weights that have not moved, half of this would be zeros.
    expect(moved).toBeGreaterThan(0.05);
    const passed = tokens!.flatMap(({ pass }) => [...pass!.entropies]);
    expect(metrics.entropy).toBeCloseTo(passed.reduce((sum, value) => sum + value, 0) / passed.length, 4);
    expectStored(tokens!);
  });

  it('have the ratio that the second update sees, and its clip, as the metrics count it', async () => {
    const lora = { scale: LORA.alpha / LORA.rank };
    let matrices: ReadonlyMap<string, Matrix>;
    {
      using once = await textRun(gpu, SETTINGS);
      await step(once, 0);
      matrices = await adaptersOf(once.policy);
    }
    using run = await textRun(gpu, { ...SETTINGS, numIterations: 2 });
    const base = await decoderOf(run.policy);
    const { tokens, groups, metrics } = await step(run, 0);
    let clipped = 0;
    for (const [place, { ids, pass }] of tokens!.entries()) {
      const { prompt } = run.examples[Math.floor(place / 3)]!;
      const first = scoresOf(base, [...prompt.ids], ids);
      // After one update the weights are those that a run with one update a step had.
      const second = scoresOf({ ...base, lora: { ...lora, matrices } }, [...prompt.ids], ids);
      const shifts = second.logProbs.map((value, token) => value - first.logProbs[token]!);
      expect(furthest(pass!.logProbs, second.logProbs)).toBeLessThan(NEAR);
      expect(furthest(pass!.logRatios!, shifts)).toBeLessThan(NEAR);
      expect(
        furthest(
          pass!.mismatches,
          shifts.map(() => 0),
        ),
      ).toBeLessThan(NEAR);
      const { advantage } = groups[Math.floor(place / 3)]!.completions[place % 3]!;
      const clip = (ratio: number) =>
        ratio < 0.98 && advantage < 0 ? CLIP.low : ratio > 1.02 && advantage > 0 ? CLIP.high : CLIP.none;
      expect([...pass!.clips!]).toEqual(shifts.map((shift) => clip(Math.exp(shift))));
      clipped += pass!.clips!.filter((each) => each !== CLIP.none).length;
    }
    const all = tokens!.reduce((sum, { ids }) => sum + ids.length, 0);
    expect(clipped).toBeGreaterThan(0);
    expect(metrics['clip_ratio/region_mean']).toBeCloseTo(clipped / all, 6);
    expectStored(tokens!);
  });
});

describe('an answer', () => {
  const decode = { decode: (ids: Iterable<number>) => [...ids].map((id) => `<${id}>`).join('') };
  const completion = (...ids: number[]) => ({
    ids: Uint32Array.from(ids),
    logProbs: new Float32Array(ids.length),
  });
  const found = (logProbs: number[], old: number[]): MicroResult =>
    ({
      arrays: { starts: [0, 2], lengths: [2, 1] },
      groups: [{ index: 1, kept: [0, 2] }],
      logProbs: Float32Array.from(logProbs),
      oldLogProbs: Float32Array.from(old),
      entropies: Float32Array.of(1, 2, 3),
    }) as unknown as MicroResult;
  const values = (changes: Partial<LossConfig>, advantage = 1): AnswerTokens[] =>
    answerTokens(
      { ...LOSS_DEFAULTS, ...changes },
      {
        groupSize: 3,
        completions: [
          completion(1),
          completion(2),
          completion(3),
          completion(4, 5),
          completion(6),
          completion(7),
        ],
        advantages: [0, 0, 0, advantage, 0, advantage],
      },
      [found([-1, -2, -3], [-1.5, -1.9, -3.05])],
      decode,
    );

  it('that went through no pass has its ids, its text and the sampler’s numbers alone', () => {
    const all = values({});
    expect(all.map(({ pieces }) => pieces.join(''))).toEqual(['<1>', '<2>', '<3>', '<4><5>', '<6>', '<7>']);
    expect(all.map(({ pass }) => pass && [...pass.entropies])).toEqual([
      ...[undefined, undefined, undefined, [1, 2], undefined, [3]],
    ]);
  });

  it('has the mean ratio on the level of sequences, and the bounds of its loss', () => {
    const rounded = ({ pass }: AnswerTokens) =>
      [...pass!.logRatios!].map((value) => Math.round(value * 1e6) / 1e6);
    const clips = (changes: Partial<LossConfig>, advantage?: number) => {
      const all = values(changes, advantage);
      return [all[3]!, all[5]!].map(({ pass }) => pass!.clips && [...pass!.clips]);
    };
    expect(values({}).flatMap((each) => (each.pass ? [rounded(each)] : []))).toEqual([[0.5, -0.1], [0.05]]);
    const whole = values({ importanceSamplingLevel: 'sequence' });
    expect(rounded(whole[3]!)).toEqual([0.2, 0.2]);
    const { none, low, high } = CLIP;
    expect(clips({})).toEqual([[high, none], [none]]);
    expect(clips({ epsilon: 0.02 })).toEqual([[high, none], [high]]);
    expect(clips({ epsilon: 0.02 }, -1)).toEqual([[none, low], [none]]);
    expect(clips({ epsilon: 0.02, epsilonHigh: 0.3 })).toEqual([[high, none], [none]]);
    expect(clips({ epsilon: 0.02, delta: 1.01 })).toEqual([[none, none], [none]]);
    expect(clips({ importanceSamplingLevel: 'sequence' })).toEqual([[high, high], [none]]);
    expect(clips({ lossType: 'cispo', epsilonHigh: 1.5 })).toEqual([[high, none], [none]]);
    expect(clips({ lossType: 'cispo', epsilonHigh: 1.5 }, -1)).toEqual([[none, none], [none]]);
    expect(clips({ lossType: 'sapo' })).toEqual([undefined, undefined]);
  });

  it('has the KL term by the estimator, the clamp and the correction of its settings', () => {
    const terms = (changes: Partial<LossConfig>) =>
      [
        ...klTerms(
          { ...LOSS_DEFAULTS, useBiasCorrectionKl: false, ...changes },
          Float32Array.of(0.5, -2),
          Float32Array.of(1, 2),
        ),
      ].map((value) => Math.round(value * 1e5) / 1e5);
    expect(terms({ klEstimator: 'k1' })).toEqual([-0.5, 2]);
    expect(terms({ klEstimator: 'k2' })).toEqual([0.125, 2]);
    expect(terms({})).toEqual([0.14872, 1.13534]);
    expect(terms({ klClamp: 1, useBiasCorrectionKl: true })).toEqual([0.14872, 0.73576]);
  });
});
