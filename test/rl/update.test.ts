import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type Gpu, Plan } from '../../src/gpu/index.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../src/protocol/loss-config.ts';
import { joinResults, lossMetrics, nllMetrics } from '../../src/rl/objective/loss.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import type { UpdateGroup } from '../../src/rl/update/micro-batches.ts';
import { PolicyPass } from '../../src/rl/update/policy-pass.ts';
import type { MicroResult } from '../../src/rl/update/update.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';
import { referenceLoss } from '../reference/losses.ts';
import {
  LORA,
  readAll,
  readGradients,
  stirAdapters,
  tinyPolicy,
  tinyUpdater,
  toyGroup,
} from '../reference/omni-tiny.ts';

const GROUPS = [toyGroup(1, [5, 3, 8]), toyGroup(2, [1, 7, 4], 12), toyGroup(3, [6, 6, 2])];
const STILL = { learningRate: 0, weightDecay: 0 } as const;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

const all = (values: ReadonlyMap<string, Float32Array>): number[] =>
  [...values.values()].flatMap((one) => [...one]);
const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function adapted(): Promise<Policy> {
  const policy = await tinyPolicy(gpu, { lora: LORA });
  stirAdapters(policy);
  return policy;
}

/** The pass's completions as padded rows, for the float64 loss. */
function padded(
  { arrays, logProbs, entropies, refLogProbs }: MicroResult,
  groups: readonly UpdateGroup[],
  old?: Float32Array,
) {
  const width = Math.max(...arrays.lengths);
  const rows = (values: Float32Array) =>
    arrays.starts.map((start, i) =>
      Array.from({ length: width }, (_, t) => (t < arrays.lengths[i]! ? values[start + t]! : 0)),
    );
  return {
    logps: rows(logProbs),
    oldLogps: rows(old ?? logProbs),
    ...(refLogProbs ? { refLogps: rows(refLogProbs) } : {}),
    entropies: rows(entropies),
    mask: arrays.lengths.map((length): number[] =>
      Array.from({ length: width }, (_, t) => (t < length ? 1 : 0)),
    ),
    advantages: groups.flatMap(({ advantages }) => advantages),
    accumulation: 1,
    tokensInBatch: arrays.lengths.reduce((sum, length) => sum + length, 0),
  };
}

describe('groups', () => {
  const losses: Partial<LossConfig>[] = [
    { lossType: 'grpo', entropyCoef: 0.1 },
    { lossType: 'bnpo', entropyCoef: 0.1 },
    { lossType: 'dapo', entropyCoef: 0.1 },
    { lossType: 'dr_grpo', maxCompletionLength: 8 },
    { lossType: 'luspo', importanceSamplingLevel: 'sequence' },
    { lossType: 'sapo', topEntropyQuantile: 0.5 },
  ];

  it.each(losses)(
    'in any passes give the gradient, the loss and the metrics of float64: %o',
    async (changes) => {
      const config = { ...LOSS_DEFAULTS, ...changes };
      using policy = await adapted();
      const measured: { gradient: number[]; metrics: Record<string, number> }[] = [];
      for (const promptsPerPass of [3, 2, 1]) {
        using updater = await tinyUpdater(policy, GROUPS, { objective: config, promptsPerPass }, STILL);
        const { micro, gradient } = await updater.update(GROUPS, 0);
        expect(micro).toHaveLength(config.topEntropyQuantile < 1 ? 3 : Math.ceil(3 / promptsPerPass));
        const found = all(await readGradients(policy));
        expect(gradient.norm).toBeCloseTo(Math.hypot(...found), 4);
        const metrics = lossMetrics(config, joinResults(micro.map(({ loss }) => loss)));
        measured.push({ gradient: found, metrics });
        if (promptsPerPass > 1) continue;
        // Each pass is then one micro-batch.
        const parts = micro.map((one, i) =>
          referenceLoss(config, { ...padded(one, [GROUPS[i]!]), accumulation: 3, tokensInBatch: 42 }),
        );
        expect(metrics.loss).toBeCloseTo(
          parts.reduce((sum, { loss }) => sum + loss, 0),
          5,
        );
      }
      const [whole, ...others] = measured as [(typeof measured)[0], ...typeof measured];
      expect(Math.hypot(...whole.gradient)).toBeGreaterThan(1e-3);
      for (const { gradient, metrics } of others) {
        expect(relativeError(gradient, whole.gradient)).toBeLessThan(1e-5);
        for (const [name, value] of Object.entries(whole.metrics))
          expect(metrics[name], name).toBeCloseTo(value, 5);
      }
    },
  );

  it('may be uneven where the loss counts tokens', async () => {
    using policy = await adapted();
    const gradients: number[][] = [];
    for (const [objective, promptsPerPass] of [
      ['nll', 3],
      ['nll', 2],
      [{ lossType: 'dapo' }, 3],
      [{ lossType: 'dapo' }, 2],
    ] as const) {
      using updater = await tinyUpdater(policy, GROUPS, { objective, promptsPerPass }, STILL);
      await updater.update(GROUPS, 0);
      gradients.push(all(await readGradients(policy)));
    }
    expect(relativeError(gradients[1]!, gradients[0]!)).toBeLessThan(1e-5);
    expect(relativeError(gradients[3]!, gradients[2]!)).toBeLessThan(1e-5);
    expect(relativeError(gradients[2]!, gradients[0]!)).toBeGreaterThan(0.1);
  });

  it('with checkpointed layers, in larger buckets and beside longer passes give the same gradient', async () => {
    using policy = await adapted();
    const gradients: number[][] = [];
    for (const settings of [{}, { checkpoint: true }, { largest: { tokens: 300, predictions: 200 } }]) {
      using updater = await tinyUpdater(policy, GROUPS, settings, STILL);
      await updater.update(GROUPS, 0);
      gradients.push(all(await readGradients(policy)));
    }
    expect(relativeError(gradients[1]!, gradients[0]!)).toBeLessThan(1e-5);
    expect(relativeError(gradients[2]!, gradients[0]!)).toBeLessThan(1e-5);
  });

  it('leave out completions that are not trained', async () => {
    using policy = await adapted();
    using updater = await tinyUpdater(policy, GROUPS, {}, STILL);
    const masked = GROUPS.map((group) => ({ ...group, trained: [true, false, true] }));
    await updater.update(masked, 0);
    const found = all(await readGradients(policy));
    const dropped = GROUPS.map((group) => ({
      ...group,
      completions: [group.completions[0]!, group.completions[2]!],
      advantages: [group.advantages[0]!, group.advantages[2]!],
    }));
    using fewer = await tinyUpdater(policy, dropped, {}, STILL);
    await fewer.update(dropped, 0);
    expect(relativeError(found, all(await readGradients(policy)))).toBeLessThan(1e-5);
  });
});

describe('passes', () => {
  it('are submitted two at a time, the second while the first runs', async () => {
    using policy = await adapted();
    const groups = [...GROUPS, ...GROUPS];
    using updater = await tinyUpdater(policy, groups, { promptsPerPass: 1 }, STILL);
    const { micro: expected } = await updater.update(groups, 0);
    const { run, read } = PolicyPass.prototype;
    let begun = 0;
    /** Results that are there, and held back. */
    const held: (() => void)[] = [];
    const running = vi.spyOn(PolicyPass.prototype, 'run').mockImplementation(function (
      this: PolicyPass,
      data,
    ) {
      begun++;
      return run.call(this, data);
    });
    const reading = vi.spyOn(PolicyPass.prototype, 'read').mockImplementation(async function (
      this: PolicyPass,
    ) {
      const result = await read.call(this);
      await new Promise<void>((resolve) => {
        held.push(resolve);
      });
      return result;
    });
    try {
      const updating = updater.update(groups, 0);
      for (let pass = 0; pass < 6; pass++) {
        const ahead = Math.min(6, pass + 2);
        await vi.waitFor(() => expect(held).toHaveLength(ahead), 10_000);
        expect(begun).toBe(ahead);
        held[pass]!();
      }
      expect((await updating).micro).toEqual(expected);
    } finally {
      running.mockRestore();
      reading.mockRestore();
    }
  });
});

describe('several optimizer steps on one batch', () => {
  it('compare with the first: ratios leave 1, clipping is seen, loss is that of float64', async () => {
    using policy = await adapted();
    const config: LossConfig = { ...LOSS_DEFAULTS, lossType: 'grpo', epsilon: 0.05 };
    using updater = await tinyUpdater(policy, GROUPS, { objective: config }, { learningRate: 0.01 });
    using twin = await tinyPolicy(gpu, { lora: LORA });
    stirAdapters(twin);
    using once = await tinyUpdater(twin, GROUPS, { objective: config }, { learningRate: 0.01 });
    const first = (await once.update(GROUPS, 0.01, 1)).micro[0]!;
    const second = (await updater.update(GROUPS, 0.01, 2)).micro[0]!;
    expect(lossMetrics(config, first.loss)['clip_ratio/region_mean']).toBe(0);
    const { loss, metrics } = referenceLoss(config, padded(second, GROUPS, first.logProbs));
    const found = lossMetrics(config, second.loss);
    expect(found.loss).toBeCloseTo(loss, 5);
    for (const [name, value] of Object.entries(metrics)) expect(found[name], name).toBeCloseTo(value, 5);
    expect(found['clip_ratio/region_mean']).toBeGreaterThan(0);
    const moved = [...second.logProbs].map((value, i) => Math.abs(Math.exp(value - first.logProbs[i]!) - 1));
    expect(Math.max(...moved)).toBeGreaterThan(0.05);
    expect(updater.optimizer.stepCount).toBe(2);
    expect(once.optimizer.stepCount).toBe(1);
  });

  it('repeat themselves bit for bit', async () => {
    const run = async () => {
      using policy = await adapted();
      using updater = await tinyUpdater(policy, GROUPS, { promptsPerPass: 2 }, { learningRate: 0.01 });
      const losses: number[] = [];
      for (let step = 0; step < 2; step++)
        losses.push((await updater.update(GROUPS, 0.01, 2)).micro[0]!.loss[0]!);
      return { losses, weights: await readAll(policy) };
    };
    expect(await run()).toEqual(await run());
  });
});

describe('a group whose rewards do not differ', () => {
  /** Too small for f32, where they are 0: such a group goes through its pass all the same. */
  const NEARLY_ZERO = [1e-60, 1e-60, 1e-60];
  const groups = GROUPS.map((group, seed) => ({
    ...group,
    samplerLogProbs: group.completions.map(({ length }, i) =>
      numbers(length, 10 * seed + i, 0.4).map((value) => value - 6.2),
    ),
  }));
  const quiet = (which: number, advantages: readonly number[]) =>
    groups.map((group, index) => (index === which ? { ...group, advantages } : group));
  /** Takes steps on two policies that differ in nothing; returns what is left behind of both. */
  async function compared(
    objective: Partial<LossConfig>,
    steps: (silent: readonly number[]) => readonly (readonly UpdateGroup[])[],
    passes: readonly number[],
  ) {
    const runs = [];
    for (const silent of [[0, 0, 0], NEARLY_ZERO]) {
      using policy = await adapted();
      const adamw = { learningRate: 0.01, weightDecay: 0.1 };
      using updater = await tinyUpdater(policy, groups, { objective, promptsPerPass: 1 }, adamw);
      const losses: number[] = [];
      for (const [step, part] of steps(silent).entries()) {
        const { micro, gradient } = await updater.update(part, 0.01, 2);
        expect(micro).toHaveLength(silent === NEARLY_ZERO ? 3 : passes[step]!);
        expect(gradient.skipped).toBe(false);
        losses.push(micro.reduce((sum, { loss }) => sum + loss[0]!, 0));
      }
      const moments = await updater.optimizer.readMoments(policy.store.names()[1]!);
      const { stepCount } = updater.optimizer;
      runs.push({ losses, weights: await readAll(policy), moments, stepCount });
    }
    return runs;
  }

  const sequence = { importanceSamplingLevel: 'sequence' } as const;
  it.each([
    { lossType: 'grpo', topEntropyQuantile: 0.6 },
    { lossType: 'bnpo', delta: 1.5, dualClip: 3 },
    { lossType: 'dr_grpo', ...sequence },
    { lossType: 'dapo', samplerCorrection: { level: 'token', mode: 'truncate', min: 0.8, max: 1.2 } },
    { lossType: 'luspo', offPolicyMaskThreshold: 0.1 },
    { lossType: 'luspo', ...sequence },
    { lossType: 'cispo' },
    { lossType: 'sapo' },
    { lossType: 'vespo', samplerCorrection: { level: 'sequence', mode: 'mask', min: 0.8, max: 1.2 } },
  ] satisfies Partial<LossConfig>[])(
    'goes through no pass, and every bit of loss, weights and moments is what it was: %o',
    async (objective) => {
      const [left, taken] = await compared(objective, (silent) => [quiet(1, silent)], [2]);
      expect(left).toEqual(taken);
      expect(left!.losses.some((loss) => loss !== 0)).toBe(true);
    },
  );

  it("does not stop the optimizer's step where no other is there: moments and decay move weights", async () => {
    const steps = (silent: readonly number[]) => [
      groups,
      groups.map((group) => ({ ...group, advantages: silent })),
    ];
    const [left, taken] = await compared({}, steps, [3, 0]);
    expect(left).toEqual(taken);
    expect(left!.stepCount).toBe(4);
  });

  it('has no gradient, so that fresh moments leave every weight as it was', async () => {
    using policy = await adapted();
    const before = await readAll(policy);
    const flat = GROUPS.map((group) => ({ ...group, advantages: [0, 0, 0] }));
    using updater = await tinyUpdater(policy, flat, {}, { learningRate: 0.1, weightDecay: 0 });
    const { gradient, micro } = await updater.update(flat, 0.1);
    expect(gradient).toEqual({ norm: 0, factor: 1, skipped: false });
    expect(micro).toEqual([]);
    expect(all(await readGradients(policy)).every((value) => value === 0)).toBe(true);
    expect(await readAll(policy)).toEqual(before);
  });

  it('goes through its pass where KL or an entropy bonus has a gradient', async () => {
    using policy = await tinyPolicy(gpu, { lora: LORA, reference: true });
    stirAdapters(policy);
    for (const objective of [{ beta: 0.1 }, { entropyCoef: 0.1 }]) {
      const flat = quiet(1, [0, 0, 0]);
      using updater = await tinyUpdater(policy, groups, { objective, promptsPerPass: 1 }, STILL);
      const { micro } = await updater.update(flat, 0);
      expect(micro.map((pass) => pass.groups.map(({ index }) => index))).toEqual([[0], [1], [2]]);
    }
  });
});

describe('KL to the reference', () => {
  const config = { lossType: 'grpo', beta: 0.1 } as const;

  it.each([
    ['a fresh adapter switched off', { lora: LORA }],
    ['a frozen copy of what trains', { trainDecoder: true }],
  ] as const)('%s: 0 at the start, above 0 after', async (_, options) => {
    using policy = await tinyPolicy(gpu, { ...options, reference: true });
    const rate = 'lora' in options ? 0.02 : 0.002;
    using updater = await tinyUpdater(policy, GROUPS, { objective: config }, { learningRate: rate });
    const kls: number[] = [];
    let start: Float32Array | undefined;
    for (let step = 0; step < 3; step++) {
      const { micro } = await updater.update(GROUPS, rate);
      const [{ loss, logProbs, refLogProbs, arrays }] = micro as [MicroResult];
      const metrics = lossMetrics({ ...LOSS_DEFAULTS, ...config }, loss);
      kls.push(metrics.kl!);
      start ??= refLogProbs;
      const tokens = arrays.lengths.reduce((sum, length) => sum + length, 0);
      const used = (values: Float32Array) => [...values.subarray(0, tokens)];
      expect(used(refLogProbs!)).toEqual(used(start!));
      const k3 = used(refLogProbs!).map(
        (value, i) => Math.expm1(value - logProbs[i]!) - (value - logProbs[i]!),
      );
      expect(metrics.kl).toBeCloseTo(meanOf(k3), 4);
      expect(metrics.loss).toBeCloseTo(
        referenceLoss({ ...LOSS_DEFAULTS, ...config }, padded(micro[0]!, GROUPS)).loss,
        5,
      );
    }
    expect(Math.abs(kls[0]!)).toBeLessThan(1e-6);
    expect(kls[1]!).toBeGreaterThan(1e-5);
    expect(kls[2]!).toBeGreaterThan(kls[1]!);
  });

  it('asks the reference once for all optimizer steps on a batch', async () => {
    using policy = await tinyPolicy(gpu, { lora: LORA, reference: true });
    const create = Plan.create.bind(Plan);
    const dispatches: number[] = [];
    Plan.create = async (...args) => {
      const plan = await create(...args);
      if (args[1].startsWith('pass')) dispatches.push(plan.dispatchCount);
      return plan;
    };
    try {
      using updater = await tinyUpdater(policy, GROUPS, { objective: config }, { learningRate: 0.02 });
      const first = (await updater.update(GROUPS, 0)).micro[0]!;
      const { loss, refLogProbs } = (await updater.update(GROUPS, 0.02, 2)).micro[0]!;
      expect(refLogProbs).toEqual(first.refLogProbs);
      expect(lossMetrics({ ...LOSS_DEFAULTS, ...config }, loss).kl).toBeGreaterThan(1e-5);
      using _ = await tinyUpdater(policy, GROUPS, { objective: { lossType: 'grpo' } });
    } finally {
      Plan.create = create;
    }
    const [whole, again, without] = dispatches as [number, number, number];
    expect(dispatches).toHaveLength(3);
    expect(again).toBe(without);
    expect(again).toBeLessThan(whole);
  });

  it('cannot be asked of a policy loaded without a reference', async () => {
    using policy = await tinyPolicy(gpu, { lora: LORA });
    await expect(tinyUpdater(policy, GROUPS, { objective: config })).rejects.toThrow(
      /beta above 0 needs a policy loaded/,
    );
  });
});

describe('a gradient that is not finite', () => {
  const poisoned: [string, (group: UpdateGroup) => UpdateGroup][] = [
    ['an advantage of NaN', (group) => ({ ...group, advantages: [Number.NaN, 1, -1] })],
    [
      'a media token of NaN',
      (group) => {
        const rows = Float32Array.from(group.media.tokens!.rows);
        rows[7] = Number.NaN;
        return { ...group, media: { ...group.media, tokens: { rows } } };
      },
    ],
    ['an infinite advantage', (group) => ({ ...group, advantages: [Number.POSITIVE_INFINITY, 1, -1] })],
  ];

  it.each(poisoned)('from %s skips the step: weights, moments and count stay', async (_, poison) => {
    using policy = await adapted();
    using updater = await tinyUpdater(policy, GROUPS, {}, { learningRate: 0.01, weightDecay: 0.1 });
    await updater.update(GROUPS, 0.01);
    const name = policy.store.names()[1]!;
    const before = { weights: await readAll(policy), moments: await updater.optimizer.readMoments(name) };
    const { gradient } = await updater.update([poison(GROUPS[0]!), ...GROUPS.slice(1)], 0.01);
    expect(gradient.skipped).toBe(true);
    expect(gradient.norm).toBeNaN();
    expect(await readAll(policy)).toEqual(before.weights);
    expect(await updater.optimizer.readMoments(name)).toEqual(before.moments);
    expect(updater.optimizer.stepCount).toBe(1);
    const after = await updater.update(GROUPS, 0.01);
    expect(after.gradient.skipped).toBe(false);
    expect(Number.isFinite(after.gradient.norm)).toBe(true);
    expect(updater.optimizer.stepCount).toBe(2);
    expect(await readAll(policy)).not.toEqual(before.weights);
  });
});

describe('supervised updates', () => {
  it('minimise the mean negative log-probability of the answers', async () => {
    using policy = await tinyPolicy(gpu, { lora: LORA });
    const groups = GROUPS.map((group) => ({
      ...group,
      completions: group.completions.slice(0, 1),
      advantages: [0],
    }));
    using updater = await tinyUpdater(policy, groups, { objective: 'nll' }, { learningRate: 0.01 });
    const { micro } = await updater.update(groups, 0.01);
    const [{ loss, logProbs, arrays }] = micro as [MicroResult];
    const tokens = arrays.lengths.reduce((sum, length) => sum + length, 0);
    expect(nllMetrics(loss).loss).toBeCloseTo(-meanOf([...logProbs.subarray(0, tokens)]), 5);
    const next = await updater.update(groups, 0.01);
    expect(nllMetrics(next.micro[0]!.loss).loss).toBeLessThan(nllMetrics(loss).loss);
  });
});
