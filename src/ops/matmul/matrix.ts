import { sizeOf, type Tensor } from '../../gpu/index.ts';

/** A tensor as a matrix: its last axis is the columns, all axes before it the rows. */
export function matrixExtents(tensor: Tensor): { rows: number; cols: number } {
  const cols = tensor.shape[tensor.shape.length - 1] ?? 1;
  return { rows: sizeOf(tensor.shape.slice(0, -1)), cols };
}

/** Workgroups of 64 threads for one thread per element. */
export const threadGroups = (count: number): number => Math.ceil(count / 64);
