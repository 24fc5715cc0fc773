/** The golden toy checkpoint opened on a test device, and checks of encoders against it. */

import { expect } from 'vitest';
import { WeightLoader, type Weights } from '../../src/decoder/weights.ts';
import { openHumanOmni } from '../../src/families/humanomni/files.ts';
import { weightSources } from '../../src/families/index.ts';
import type { ModelFiles } from '../../src/families/shared/model-files.ts';
import { Arena, type Gpu, Plan, sizeOf, Tape, type Tensor } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { readGolden } from '../media/golden.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';

/** Bound on norm(difference) / norm(reference) of activations in f32. */
export const ACTIVATION_BOUND = 1e-4;

export const golden = readGolden('test/golden/omni-tiny/case.safetensors');

export interface Tiny {
  readonly gpu: Gpu;
  readonly files: ModelFiles;
  readonly loader: WeightLoader;
}

export async function openTiny(): Promise<Tiny> {
  const gpu = await testGpu();
  const files = await openHumanOmni(await treeFromDisk('test/golden/omni-tiny'));
  return { gpu, files, loader: new WeightLoader(gpu, weightSources(files)) };
}

/** A golden tensor on the device, f32. */
export function uploadGolden(gpu: Gpu, name: string, shape?: readonly number[]): Tensor {
  const { values, shape: stored } = golden(name);
  return gpu.upload('inputs', name, shape ?? stored, Float32Array.from(values));
}

/** Compares an output with the golden tensor of that name. */
export function expectGolden(name: string, found: Float32Array): void {
  expect(relativeError(found, golden(name).values), name).toBeLessThanOrEqual(ACTIVATION_BOUND);
}

type Build = (tape: Tape, observe: (name: string, tensor: Tensor) => void) => void;

/** A recorded pass that can run again and again, on inputs written in between. */
export interface Recorded {
  /** Runs and returns what the pass observed, by name. */
  run(): Promise<Map<string, Float32Array>>;
  [Symbol.dispose](): void;
}

export async function recorded(gpu: Gpu, build: Build): Promise<Recorded> {
  const tape = new Tape();
  const seen = new Map<string, Tensor>();
  build(tape, (name, tensor) => seen.set(name, tape.recorder.keep(tensor)));
  const arena = new Arena(gpu, 'observed');
  const plan = await Plan.create(gpu, 'observed', tape.recorder, arena);
  return {
    async run() {
      await plan.run();
      const values = new Map<string, Float32Array>();
      for (const [name, tensor] of seen) {
        values.set(name, (await gpu.read(plan.output(tensor))).slice(0, sizeOf(tensor.shape)));
      }
      return values;
    },
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      arena[Symbol.dispose]();
    },
  };
}

/** Runs `build` once and returns what it observed, by name. */
export async function observed(gpu: Gpu, build: Build): Promise<Map<string, Float32Array>> {
  using pass = await recorded(gpu, build);
  return await pass.run();
}

const norm = (values: ArrayLike<number>): number => Math.sqrt(dot(values, values));

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * Steps along a tensor's own gradient, as a part of the tensor's norm: small against the curvature of norms over narrow
 * rows, large against f32's rounding of the output.
 */
const STEP = 7e-4;

/**
 * Checks the recorded backward pass tensor by tensor: the slope of ⟨output, fixed direction⟩ along a tensor's gradient is
 * the gradient's norm. `build` gets weights that are all trainable; `chosen` picks those whose slopes are measured.
 */
export async function checkTraining(
  { gpu, loader }: Pick<Tiny, 'gpu' | 'loader'>,
  build: (tape: Tape, open: Weights) => Tensor,
  chosen: (name: string) => boolean = () => true,
): Promise<void> {
  const trained = new Map<string, Tensor>();
  const open: Weights = (name, shape, options) => {
    const known = trained.get(name);
    if (known) return known;
    const value = loader.open(name, shape, options);
    const tensor = { ...value, grad: gpu.tensor('gradients', `d ${name}`, shape) };
    trained.set(name, tensor);
    return tensor;
  };
  const forward = new Tape();
  const output = forward.recorder.keep(forward.constant(() => build(forward, open)));
  const backward = new Tape();
  const seed = numbers(sizeOf(output.shape), 31);
  const dy = gpu.upload('inputs', 'dy', output.shape, seed);
  backward.backward([[build(backward, open), dy]]);
  await loader.load();

  using arena = new Arena(gpu, 'training check');
  using backwardPlan = await Plan.create(gpu, 'backward', backward.recorder, arena);
  await backwardPlan.run();
  const gradients = new Map<string, Float32Array>();
  for (const [name, { grad, shape }] of trained) {
    gradients.set(name, (await gpu.read(grad!)).slice(0, sizeOf(shape)));
  }
  const globalNorm = norm([...gradients.values()].map(norm));
  expect(globalNorm).toBeGreaterThan(0);

  using plan = await Plan.create(gpu, 'forward', forward.recorder, arena);
  const objective = async (): Promise<number> => {
    await plan.run();
    return dot((await gpu.read(plan.output(output))).slice(0, seed.length), seed);
  };
  const measured = [...trained].filter(([name]) => chosen(name));
  expect(measured.length).toBeGreaterThan(4);
  for (const [name, tensor] of measured) {
    const gradient = gradients.get(name)!;
    const size = norm(gradient);
    const value = (await gpu.read(tensor)).slice(0, gradient.length);
    const step = STEP * Math.max(norm(value), 0.1);
    const moved = (sign: number): Float32Array =>
      value.map((v, i) => v + (sign * step * gradient[i]!) / Math.max(size, 1e-12));
    gpu.write(tensor, moved(1));
    const above = await objective();
    gpu.write(tensor, moved(-1));
    const below = await objective();
    gpu.write(tensor, value);
    const slope = (above - below) / (2 * step);
    expect(Math.abs(slope - size), `d ${name}: slope ${slope}, norm ${size}`).toBeLessThanOrEqual(
      0.02 * size + 1e-3 * globalNorm,
    );
  }
  gpu.free(dy, ...[...trained.values()].map(({ grad }) => grad!));
}
