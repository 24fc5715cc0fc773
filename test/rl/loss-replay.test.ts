import { describe, expect, it } from 'vitest';
import type { PaddedBatch } from '../../src/cli/parity/loss-cases.ts';
import { Arena, Plan, Recorder } from '../../src/gpu/index.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../src/protocol/loss-config.ts';
import type { LossCompletion } from '../../src/protocol/loss-shares.ts';
import {
  lossBatchTensor,
  lossMetrics,
  nllMetrics,
  recordLoss,
  recordNll,
} from '../../src/rl/objective/loss.ts';
import { encodeLossBatch, encodeNllBatch } from '../../src/rl/objective/loss-batch.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';
import { referenceGradient, referenceLoss } from '../reference/losses.ts';

const TOKENS = 40;
const COMPLETIONS = 6;

/** The packed completions as rows of their own, for the reference; an untrained one is masked out. */
function padded(
  packed: Record<'logps' | 'oldLogps' | 'entropies', Float32Array>,
  completions: readonly LossCompletion[],
): PaddedBatch {
  const width = Math.max(...completions.map(({ length }) => length));
  const rows = (values: Float32Array) =>
    completions.map(({ start, length }) =>
      Array.from({ length: width }, (_, t) => (t < length ? values[start + t]! : 0)),
    );
  const mask: number[][] = completions.map(({ length, trained }) =>
    Array.from({ length: width }, (_, t) => (t < length && trained !== false ? 1 : 0)),
  );
  return {
    logps: rows(packed.logps),
    oldLogps: rows(packed.oldLogps),
    entropies: rows(packed.entropies),
    mask,
    advantages: completions.map(({ advantage }) => advantage),
    accumulation: 1,
    tokensInBatch: mask.flat().reduce((sum, value) => sum + value, 0),
  };
}

describe('a recorded loss', () => {
  it('follows its batch buffer from run to run', async () => {
    const gpu = await testGpu();
    const logps = numbers(TOKENS, 1);
    const packed = {
      logps,
      oldLogps: logps.map((value, i) => value + numbers(TOKENS, 2, 0.4)[i]!),
      entropies: numbers(TOKENS, 3).map((value) => value + 1.5),
    };
    const upload = (name: keyof typeof packed) => gpu.upload('inputs', name, [TOKENS], packed[name]);
    const inputs = {
      logProbs: upload('logps'),
      oldLogProbs: upload('oldLogps'),
      entropies: upload('entropies'),
    };
    const batch = lossBatchTensor(gpu, COMPLETIONS);
    const base: LossConfig = { ...LOSS_DEFAULTS, lossType: 'grpo', topEntropyQuantile: 0.6 };
    const recorder = new Recorder();
    const outputs = recordLoss(recorder, base, inputs, batch);
    for (const tensor of Object.values(outputs)) recorder.keep(tensor);
    using arena = new Arena(gpu, 'loss');
    using plan = await Plan.create(gpu, 'loss', recorder, arena);
    const steps: [Partial<LossConfig>, LossCompletion[]][] = [
      [
        {},
        [
          { start: 2, length: 9, advantage: 1 },
          { start: 11, length: 1, advantage: -1.5 },
        ],
      ],
      [
        { epsilon: 0.1, entropyCoef: 0.05, delta: 1.2 },
        [
          { start: 30, length: 10, advantage: -0.3 },
          { start: 0, length: 8, advantage: 0.7, trained: false },
          { start: 8, length: 3, advantage: 1.1 },
          { start: 12, length: 0, advantage: 1 },
        ],
      ],
    ];
    for (const [changes, completions] of steps) {
      const config = { ...base, ...changes };
      const reference = padded(packed, completions);
      gpu.write(batch, encodeLossBatch(config, { ...reference, completions }));
      await plan.run();
      const metrics = lossMetrics(config, await gpu.read(plan.output(outputs.result)));
      const expected = referenceLoss(config, reference);
      expect(metrics.loss).toBeCloseTo(expected.loss, 5);
      for (const [name, value] of Object.entries(expected.metrics))
        expect(metrics[name], name).toBeCloseTo(value, 5);
      const gradient = new Float64Array(TOKENS);
      referenceGradient(config, reference).forEach((row, i) => {
        row.slice(0, completions[i]!.length).forEach((value, t) => {
          gradient[completions[i]!.start + t] = value;
        });
      });
      expect(relativeError(await gpu.read(plan.output(outputs.dLogProbs)), gradient)).toBeLessThan(1e-5);
    }
  });

  it('is the mean negative log-probability for SFT', async () => {
    const gpu = await testGpu();
    const logps = numbers(TOKENS, 4).map((value) => value - 2);
    const logProbs = gpu.upload('inputs', 'logps', [TOKENS], logps);
    const entropies = gpu.upload('inputs', 'entropies', [TOKENS], new Float32Array(TOKENS).fill(0.75));
    const batch = lossBatchTensor(gpu, COMPLETIONS);
    const recorder = new Recorder();
    const outputs = recordNll(recorder, { logProbs, entropies }, batch);
    for (const tensor of Object.values(outputs)) recorder.keep(tensor);
    using arena = new Arena(gpu, 'nll');
    using plan = await Plan.create(gpu, 'nll', recorder, arena);
    const completions = [
      { start: 3, length: 10, advantage: 0 },
      { start: 20, length: 15, advantage: 0 },
    ];
    gpu.write(batch, encodeNllBatch(completions, 25));
    await plan.run();
    const counted = [...logps.slice(3, 13), ...logps.slice(20, 35)];
    const { loss, entropy } = nllMetrics(await gpu.read(plan.output(outputs.result)));
    expect(loss).toBeCloseTo(-counted.reduce((sum, value) => sum + value, 0) / 25, 5);
    expect(entropy).toBeCloseTo(0.75, 6);
    const gradient = await gpu.read(plan.output(outputs.dLogProbs));
    gradient.forEach((value, i) => {
      expect(value).toBeCloseTo((i >= 3 && i < 13) || (i >= 20 && i < 35) ? -1 / 25 : 0, 7);
    });
  });

  it('asks for the reference when it is needed', async () => {
    const gpu = await testGpu();
    const logProbs = gpu.tensor('inputs', 'logps', [4]);
    const record = () =>
      recordLoss(
        new Recorder(),
        { ...LOSS_DEFAULTS, beta: 0.1 },
        { logProbs, entropies: logProbs },
        lossBatchTensor(gpu, 1),
      );
    expect(record).toThrow(/refLogProbs/);
  });
});
