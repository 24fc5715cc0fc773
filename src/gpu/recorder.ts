import type { Kernel, Specialisation } from './kernel.ts';
import { byteLength, type DType, type Tensor } from './tensor.ts';
import { PLAIN, type Traits } from './traits.ts';

/** How many workgroups: a count (folded into two dimensions beyond 65,535) or x, y, z. */
export type Workgroups = number | readonly [number, number, number];

export interface Dispatch {
  readonly kernel: Kernel;
  readonly special: Specialisation;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly workgroups: readonly [number, number, number];
}

export interface DispatchOptions<U extends string, B extends string> extends Specialisation {
  readonly uniforms: Readonly<Record<U, number>>;
  readonly tensors: Readonly<Record<B, Tensor>>;
  readonly workgroups: Workgroups;
}

/** Where a part of a step begins: with which dispatch. */
export interface Mark {
  readonly first: number;
  readonly part: string;
}

/** WebGPU's default maxComputeWorkgroupsPerDimension. */
const MAX_WORKGROUPS = 65_535;

/** A count of workgroups as x, y, z; shaders undo the folding with `linear_workgroup()` of lib/grid. */
export function foldWorkgroups(workgroups: Workgroups): readonly [number, number, number] {
  if (typeof workgroups !== 'number') return workgroups;
  if (workgroups <= MAX_WORKGROUPS) return [workgroups, 1, 1];
  const rows = Math.ceil(workgroups / MAX_WORKGROUPS);
  return [Math.ceil(workgroups / rows), rows, 1];
}

/** A flat list of dispatches and the planned tensors between them. Nothing is allocated or run here. */
export class Recorder {
  /** Of the device that the recording is for. */
  readonly traits: Traits;
  readonly dispatches: Dispatch[] = [];
  readonly planned: Tensor[] = [];
  readonly kept = new Set<number>();
  /** Where parts of a step begin, in order. */
  readonly marks: Mark[] = [];

  constructor(traits: Traits = PLAIN) {
    this.traits = traits;
  }

  /** A tensor that lives from its first write to its last use inside the plan. */
  temp(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const tensor: Tensor = { label, shape, dtype, storage: { kind: 'planned', id: this.planned.length } };
    this.planned.push(tensor);
    return tensor;
  }

  /** Gives a planned tensor memory of its own, so that it can be read after the plan has run. */
  keep(tensor: Tensor): Tensor {
    if (tensor.storage.kind === 'planned') this.kept.add(tensor.storage.id);
    return tensor;
  }

  /** Says which part of a step the dispatches from here on are; they are timed under its name. */
  mark(part: string): void {
    this.marks.push({ first: this.dispatches.length, part });
  }

  dispatch<U extends string, B extends string>(kernel: Kernel<U, B>, options: DispatchOptions<U, B>): void {
    const { uniforms, tensors, workgroups, defines } = options;
    const folded = foldWorkgroups(workgroups);
    if (folded.some((count) => count === 0)) return;
    this.dispatches.push({
      kernel,
      special: defines ? { defines } : {},
      uniforms,
      tensors,
      workgroups: folded,
    });
  }

  /** Bytes of all planned tensors, if none shared memory with another. */
  get plannedBytes(): number {
    return this.planned.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  }
}
