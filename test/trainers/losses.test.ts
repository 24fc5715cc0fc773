/** The losses and their defaults beside those of the TRL that is installed: its own code, on the inputs of the recorded table. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LossCase, type Matrix, readLossCases } from '../../src/cli/parity/loss-cases.ts';
import { runLoss } from '../../src/cli/parity/loss-run.ts';
import { trainersPython } from '../../src/cli/setup/trainers.mjs';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { CONFIG_KEYS, type ConfigKey, defaultConfig, fieldOf } from '../../src/protocol/config.ts';
import { LOSS_TYPES } from '../../src/protocol/losses.ts';
import { testGpu } from '../ops/harness.ts';
import { referenceGradient, referenceLoss } from '../reference/losses.ts';

const RECORDED = ['grpo-losses', 'grpo-losses-1.16'].map((name) => `test/golden/${name}/table.json`);

interface Table {
  readonly loss_cases: readonly unknown[];
  readonly defaults: Readonly<Record<string, unknown>>;
}
const tableIn = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Table;
const folder = mkdtempSync(join(tmpdir(), 'studio-losses-'));
afterAll(() => rmSync(folder, { recursive: true }));

let said: string;
let cases: readonly LossCase[];
let defaults: Table['defaults'];
beforeAll(async () => {
  const written = join(folder, 'table.json');
  said = execFileSync(
    trainersPython(),
    [join(import.meta.dirname, 'trl_losses.py'), ...RECORDED, '--write', written],
    {
      env: { ...process.env, PYTHONPATH: '', OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '' },
      ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    },
  );
  writeFileSync(join(folder, 'case.json'), '{}');
  cases = await readLossCases(await treeFromDisk(folder));
  defaults = tableIn(written).defaults;
}, 300_000);

/** In units of the bound: 1e-5, relative where numbers are above 1. */
const gap = (ours: number, theirs: number): number =>
  Math.abs(ours - theirs) / (1e-5 * Math.max(1, Math.abs(theirs)));
const gaps = (ours: Matrix, theirs: Matrix): number =>
  Math.max(...theirs.flatMap((row, i) => row.map((value, t) => gap(ours[i]![t]!, value))));

describe('the losses of the installed TRL', () => {
  it('are ours: every loss, ratio and option', () => {
    const types = new Set(cases.map(({ config }) => config.lossType));
    expect([...types].sort()).toEqual([...LOSS_TYPES].sort());
    // By seven sets of options, with ratios of tokens and of answers, and the two that bear on each other.
    expect(cases).toHaveLength(LOSS_TYPES.length * 2 * (7 + 1));
  });

  it('are those of the kernels to 1e-5: loss, gradients and what is logged', async () => {
    const gpu = await testGpu();
    const far: unknown[] = [];
    for (const { name, config, batch, loss, gradient, entropyGradient, metrics } of cases) {
      const run = await runLoss(gpu, config, batch);
      expect(Object.keys(run.metrics).sort(), name).toEqual(Object.keys(metrics).sort());
      const worst = Math.max(
        gap(run.loss, loss),
        gaps(run.gradient, gradient),
        entropyGradient ? gaps(run.entropyGradient, entropyGradient) : 0,
        ...Object.entries(metrics).map(([metric, value]) => gap(run.metrics[metric]!, value)),
      );
      if (!(worst <= 1)) far.push({ name, worst });
    }
    expect(far).toEqual([]);
    expect(cases.filter(({ entropyGradient }) => entropyGradient)).toHaveLength(LOSS_TYPES.length * 2 * 2);
  });

  it('are those of the float64 reference', () => {
    for (const { name, config, batch, loss, gradient } of cases) {
      expect(gap(referenceLoss(config, batch).loss, loss), name).toBeLessThan(0.2);
      expect(gaps(referenceGradient(config, batch), gradient), name).toBeLessThan(0.2);
    }
  });

  it('are what is recorded of them, so that tests without TRL judge by this release', () => {
    expect(said).toBe(
      `use_bias_correction_kl is True by default; cases that do not name it have False.\nTRL 1.16.0: 0 of 128 cases differ from what is recorded.\n`,
    );
    expect(tableIn(RECORDED[1]!).loss_cases).toHaveLength(14 + 16);
  });
});

/** Settings whose default is not TRL's: what it is there, and why it is another one here. */
const OTHERWISE: Readonly<Partial<Record<ConfigKey, readonly [theirs: unknown, why: string]>>> = {
  steps: [-1, 'TRL counts epochs unless it is told steps'],
  checkpointEvery: [500, 'a tab is closed sooner than a job ends'],
  keepCheckpoints: [null, 'the storage of a browser has an end'],
  evalEvery: [null, '0 is off'],
  evalOnStart: [false, 'what comes later is compared with the start'],
  bestMetric: [null, 'TRL keeps no best one unless it is told by which metric'],
  learningRate: [1e-6, 'TRL trains every weight by default, the studio LoRA, at ten times the rate'],
  maxCompletionLength: [512, 'half of it, since a device of a tab has less memory'],
  minP: [null, '0 is off'],
  rewardWeights: [null, 'an empty list: 1 for each'],
  samplerCorrection: ['sequence_mask', 'the sampler is the trainer here: the two agree but for rounding'],
  chatTemplateKwargs: [null, 'an empty text: none'],
};
/** Names of what is no field of GRPOConfig. */
const NO_FIELD = ['reward_funcs', 'quantization_config'];

describe('settings of a run', () => {
  it('are as TRL has them by default, every one that it has, but for those that are listed with the reason', () => {
    const config = defaultConfig();
    const named = CONFIG_KEYS.flatMap((key) => {
      const name = fieldOf(key).trl;
      const isThere = name !== undefined && !name.includes('(LoraConfig)') && !NO_FIELD.includes(name);
      return isThere ? [[key, name] as const] : [];
    });
    expect(named.length).toBeGreaterThan(40);
    for (const [key, name] of named) {
      expect(defaults, name).toHaveProperty(name);
      const [theirs, why] = OTHERWISE[key] ?? [config[key]];
      expect([key, defaults[name]]).toEqual([key, theirs]);
      if (why !== undefined) expect(config[key], key).not.toEqual(theirs);
    }
    expect(Object.keys(OTHERWISE).filter((key) => !named.some(([own]) => own === key))).toEqual([]);
    expect([config.useBiasCorrectionKl, defaults.use_bias_correction_kl]).toEqual([true, true]);
  });
});
