/** One compared number: how far ours is from the published code's, and how far it may be. */
import { shardedName } from '../../decoder/row-shards.ts';
import { sizeOf } from '../../gpu/index.ts';
import type { FloatDtype } from '../../io/tensors/dtype.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import type { ParameterStore } from '../../optim/parameters.ts';
import { type Bounds, FLOAT32, PIXEL_LARGEST, PIXEL_MEAN, scalarBound } from './bounds.ts';

export interface Quantity {
  readonly name: string;
  readonly error: number;
  readonly bound: number;
  /** What the weights are stored as, where the bound is that of a type other than F32. */
  readonly weights?: FloatDtype;
}

/** |ours - reference| against a bound that these `bounds` gave. */
export function within(
  name: string,
  ours: number,
  reference: number,
  bound: number,
  bounds: Bounds,
): Quantity {
  return bounded(name, Math.abs(ours - reference), bound, bounds);
}

function bounded(name: string, error: number, bound: number, { weights }: Bounds): Quantity {
  return { name, error, bound, ...(weights === 'F32' ? {} : { weights }) };
}

/** Whether the quantity holds; an error that is no number does not. */
export const holds = ({ error, bound }: Quantity): boolean => error <= bound;

export const norm = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
};

/** Largest |a - b|; NaN where the lengths differ or a value is no number, so that no bound holds. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(difference)) return Number.NaN;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** How many entries differ, a missing one included; none may. */
export function differing(name: string, ours: ArrayLike<unknown>, reference: ArrayLike<unknown>): Quantity {
  let error = 0;
  for (let i = 0; i < Math.max(ours.length, reference.length); i++) if (ours[i] !== reference[i]) error++;
  return { name, error, bound: 0 };
}

/** Pixels: largest difference at most one step of eight bits in [-1, 1], mean difference at most 5e-4. */
export function pixelDifferences(
  name: string,
  ours: ArrayLike<number>,
  reference: ArrayLike<number>,
): Quantity[] {
  let sum = 0;
  for (let i = 0; i < ours.length; i++) sum += Math.abs(ours[i]! - reference[i]!);
  return [
    { name: `${name} largest`, error: largestDifference(ours, reference), bound: PIXEL_LARGEST },
    { name: `${name} mean`, error: sum / reference.length, bound: PIXEL_MEAN },
  ];
}

/** norm(a - b); NaN where the lengths differ, so that no bound holds. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** Activations, tokens, logits: norm(difference) / norm(reference), at most 1e-4 with F32 weights. */
export function activation(
  name: string,
  ours: ArrayLike<number>,
  reference: ArrayLike<number>,
  bounds = FLOAT32,
): Quantity {
  return bounded(name, distance(ours, reference) / norm(reference), bounds.activation, bounds);
}

/** Log-probabilities: largest difference, at most 5e-4 with F32 weights. `ours` is zero where the reference is masked. */
export async function logProbability(
  arrays: TensorSource,
  name: string,
  ours: ArrayLike<number>,
  bounds = FLOAT32,
): Promise<Quantity> {
  const reference = await arrays.float32(name);
  const mask = await arrays.integers('completion_mask');
  let error = 0;
  for (let i = 0; i < reference.length; i++) {
    if (mask[i] === 1) error = Math.max(error, Math.abs(ours[i]! - reference[i]!));
    if (Number.isNaN(ours[i]!)) error = Number.NaN;
  }
  return bounded(name, error, bounds.logProbability, bounds);
}

/** Losses and KL: difference at most 1e-5 + 1e-4 · reference. */
export function scalar(name: string, ours: number, reference: number): Quantity {
  return { name, error: Math.abs(ours - reference), bound: scalarBound(reference) };
}

export interface Gradients {
  readonly quantities: readonly Quantity[];
  /** Norm over all gradients of the store. */
  readonly norm: number;
}

/** A name that ends in `.rows_A_to_B` stands for these rows of a tensor. */
function rowsOf(name: string): { tensor: string; rows?: readonly [number, number] } {
  const found = /^(.*)\.rows_(\d+)_to_(\d+)$/.exec(name);
  return found ? { tensor: found[1]!, rows: [Number(found[2]), Number(found[3]) + 1] } : { tensor: name };
}

function cut(values: Float32Array, shape: readonly number[], rows?: readonly [number, number]): Float32Array {
  if (!rows) return values;
  const width = sizeOf(shape.slice(1));
  return values.subarray(rows[0] * width, rows[1] * width);
}

/**
 * Gradients, tensor by tensor: norm(difference), with F32 weights at most 2e-3 · max(norm(reference), 1e-3 · global norm). A tensor that the
 * store has and the file (when it is whole) has not is expected to have none, so it is not looked at. `of`: whose gradients the
 * global norm counts.
 */
export async function gradients(
  label: string,
  expected: TensorSource,
  store: ParameterStore,
  {
    toStore = (name: string): string => name,
    bounds = FLOAT32,
    of: counted = (_name: string): boolean => true,
  } = {},
): Promise<Gradients> {
  let squares = 0;
  for (const name of store.names().filter(counted)) squares += norm(await store.readGradient(name)) ** 2;
  const global = Math.sqrt(squares);
  const quantities: Quantity[] = [];
  for (const name of expected.names()) {
    const { tensor, rows } = rowsOf(name);
    const reference = await expected.float32(name);
    const inStore = toStore(tensor);
    const ours = rows
      ? cut(await store.readGradient(inStore), store.get(inStore).shape, rows)
      : await wholeGradient(store, inStore);
    const bound = bounds.gradient(norm(reference), global);
    quantities.push(bounded(`${label} ${name}`, distance(ours, reference), bound, bounds));
  }
  return { quantities, norm: global };
}

/** The gradient of a tensor of the files, put together from the ranges of rows that it trains in. */
async function wholeGradient(store: ParameterStore, name: string): Promise<Float32Array> {
  const parts: number[] = [];
  for (const part of store.names().filter((candidate) => shardedName(candidate) === name)) {
    for (const value of await store.readGradient(part)) parts.push(value);
  }
  return Float32Array.from(parts);
}

/** Tensors behind optimizer steps: norm(difference), at most 5 % of norm(change) with F32 weights. */
export async function change(
  after: TensorSource,
  before: TensorSource,
  store: ParameterStore,
  bounds = FLOAT32,
): Promise<Quantity[]> {
  const quantities: Quantity[] = [];
  for (const name of after.names()) {
    const { tensor, rows } = rowsOf(name);
    const { shape } = store.get(tensor);
    const reference = await after.float32(name);
    const start = cut(await before.float32(tensor), shape, rows);
    const ours = cut(await store.read(tensor), shape, rows);
    const bound = bounds.change(distance(start, reference), norm(reference));
    quantities.push(bounded(`after steps ${name}`, distance(ours, reference), bound, bounds));
  }
  return quantities;
}
