/** One compared number: how far ours is from the published code's, and how far it may be. */
import { sizeOf } from '../../gpu/index.ts';
import type { TensorSource } from '../../io/safetensors.ts';
import type { ParameterStore } from '../../optim/parameters.ts';
import {
  ACTIVATION,
  CHANGE_SHARE,
  gradientBound,
  LOG_PROBABILITY,
  PIXEL_LARGEST,
  PIXEL_MEAN,
  STEP_SHARE,
  scalarBound,
} from './bounds.ts';

export interface Quantity {
  readonly name: string;
  readonly error: number;
  readonly bound: number;
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

/** Activations, tokens, logits: norm(difference) / norm(reference) at most 1e-4. */
export function activation(name: string, ours: ArrayLike<number>, reference: ArrayLike<number>): Quantity {
  return { name, error: distance(ours, reference) / norm(reference), bound: ACTIVATION };
}

/** Log-probabilities: largest difference at most 5e-4. `ours` is zero where the reference is masked. */
export async function logProbability(
  arrays: TensorSource,
  name: string,
  ours: ArrayLike<number>,
): Promise<Quantity> {
  const reference = await arrays.float32(name);
  const mask = await arrays.integers('completion_mask');
  let error = 0;
  for (let i = 0; i < reference.length; i++) {
    if (mask[i] === 1) error = Math.max(error, Math.abs(ours[i]! - reference[i]!));
    if (Number.isNaN(ours[i]!)) error = Number.NaN;
  }
  return { name, error, bound: LOG_PROBABILITY };
}

/** Losses and KL: difference at most 1e-5 + 1e-4 · reference. */
export function scalar(name: string, ours: number, reference: number): Quantity {
  return { name, error: Math.abs(ours - reference), bound: scalarBound(reference) };
}

/** Losses and norms behind optimizer steps: within 1 %. */
export function withinShare(name: string, ours: number, reference: number): Quantity {
  return { name, error: Math.abs(ours - reference), bound: STEP_SHARE * Math.abs(reference) };
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
 * Gradients, tensor by tensor: norm(difference) at most 2e-3 · max(norm(reference), 1e-3 · global norm). A tensor that the
 * store has and the file (when it is whole) has not is expected to have none, so it is not looked at.
 */
export async function gradients(
  label: string,
  expected: TensorSource,
  store: ParameterStore,
  toStore: (name: string) => string = (name) => name,
): Promise<Gradients> {
  let squares = 0;
  for (const name of store.names()) squares += norm(await store.readGradient(name)) ** 2;
  const global = Math.sqrt(squares);
  const quantities: Quantity[] = [];
  for (const name of expected.names()) {
    const { tensor, rows } = rowsOf(name);
    const reference = await expected.float32(name);
    const inStore = toStore(tensor);
    const ours = cut(await store.readGradient(inStore), store.get(inStore).shape, rows);
    const bound = gradientBound(norm(reference), global);
    quantities.push({ name: `${label} ${name}`, error: distance(ours, reference), bound });
  }
  return { quantities, norm: global };
}

/** Tensors behind optimizer steps: norm(difference) at most 5 % of norm(change). */
export async function change(
  after: TensorSource,
  before: TensorSource,
  store: ParameterStore,
): Promise<Quantity[]> {
  const quantities: Quantity[] = [];
  for (const name of after.names()) {
    const { tensor, rows } = rowsOf(name);
    const { shape } = store.get(tensor);
    const reference = await after.float32(name);
    const start = cut(await before.float32(tensor), shape, rows);
    const ours = cut(await store.read(tensor), shape, rows);
    quantities.push({
      name: `after steps ${name}`,
      error: distance(ours, reference),
      bound: CHANGE_SHARE * distance(start, reference),
    });
  }
  return quantities;
}
