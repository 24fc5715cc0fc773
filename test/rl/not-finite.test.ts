/** Damage in weights, clips and gradients is found and named where it lies. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { brokenAnswer, findNotFinite } from '../../src/rl/health/not-finite.ts';
import { grpoStep } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { openRun } from '../reference/tiny-run.ts';
import type { TinyRun } from '../worker/tiny-run.ts';

let gpu: Gpu;
let run: TinyRun;
beforeAll(async () => {
  gpu = await testGpu();
  run = await openRun(gpu);
});
afterAll(() => run[Symbol.dispose]());

const suspects = (values: Partial<Parameters<typeof findNotFinite>[0]> = {}) => ({
  ...{ policy: run.policy, examples: run.examples, updates: 0, learningRate: 0.5 },
  ...values,
});

it('a trained weight that is not finite is named, and so is the first answer that shows it', async () => {
  const name = run.policy.store.names().at(-1)!;
  const before = await run.policy.store.read(name);
  run.policy.store.write(
    name,
    before.map(() => Number.NaN),
  );
  const report = await grpoStep(run.context, run.examples.slice(0, 2), 0);
  expect(report.metrics.loss).toBeNaN();
  expect(report.notFinite).toBe(
    'The log-probability of token 1 of answer 1 to "clip 0" is not finite in the sampler.',
  );
  const found = await findNotFinite(suspects({ updates: 3 }));
  expect(found.evidence).toContain(
    `The adapter ${name} holds a value that is not finite (value 0), after 3 updates`,
  );
  expect(found.hint).toContain('smaller "Learning rate" (learningRate) than 0.5');
  const unmoved = await findNotFinite(suspects());
  expect(unmoved.hint).toContain('the learning rate is not to blame');
  run.policy.store.write(name, before);
});

it('a clip whose features are not finite is named', async () => {
  const [first, second] = run.examples;
  const vision = (await second!.features!()).vision!.slice().fill(Number.POSITIVE_INFINITY);
  const examples = [first!, { id: 'clip 1', features: async () => ({ vision }) }];
  const { evidence, hint } = await findNotFinite(suspects({ examples }));
  expect(evidence).toBe('What the vision tower made of the clip "clip 1" is not finite; all weights are.');
  expect(hint).toContain('Leave this clip out');
});

it('a gradient that is not finite is named when all weights are', async () => {
  const name = run.policy.store.names()[2]!;
  const gradient = run.policy.store.get(name).grad!;
  gpu.write(gradient, new Float32Array(gradient.shape.reduce((a, b) => a * b, 1)).fill(Number.NaN));
  const { evidence } = await findNotFinite(suspects({ updates: 1 }));
  expect(evidence).toBe(
    `All weights are finite, after 1 update. The first gradient that is not is that of ${name} (value 0).`,
  );
});

it('a log-probability that only the loss finds not finite is told by clip, answer and token', () => {
  const logProbs = Float32Array.of(-1, -1, -2, Number.NaN, -1);
  const micro = [
    { arrays: { starts: [0, 2], lengths: [2, 3] } as never, groups: [{ index: 1, kept: [0, 3] }], logProbs },
  ];
  const completions = [[], []];
  expect(brokenAnswer([{ id: 'a' }, { id: 'b' }], completions, micro)).toBe(
    'The log-probability of token 2 of answer 4 to "b" is not finite in the loss.',
  );
});
