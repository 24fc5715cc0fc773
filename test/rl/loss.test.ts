import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type PaddedBatch, readLossCases } from '../../src/cli/parity/loss-cases.ts';
import { runLoss } from '../../src/cli/parity/loss-run.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { LOSS_DEFAULTS, type LossConfig, lossConfig } from '../../src/protocol/loss-config.ts';
import { LOSS_TYPES } from '../../src/protocol/losses.ts';
import { FAMILY_CODES } from '../../src/rl/objective/loss.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';
import { referenceEntropyGradient, referenceGradient, referenceLoss } from '../reference/losses.ts';

const cases = await Promise.all(
  ['', '-1.16'].map(async (release) => {
    const found = await readLossCases(await treeFromDisk(`test/golden/grpo-losses${release}`));
    return found.map((one) => ({ ...one, name: `${one.name}${release}` }));
  }),
).then((found) => found.flat());

const close = (found: number, expected: number, relative: number, absolute: number): boolean =>
  Math.abs(found - expected) <= absolute + relative * Math.abs(expected);

/** A batch of rows of different lengths; log-probabilities of old, reference and sampler lie around the present ones. */
function randomBatch(
  lengths: readonly number[],
  seed: number,
  spread = 0.3,
  accumulation = 2,
): Required<PaddedBatch> {
  const width = Math.max(1, ...lengths);
  const matrix = (which: number, scale: number, shift: number) =>
    lengths.map((_, i) =>
      Array.from(numbers(width, seed * 1000 + which * 100 + i, scale), (v) => Math.fround(v + shift)),
    );
  const logps = matrix(0, 1.4, -1.5);
  const near = (which: number) => {
    const noise = matrix(which, spread, 0);
    return logps.map((row, i) => row.map((value, t) => Math.fround(value + noise[i]![t]!)));
  };
  return {
    logps,
    oldLogps: near(1),
    refLogps: near(2),
    samplerLogps: near(3),
    entropies: matrix(4, 1, 1.1),
    mask: lengths.map((length) => Array.from({ length: width }, (_, t) => (t < length ? 1 : 0))),
    advantages: Array.from(numbers(lengths.length, seed + 7, 1.5), Math.fround),
    accumulation,
    tokensInBatch: 2 * lengths.reduce((sum, length) => sum + length, 0),
  };
}

async function compare(config: LossConfig, batch: PaddedBatch): Promise<void> {
  const run = await runLoss(await testGpu(), config, batch);
  const { loss, metrics } = referenceLoss(config, batch);
  expect(close(run.loss, loss, 1e-4, 1e-5), `loss ${run.loss} for ${loss}`).toBe(true);
  for (const [name, value] of Object.entries(metrics)) {
    expect(close(run.metrics[name]!, value, 1e-4, 1e-5), `${name} ${run.metrics[name]} for ${value}`).toBe(
      true,
    );
  }
  expect(relativeError(run.gradient.flat(), referenceGradient(config, batch).flat())).toBeLessThan(1e-5);
  const entropyGradient = referenceEntropyGradient(config, batch);
  expect(relativeError(run.entropyGradient.flat(), entropyGradient.flat())).toBeLessThan(1e-6);
}

describe('GPU losses against TRL', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, { config, batch, ...expected }) => {
    const run = await runLoss(await testGpu(), config, batch);
    expect(close(run.loss, expected.loss, 1e-4, 1e-5)).toBe(true);
    expect(Object.keys(run.metrics).sort()).toEqual(Object.keys(expected.metrics).sort());
    for (const [name, value] of Object.entries(expected.metrics)) {
      expect(close(run.metrics[name]!, value, 1e-4, 1e-5), `${name} ${run.metrics[name]} for ${value}`).toBe(
        true,
      );
    }
    expect(relativeError(run.gradient.flat(), expected.gradient.flat())).toBeLessThan(1e-5);
    if (expected.entropyGradient) {
      expect(relativeError(run.entropyGradient.flat(), expected.entropyGradient.flat())).toBeLessThan(1e-5);
    }
  });
});

const LEVELS = ['token', 'sequence'] as const;

describe('GPU losses against float64', () => {
  const everything = (
    lossType: LossConfig['lossType'],
    level: LossConfig['importanceSamplingLevel'],
  ): LossConfig => ({
    ...LOSS_DEFAULTS,
    lossType,
    importanceSamplingLevel: level,
    epsilonHigh: lossType === 'cispo' ? 1.1 : 0.25,
    delta: 1.3,
    beta: 0.05,
    useBiasCorrectionKl: true,
    topEntropyQuantile: 0.7,
    entropyCoef: 0.02,
    offPolicyMaskThreshold: 0.03,
    samplerCorrection: { level, mode: level === 'token' ? 'truncate' : 'mask', min: 0.8, max: 1.2 },
  });

  it.each(LOSS_TYPES.flatMap((loss) => LEVELS.map((level) => [loss, level] as const)))(
    '%s on the level of a %s, every option on',
    (loss, level) => compare(everything(loss, level), randomBatch([5, 1, 7, 3, 6, 2, 0, 4], 11)),
  );

  it.each([1, 7, 63, 64, 65])('rows of %i tokens and around', (length) =>
    compare(
      { ...LOSS_DEFAULTS, lossType: 'grpo', beta: 0.04, topEntropyQuantile: 0.35 },
      randomBatch([length, Math.ceil(length / 2), length], length),
    ),
  );

  it.each(['k1', 'k2', 'k3'] as const)(
    'estimator %s, clamped and not, bias-corrected and not',
    async (klEstimator) => {
      const batch = randomBatch([9, 4, 12], 3, 1);
      for (const klClamp of [null, 0.4]) {
        for (const useBiasCorrectionKl of [false, true]) {
          await compare({ ...LOSS_DEFAULTS, beta: 0.1, klEstimator, klClamp, useBiasCorrectionKl }, batch);
        }
      }
    },
  );

  it('clips twice for bad answers', () =>
    compare({ ...LOSS_DEFAULTS, lossType: 'bnpo', dualClip: 1.5 }, randomBatch([9, 4, 12, 6], 5, 1.5)));

  it.each(LEVELS)('corrects for the sampler per %s, truncating and masking', async (level) => {
    const batch = randomBatch([9, 4, 12, 6], 6);
    for (const mode of ['truncate', 'mask'] as const) {
      const samplerCorrection = { level, mode, min: 0.85, max: 1.15 };
      for (const lossType of ['grpo', 'vespo', 'luspo'] as const) {
        await compare({ ...LOSS_DEFAULTS, lossType, samplerCorrection }, batch);
      }
    }
  });

  it('has ratio 1 where there are no old log-probabilities', async () => {
    const { oldLogps: _, samplerLogps: __, ...batch } = randomBatch([9, 4, 12, 6], 8);
    for (const lossType of LOSS_TYPES) await compare({ ...LOSS_DEFAULTS, lossType, beta: 0.04 }, batch);
  });

  it.each([0.01, 0.2, 0.5, 0.8, 0.999])(
    'finds the entropy threshold of the top %d, ties included',
    async (share) => {
      const batch = randomBatch([31, 17, 65, 1], 9);
      const entropies = batch.entropies.map((row) => row.map((value) => Math.round(value * 8) / 8));
      for (const input of [batch, { ...batch, entropies }]) {
        await compare({ ...LOSS_DEFAULTS, topEntropyQuantile: share }, input);
      }
    },
  );

  it('survives ratios beyond f32', async () => {
    const batch = randomBatch([5, 3], 10);
    const far = batch.logps.map((row) => row.map((value) => value - 500));
    for (const lossType of LOSS_TYPES) {
      const run = await runLoss(
        await testGpu(),
        { ...LOSS_DEFAULTS, lossType, beta: 0.1, klClamp: 20 },
        { ...batch, oldLogps: far, refLogps: far },
      );
      expect([run.loss, ...run.gradient.flat()].every(Number.isFinite), lossType).toBe(true);
    }
  });
});

it('the codes of families are the constants of the shader', () => {
  const shader = readFileSync('shaders/grpo_loss.wgsl', 'utf8');
  const constants = Object.entries(FAMILY_CODES).map(
    ([name, code]) => `const ${name.toUpperCase()}: u32 = ${code}u;`,
  );
  expect(constants.filter((line) => !shader.includes(line))).toEqual([]);
});

describe('settings of a run', () => {
  /** What a setting is to the loss, said a second time. */
  const SETTINGS: readonly [Partial<Config>, Partial<LossConfig>][] = [
    [{ dualClip: 1.2 }, { dualClip: 1.2 }],
    [{ delta: 1.1 }, { delta: 1.1 }],
    [
      { samplerCorrection: 'token_truncate', samplerCorrectionMax: 1.1 },
      { samplerCorrection: { level: 'token', mode: 'truncate', min: null, max: 1.1 } },
    ],
    [
      { samplerCorrection: 'token_mask', samplerCorrectionMin: 0.9, samplerCorrectionMax: null },
      { samplerCorrection: { level: 'token', mode: 'mask', min: 0.9, max: null } },
    ],
    [
      { samplerCorrection: 'sequence_truncate', samplerCorrectionMax: 1.1 },
      { samplerCorrection: { level: 'sequence', mode: 'truncate', min: null, max: 1.1 } },
    ],
    [
      { samplerCorrection: 'sequence_mask' },
      { samplerCorrection: { level: 'sequence', mode: 'mask', min: null, max: 3 } },
    ],
    [
      { lossType: 'vespo', vespoKPos: 1, vespoLambdaPos: 2, vespoKNeg: 4, vespoLambdaNeg: 1.5 },
      { lossType: 'vespo', vespoKPos: 1, vespoLambdaPos: 2, vespoKNeg: 4, vespoLambdaNeg: 1.5 },
    ],
  ];

  it.each(SETTINGS)('%o changes loss and gradient as the float64 reference says', async (values, meaning) => {
    const batch = randomBatch([4, 7, 5], 21);
    const config = lossConfig(parseConfig(values));
    expect(config).toEqual({ ...LOSS_DEFAULTS, maxCompletionLength: config.maxCompletionLength, ...meaning });
    await compare(config, batch);
    const { lossType = 'dapo' } = values;
    const plain = referenceGradient({ ...LOSS_DEFAULTS, lossType }, batch).flat();
    expect(relativeError(referenceGradient(config, batch).flat(), plain)).toBeGreaterThan(0.01);
  });

  it('leave the loss as TRL has it by default (test/trainers asks TRL)', () => {
    const config = lossConfig(parseConfig({}));
    expect(config).toEqual({ ...LOSS_DEFAULTS, maxCompletionLength: 256 });
  });
});
