/** The engine as a library: a small network learns XOR. The step is recorded once and replayed until it is learnt. */
import { expect, it } from 'vitest';
import { Arena, Gpu, Plan, Tape, type Tensor } from '../../src/gpu/index.ts';
import { normal } from '../../src/math/random.ts';
import { add, silu } from '../../src/ops/elementwise.ts';
import { linear } from '../../src/ops/matmul/linear.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import { openTestDevice } from '../setup/adapter.ts';

const QUESTIONS = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
const ANSWERS = Float32Array.of(0, 1, 1, 0);
const HIDDEN = 8;

const draws = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => normal(seed, i));

/** y = W₂ · silu(W₁ · x + b₁) + b₂, for each of the four rows of x [4, 2]. */
function network(tape: Tape, weights: ParameterStore, x: Tensor): Tensor {
  const hidden = silu(tape, linear(tape, x, weights.get('w1'), weights.get('b1')));
  return linear(tape, hidden, weights.get('w2'), weights.get('b2'));
}

it('learns XOR: tape, plan, replay', async () => {
  const { device, info } = await openTestDevice();
  const gpu = new Gpu(device, { info });
  using weights = new ParameterStore(gpu, [
    { name: 'w1', shape: [HIDDEN, 2], data: draws(2 * HIDDEN, 1) },
    { name: 'b1', shape: [HIDDEN], data: new Float32Array(HIDDEN) },
    { name: 'w2', shape: [1, HIDDEN], data: draws(HIDDEN, 2) },
    { name: 'b2', shape: [1], data: new Float32Array(1) },
  ]);
  using optimizer = new AdamW(gpu, weights, { learningRate: 0.05, weightDecay: 0 });
  const questions = gpu.upload('inputs', 'questions', [4, 2], QUESTIONS);
  const negated = gpu.upload(
    'inputs',
    '-answers',
    [4, 1],
    ANSWERS.map((answer) => -answer),
  );

  // Record: the forward, its backward, the optimizer. Nothing runs yet, and every buffer's size is known.
  const tape = Tape.on(gpu);
  weights.zeroGradients(tape.recorder);
  const difference = add(tape, network(tape, weights, questions), negated);
  tape.backward([[difference, difference]]); // of Σ difference² / 2
  optimizer.record(tape.recorder);
  tape.recorder.keep(difference);
  using arena = new Arena(gpu, 'xor');
  using plan = await Plan.create(gpu, 'xor', tape.recorder, arena);

  // Replay: what changes from step to step is in the optimizer's small control buffer.
  for (let step = 0; step < 200; step++) {
    optimizer.setStep({});
    await plan.run();
  }
  const distances = await gpu.read(plan.output(difference));
  expect(Math.max(...distances.map(Math.abs))).toBeLessThan(0.05);
  device.destroy();
});
