import type { Dispatch } from './recorder.ts';
import { byteLength, type Tensor } from './tensor.ts';

export interface Lifetime {
  readonly id: number;
  readonly label: string;
  readonly bytes: number;
  /** Index of the first and last dispatch that touches the tensor. */
  readonly first: number;
  readonly last: number;
}

export interface MemoryObject {
  bytes: number;
  readonly tenants: Lifetime[];
}

/**
 * First and last use of every planned tensor. Kept tensors live to the end. A tensor that is read before anything
 * wrote it is an error of the op that made it.
 */
export function lifetimes(
  dispatches: readonly Dispatch[],
  planned: readonly Tensor[],
  kept: ReadonlySet<number>,
): Lifetime[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  dispatches.forEach((dispatch, index) => {
    for (const [name, tensor] of Object.entries(dispatch.tensors)) {
      if (tensor.storage.kind !== 'planned') continue;
      const { id } = tensor.storage;
      if (!first.has(id)) {
        if (dispatch.kernel.bindings[name] !== 'write') {
          throw new Error(
            `${dispatch.kernel.shader}.${dispatch.kernel.entry} reads ${tensor.label} before it is written.`,
          );
        }
        first.set(id, index);
      }
      last.set(id, index);
    }
  });
  return [...first].map(([id, start]) => {
    const tensor = planned[id]!;
    const end = kept.has(id) ? dispatches.length : last.get(id)!;
    return { id, label: tensor.label, bytes: byteLength(tensor), first: start, last: end };
  });
}

const disjoint = (a: Lifetime, b: Lifetime): boolean => a.last < b.first || b.last < a.first;

/**
 * Gives every tensor a memory object so that tensors alive at the same time never share one: largest first, each into
 * the smallest object that is free during its life. Objects, not offsets in one arena: WebGPU forbids to read and
 * write one buffer in the same dispatch, whatever the ranges.
 */
export function assignObjects(lives: readonly Lifetime[]): MemoryObject[] {
  const objects: MemoryObject[] = [];
  const order = [...lives].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const life of order) {
    let best: MemoryObject | undefined;
    for (const object of objects) {
      const free = object.tenants.every((tenant) => disjoint(tenant, life));
      if (free && (!best || object.bytes < best.bytes)) best = object;
    }
    if (!best) {
      best = { bytes: life.bytes, tenants: [] };
      objects.push(best);
    }
    best.tenants.push(life);
  }
  return objects;
}
