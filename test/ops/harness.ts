/**
 * Checks an op against plain float64 arithmetic: its forward, and its backward by central differences of the float64
 * reference and (where given) by `tf.grads` of an independent formulation in tfjs.
 */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { Arena, Gpu, PLAIN, Plan, sizeOf, Tape, type Tensor } from '../../src/gpu/index.ts';
import { type DecodeVariant, decodeVariant } from '../../src/ops/decode/gemv.ts';
import { candidates, VARIANTS } from '../../src/ops/tuning/variants.ts';
import { sharedTestDevice } from '../setup/adapter.ts';

/** The sizes every op is tried at: one, just below and above powers of two, and larger than a workgroup. */
export const ODD_SIZES = [1, 7, 63, 64, 65, 1000] as const;

let engine: { readonly file: string | undefined; readonly gpu: Promise<Gpu> } | undefined;

/** One engine per test file, on the device of its process. */
export function testGpu(): Promise<Gpu> {
  const { testPath: file } = expect.getState();
  if (engine?.file !== file || !engine) {
    engine = { file, gpu: sharedTestDevice().then(({ device, info }) => new Gpu(device, { info })) };
  }
  return engine.gpu;
}

/** The variant of a decode step that software adapters take. */
export const BY_THREADS = decodeVariant('thread', PLAIN);

/** The variants of a decode step whose threads share sums, as far as a device has them. */
export function sharingVariants({ traits }: Gpu): readonly DecodeVariant[] {
  const rows = candidates(VARIANTS, 'decode', { work: 'decode' }, traits);
  return rows.map(({ variant }) => decodeVariant(variant, traits));
}

/** Deterministic numbers in [-1, 1) from a seed: a linear congruential generator is enough for test inputs. */
export function numbers(count: number, seed: number, scale = 1): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * (state / 2 ** 31 - 1);
  });
}

export interface OpInput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface OpCase<K extends string> {
  readonly name: string;
  readonly inputs: Readonly<Record<K, OpInput>>;
  /** The op under test, with one result or several; its inputs are trainable tensors. */
  readonly forward: (tape: Tape, inputs: Readonly<Record<K, Tensor>>) => Tensor | readonly Tensor[];
  /** The same in float64, from and to flat arrays; several results one behind the other. */
  readonly reference: (inputs: Readonly<Record<K, Float64Array>>) => ArrayLike<number>;
  /** The same in tfjs, from tensors of the inputs' shapes in the inputs' order; its gradients are compared whole. */
  readonly tensorflow?: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Inputs whose gradients are checked; all by default. */
  readonly differentiate?: readonly K[];
  /** Largest norm(difference) / norm(reference) of the forward; 1e-5 unless said. */
  readonly forwardBound?: number;
  /** The same for gradients; 1e-3 unless said. */
  readonly backwardBound?: number;
  /** Step of the central difference. */
  readonly step?: number;
}

/** norm(a - b) / max(norm(b), floor). */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>, floor = 1e-6): number {
  expect(a.length).toBe(b.length);
  let difference = 0;
  let reference = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    reference += b[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(reference), floor);
}

/** Records `build`, runs it once, and reads the returned tensors. */
export async function runOnce(
  gpu: Gpu,
  label: string,
  build: (tape: Tape) => readonly Tensor[],
  traits = gpu.traits,
): Promise<Float32Array[]> {
  const tape = Tape.on({ traits });
  const outputs = build(tape).map((tensor) => tape.recorder.keep(tensor));
  using arena = new Arena(gpu, label);
  using plan = await Plan.create(gpu, label, tape.recorder, arena);
  await plan.run();
  const results: Float32Array[] = [];
  for (const output of outputs) {
    const values = await gpu.read(plan.output(output));
    results.push(values.slice(0, sizeOf(output.shape)));
  }
  return results;
}

function trainable(gpu: Gpu, name: string, input: OpInput): Tensor {
  const value = gpu.upload('inputs', name, input.shape, input.data);
  return { ...value, grad: gpu.tensor('gradients', `d ${name}`, input.shape) };
}

const spread = <K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;

/** Up to `limit` coordinates of a flat array, first and last among them. */
function coordinates(length: number, limit = 12): number[] {
  if (length <= limit) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: limit }, (_, i) => Math.floor((i * (length - 1)) / (limit - 1)));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Checks forward and backward of one case, laid out as suits the device, or one with other traits. */
export async function checkOp<K extends string>(
  gpu: Gpu,
  test: OpCase<K>,
  traits = gpu.traits,
): Promise<void> {
  const names = Object.keys(test.inputs) as K[];
  const tensors = spread(names, (name) => trainable(gpu, name, test.inputs[name]));
  const doubles = spread(names, (name) => Float64Array.from(test.inputs[name].data));
  const expected = test.reference(doubles);
  const outputGradient = numbers(expected.length, 977);
  const seeds: Tensor[] = [];
  const record = (tape: Tape): readonly Tensor[] => {
    const outputs = [test.forward(tape, tensors)].flat();
    let start = 0;
    for (const { shape } of outputs) {
      const end = start + sizeOf(shape);
      seeds.push(gpu.upload('inputs', 'dy', shape, outputGradient.slice(start, end)));
      start = end;
    }
    tape.backward(outputs.map((output, at) => [output, seeds[at]!]));
    return outputs;
  };
  const results = await runOnce(gpu, test.name, record, traits);
  const actual = results.flatMap((result) => [...result]);
  expect(relativeError(actual, expected), `${test.name} forward`).toBeLessThanOrEqual(
    test.forwardBound ?? 1e-5,
  );
  for (const name of test.differentiate ?? names) {
    const gradient = await gpu.read(tensors[name].grad!);
    compareWithDifferences(test, name, doubles, gradient, outputGradient);
    if (test.tensorflow) await compareWithTensorflow(test, name, gradient, outputGradient);
  }
  for (const name of names) gpu.free(tensors[name], tensors[name].grad!);
  gpu.free(...seeds);
}

function compareWithDifferences<K extends string>(
  test: OpCase<K>,
  name: K,
  doubles: Record<K, Float64Array>,
  gradient: Float32Array,
  outputGradient: Float32Array,
): void {
  const step = test.step ?? 1e-4;
  const picked = coordinates(doubles[name].length);
  const slopes = picked.map((index) => {
    const shifted = (delta: number): number => {
      const moved = Float64Array.from(doubles[name]);
      moved[index] = moved[index]! + delta;
      return dot(test.reference({ ...doubles, [name]: moved }), outputGradient);
    };
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
  const found = picked.map((index) => gradient[index]!);
  const floor = 1e-3 * Math.sqrt(picked.length);
  expect(
    relativeError(found, slopes, floor),
    `${test.name} d${name} against differences`,
  ).toBeLessThanOrEqual(test.backwardBound ?? 1e-3);
}

async function compareWithTensorflow<K extends string>(
  test: OpCase<K>,
  name: K,
  gradient: Float32Array,
  outputGradient: Float32Array,
): Promise<void> {
  await tf.setBackend('cpu');
  const names = Object.keys(test.inputs) as K[];
  const inputs = names.map((key) => tf.tensor(test.inputs[key].data, [...test.inputs[key].shape]));
  const gradients = tf.tidy(() => {
    const output = test.tensorflow!(...inputs);
    return tf.grads(test.tensorflow!)(inputs, tf.tensor(outputGradient, output.shape));
  });
  const expected = await gradients[names.indexOf(name)]!.data();
  tf.dispose([...inputs, ...gradients]);
  expect(
    relativeError(gradient.slice(0, expected.length), expected, 1e-3),
    `${test.name} d${name} against tf.grads`,
  ).toBeLessThanOrEqual(test.backwardBound ?? 1e-3);
}
