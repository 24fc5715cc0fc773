/** What any implementation of the published GRPO must do: gradients, advantages, end tokens, rewards, scores. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runLoss } from '../../src/cli/parity/loss-run.ts';
import { Arena, type Gpu, Plan, Recorder } from '../../src/gpu/index.ts';
import { groupAdvantages } from '../../src/math/advantages.ts';
import { classificationScores } from '../../src/math/classification.ts';
import { Sampler } from '../../src/ops/tokens/sampling.ts';
import { defaultConfig } from '../../src/protocol/config.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../src/protocol/loss-config.ts';
import { scoreText } from '../../src/rewards/index.ts';
import { lossMetrics } from '../../src/rl/objective/loss.ts';
import { endTokenIds, Tokenizer } from '../../src/text/tokenizer.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';
import {
  LORA,
  readAll,
  readGradients,
  SAMPLING,
  tinyPolicy,
  tinyUpdater,
  toyGroup,
} from '../reference/omni-tiny.ts';
import { qwen2VlFolder } from '../text/published.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** The published loss: a mean over each completion's tokens, KL at 0.04. */
const PUBLISHED: LossConfig = { ...LOSS_DEFAULTS, lossType: 'grpo', beta: 0.04, useBiasCorrectionKl: false };
const advantagesOf = (rewards: readonly number[]): readonly number[] =>
  groupAdvantages(
    rewards.map((reward) => [reward]),
    { groupSize: rewards.length, aggregation: 'sum_then_normalize', scale: 'group', weights: [] },
  ).advantages;

describe('9 the gradient', () => {
  const LENGTHS = [5, 1, 8, 3];
  const rewards = [2, 0, 1, 1];
  const advantages = advantagesOf(rewards);
  const row = (seed: number, scale: number, shift: number) =>
    LENGTHS.map((length, i) => Array.from(numbers(length, seed + i, scale), (v) => Math.fround(v + shift)));
  const logps = row(10, 1, -2);
  const refLogps = row(20, 1, -2);

  /** Loss of log-probabilities in float64; the ratio is to the log-probabilities that were sampled. */
  function loss(present: readonly number[][]): number {
    const rows = present.map((row, i) => {
      const tokens = row.map((l, t) => {
        const gap = refLogps[i]![t]! - l;
        const kl = Math.exp(gap) - gap - 1;
        return -Math.exp(l - logps[i]![t]!) * advantages[i]! + PUBLISHED.beta * kl;
      });
      return tokens.reduce((a, b) => a + b) / tokens.length;
    });
    return rows.reduce((a, b) => a + b) / rows.length;
  }

  const padded = (rows: readonly number[][]) =>
    rows.map((row) => Array.from({ length: 8 }, (_, t) => row[t] ?? 0));
  const closedForm = logps.map((row, i) =>
    row.map(
      (l, t) =>
        (-advantages[i]! + PUBLISHED.beta * (1 - Math.exp(refLogps[i]![t]! - l))) /
        (LENGTHS.length * row.length),
    ),
  );

  it('is the closed form, on the device and by central differences', async () => {
    const run = await runLoss(gpu, PUBLISHED, {
      logps: padded(logps),
      oldLogps: padded(logps),
      refLogps: padded(refLogps),
      entropies: padded(logps.map((row) => row.map(() => 1))),
      mask: padded(logps.map((row) => row.map(() => 1))),
      advantages: [...advantages],
      accumulation: 1,
      tokensInBatch: LENGTHS.reduce((a, b) => a + b),
    });
    expect(run.loss).toBeCloseTo(loss(logps), 5);
    expect(relativeError(run.gradient.flat(), padded(closedForm).flat())).toBeLessThan(1e-5);
    const step = 1e-5;
    closedForm.forEach((row, i) => {
      row.forEach((slope, t) => {
        const moved = (by: number) =>
          loss(logps.map((one, j) => (j === i ? one.with(t, one[t]! + by) : one)));
        expect((moved(step) - moved(-step)) / (2 * step)).toBeCloseTo(slope, 7);
      });
    });
  });

  it.each([
    ['an adapter', { lora: LORA }],
    ['the whole decoder', { trainDecoder: true }],
  ] as const)(
    'of %s is exactly zero for equal rewards before the first step, and KL is 0',
    async (_, part) => {
      using policy = await tinyPolicy(gpu, { ...part, reference: true });
      const before = await readAll(policy);
      const groups = [1, 2].map((seed) => ({
        ...toyGroup(seed, [5, 3, 8]),
        advantages: [...advantagesOf([1, 1, 1])],
      }));
      using updater = await tinyUpdater(policy, groups, { objective: PUBLISHED }, { learningRate: 0.1 });
      const { gradient, micro } = await updater.update(groups, 0.1);
      const { loss: value, kl } = lossMetrics(PUBLISHED, micro[0]!.loss);
      expect([gradient.norm, kl, Math.abs(value!)]).toEqual([0, 0, 0]);
      for (const values of (await readGradients(policy)).values())
        expect(values.every((derivative) => derivative === 0)).toBe(true);
      expect(await readAll(policy)).toEqual(before);
    },
  );

  it('does not change when a constant is added to all rewards', () => {
    for (const by of [1, -2, 8])
      expect(advantagesOf(rewards.map((reward) => reward + by))).toEqual(advantages);
  });
});

describe('11 end tokens', () => {
  it('a row ended by 151643 and one ended by 151645 both count exactly one', async () => {
    const vocab = 151_936;
    const endIds = endTokenIds(await Tokenizer.load(qwen2VlFolder), { eos_token_id: 151645 });
    const script = [
      [151643, 151645],
      [151645, 151643],
    ];
    using sampler = new Sampler(gpu, { rows: 2, capacity: script.length, vocab, endIds });
    const logits = gpu.tensor('inputs', 'logits', [2, vocab]);
    const recorder = new Recorder();
    sampler.record(recorder, logits);
    using arena = new Arena(gpu, 'sampling');
    using plan = await Plan.create(gpu, 'sampling', recorder, arena);
    sampler.begin({ ...SAMPLING, temperature: 0 });
    for (const wanted of script) {
      const values = new Float32Array(2 * vocab);
      wanted.forEach((id, row) => {
        values[row * vocab + id] = 10;
      });
      gpu.write(logits, values);
      await plan.run();
    }
    const rows = await sampler.read();
    expect(rows.map(({ ids, ended }) => [[...ids], ended])).toEqual([
      [[151643], true],
      [[151645], true],
    ]);
    gpu.free(logits);
  });
});

describe('12 rewards and 13 scores', () => {
  it.each([
    ['<think>a</think><answer>happy</answer>', 2],
    ['<think>a</think><answer>happy</answer>\n', 1],
    ['happy', 1],
    ['<answer>Happy</answer>', 0],
    ['<think>a</think><answer>\nhappy</answer>', 1],
  ])('%j is worth %i', (text, reward) => {
    const context = { ...defaultConfig(), label: 'happy', tokens: 10, ids: [], row: {}, first: {} };
    expect(scoreText('accuracy', text, context)! + scoreText('format', text, context)!).toBe(reward);
  });

  it('a, a, b answered by a, x, b: WAR 66.67, UAR 75', () => {
    const { war, uar } = classificationScores(['a', 'a', 'b'], ['a', 'x', 'b']);
    expect([(100 * war).toFixed(2), (100 * uar).toFixed(2)]).toEqual(['66.67', '75.00']);
  });
});
