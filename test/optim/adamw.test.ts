import { describe, expect, it } from 'vitest';
import { Arena, type Gpu, Plan, Recorder } from '../../src/gpu/index.ts';
import { AdamW, type AdamWOptions } from '../../src/optim/adamw.ts';
import { type ParameterInit, ParameterStore } from '../../src/optim/parameters.ts';
import { numbers, ODD_SIZES, relativeError, testGpu } from '../ops/harness.ts';
import { adamwState, adamwStep, globalNorm } from '../reference/adamw.ts';

const HYPER = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };

function writeGradients(gpu: Gpu, store: ParameterStore, gradients: ReadonlyMap<string, Float32Array>): void {
  for (const [name, gradient] of gradients) gpu.write(store.get(name).grad!, gradient);
}

async function planned(gpu: Gpu, record: (recorder: Recorder) => void): Promise<Plan> {
  const recorder = new Recorder();
  record(recorder);
  return Plan.create(gpu, 'test', recorder, new Arena(gpu, 'test'));
}

const oddParameters = (): ParameterInit[] =>
  ODD_SIZES.map((size, i) => ({ name: `p${size}`, shape: [size], data: numbers(size, i + 1) }));

const gradientsFor = (parameters: readonly ParameterInit[], seed: number, scale: number) =>
  new Map(
    parameters.map(({ name, data }, i) => [name, numbers(data!.length, seed * 100 + i, scale)] as const),
  );

async function compareThreeSteps(options: {
  chunkBytes?: number;
  hyper?: Partial<typeof HYPER>;
  decays?: (name: string) => boolean;
  gradientScale?: number;
}): Promise<void> {
  const gpu = await testGpu();
  gpu.trim();
  const before = gpu.ledger.total;
  const hyper = { ...HYPER, ...options.hyper };
  const parameters = oddParameters();
  const adamOptions: AdamWOptions = options.decays ? { ...hyper, decays: options.decays } : hyper;
  {
    using store = new ParameterStore(
      gpu,
      parameters,
      options.chunkBytes ? { chunkBytes: options.chunkBytes } : {},
    );
    using adam = new AdamW(gpu, store, adamOptions);
    using plan = await planned(gpu, (recorder) => adam.record(recorder));
    const reference = adamwState(new Map(parameters.map(({ name, data }) => [name, data!])));
    for (let t = 1; t <= 3; t++) {
      const gradients = gradientsFor(parameters, t, options.gradientScale ?? 1);
      writeGradients(gpu, store, gradients);
      adam.setStep({ learningRate: hyper.learningRate });
      await plan.run();
      const stats = await adam.readStats();
      expect(stats.norm / globalNorm(gradients)).toBeCloseTo(1, 5);
      expect(stats.skipped).toBe(false);
      adamwStep(reference, gradients, t, hyper, options.decays);
    }
    for (const { name, data } of parameters) {
      const found = await store.read(name);
      const change = (values: ArrayLike<number>) => Array.from(values, (value, i) => value - data![i]!);
      expect(relativeError(change(found), change(reference.values.get(name)!)), name).toBeLessThan(1e-4);
      const moments = await adam.readMoments(name);
      expect(relativeError(moments.first, reference.first.get(name)!)).toBeLessThan(1e-5);
      expect(relativeError(moments.second, reference.second.get(name)!, 1e-12)).toBeLessThan(1e-5);
    }
  }
  gpu.trim();
  expect(gpu.ledger.total).toBe(before);
}

describe('AdamW', () => {
  it('follows torch for three steps at odd sizes, clipping', () => compareThreeSteps({}));
  it('is the same when the parameters lie in several chunks', () => compareThreeSteps({ chunkBytes: 4096 }));
  it('leaves small gradients unclipped', () => compareThreeSteps({ gradientScale: 1e-3 }));
  it('does not clip when told so', () => compareThreeSteps({ hyper: { maxGradNorm: 0 }, gradientScale: 30 }));
  it('spares the parameters without decay', () =>
    compareThreeSteps({ decays: (name) => name !== 'p64' && name !== 'p1' }));

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38])(
    'a gradient of %d skips the step, bytes untouched',
    async (bad) => {
      const gpu = await testGpu();
      const parameters = oddParameters();
      using store = new ParameterStore(gpu, parameters, { chunkBytes: 4096 });
      using adam = new AdamW(gpu, store, HYPER);
      using plan = await planned(gpu, (recorder) => adam.record(recorder));
      writeGradients(gpu, store, gradientsFor(parameters, 1, 1));
      adam.setStep({});
      await plan.run();
      const state = async () =>
        Promise.all(
          parameters.map(async ({ name }) => [await store.read(name), await adam.readMoments(name)]),
        );
      const before = await state();
      const gradients = gradientsFor(parameters, 2, 1);
      gradients.get('p1000')![999] = bad;
      writeGradients(gpu, store, gradients);
      adam.setStep({});
      await plan.run();
      const stats = await adam.readStats();
      expect(stats).toMatchObject({ skipped: true, factor: 0 });
      expect(stats.norm).toBeNaN();
      expect(await state()).toEqual(before);
      adam.retractStep();
      expect(adam.stepCount).toBe(1);
    },
  );

  it('finds the norm of a tensor that spans many workgroups', async () => {
    const gpu = await testGpu();
    const count = 300_001;
    using store = new ParameterStore(gpu, [{ name: 'large', shape: [count] }]);
    using adam = new AdamW(gpu, store, { learningRate: 0.1 });
    const gradients = new Map([['large', numbers(count, 5)]]);
    writeGradients(gpu, store, gradients);
    using plan = await planned(gpu, (recorder) => adam.record(recorder));
    adam.setStep({});
    await plan.run();
    const { norm, factor } = await adam.readStats();
    expect(norm / globalNorm(gradients)).toBeCloseTo(1, 5);
    expect(factor * (globalNorm(gradients) + 1e-6)).toBeCloseTo(1, 5);
  });

  it('continues from saved moments and count', async () => {
    const gpu = await testGpu();
    const parameters = oddParameters();
    const run = async (store: ParameterStore, adam: AdamW, seeds: readonly number[]) => {
      using plan = await planned(gpu, (recorder) => adam.record(recorder));
      for (const seed of seeds) {
        writeGradients(gpu, store, gradientsFor(parameters, seed, 1));
        adam.setStep({});
        await plan.run();
      }
    };
    using store = new ParameterStore(gpu, parameters);
    using adam = new AdamW(gpu, store, HYPER);
    await run(store, adam, [1, 2]);
    const saved = await Promise.all(
      parameters.map(async ({ name }) => ({
        name,
        values: await store.read(name),
        moments: await adam.readMoments(name),
      })),
    );
    await run(store, adam, [3]);
    using other = new ParameterStore(gpu, [...parameters].reverse());
    using resumed = new AdamW(gpu, other, HYPER);
    for (const { name, values, moments } of saved) {
      other.write(name, values);
      resumed.writeMoments(name, moments);
    }
    resumed.stepCount = adam.stepCount - 1;
    await run(other, resumed, [3]);
    for (const { name } of parameters)
      expect(relativeError(await other.read(name), await store.read(name))).toBeLessThan(1e-6);
  });
});
