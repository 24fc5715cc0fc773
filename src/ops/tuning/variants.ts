/**
 * Kernel variants: the same operation, laid over threads in another way. A variant is a row here, a file
 * `shaders/KERNEL/VARIANT.wgsl` for each of the row's kernels, and a layout where the op chooses one. All stay within WebGPU's default limits of bindings and workgroups.
 */
import type { DType, Traits } from '../../gpu/index.ts';

/** Operations that have several variants. */
export type Op = 'matmul' | 'attention' | 'decode';

/** Classes of work that are tuned apart, each with one variant on a device, as people read them. */
export const WORK = {
  nt: 'A·Bᵀ',
  nn: 'A·B',
  tn: 'Aᵀ·B',
  'nt few': 'A·Bᵀ of few rows',
  'nt 16-bit': 'A·Bᵀ of 16-bit weights',
  'nn 16-bit': 'A·B of 16-bit weights',
  attention: 'attention',
  decode: 'decode steps',
} as const;
export type Work = keyof typeof WORK;

export interface VariantRow<V extends string = string> {
  readonly op: Op;
  readonly variant: V;
  /** Folders of `shaders/` that have a file of the variant's name. */
  readonly kernels: readonly string[];
  /** Classes of work that it is timed for. */
  readonly work: readonly Work[];
  /** Fewest threads of a subgroup; without it, no subgroups are used. */
  readonly lanes?: number;
  /** Types of B that it is for, which it keeps as f16. */
  readonly f16?: readonly DType[];
  /** The variant that takes its place where f16 is impossible: by B's type or range, or on this device. */
  readonly otherwise?: string;
  /** Divides the columns of a head. */
  readonly headColumns?: number;
  /** Devices that take it where nothing was measured. */
  readonly usualOn?: 'gpu' | 'software';
  /** Whether it is for software adapters alone, so that no GPU times it. */
  readonly softwareOnly?: true;
  /** How much faster it must be to be taken: by more than timing noise, and by more still where it rounds weights. */
  readonly margin: number;
  /** What it changes, and where it wins. */
  readonly about: string;
}

type Rest = Omit<VariantRow, 'op' | 'variant' | 'kernels' | 'work'>;

const matmul = <V extends string>(variant: V, rest: Rest): VariantRow<V> => ({
  op: 'matmul',
  variant,
  kernels: ['matmul'],
  work: ['nt', 'nn', 'tn', 'nt few', 'nt 16-bit', 'nn 16-bit'],
  ...rest,
});

const attention = <V extends string>(variant: V, rest: Rest): VariantRow<V> => ({
  op: 'attention',
  variant,
  kernels: ['attention'],
  work: ['attention'],
  ...rest,
});

/** The GEMVs of a decode step, and its attention over the KV cache. */
const decode = <V extends string>(variant: V, rest: Rest): VariantRow<V> => ({
  op: 'decode',
  variant,
  kernels: [
    'decode_attention',
    'decode_project',
    'decode_project_adapted',
    'decode_residual',
    'decode_swiglu',
  ],
  work: ['decode'],
  ...rest,
});

/** The first row of an operation that a GPU can run is the reference for the others. */
export const VARIANTS = [
  matmul('thread', {
    usualOn: 'gpu',
    margin: 1,
    about: 'A thread makes 4x4 or 8x8 outputs from global memory: any extents, any device.',
  }),
  matmul('subgroup', {
    lanes: 4,
    usualOn: 'software',
    margin: 1.05,
    about: 'A value of A is loaded once a subgroup and broadcast: wins on processors, where loads cost most.',
  }),
  matmul('workgroup', {
    margin: 1.05,
    about: 'A and B go through workgroup memory, 64 or 128 rows at a time: wins for large matrices on GPUs.',
  }),
  matmul('workgroup-f16', {
    f16: ['bf16', 'f16'],
    otherwise: 'workgroup',
    margin: 1.05 ** 2,
    about: 'The same with B as f16 in workgroup memory: half of it, for 16-bit weights that f16 can hold.',
  }),
  attention('thread', {
    usualOn: 'gpu',
    margin: 1,
    about: 'A thread takes one query (or key) over all that it sees: any head size, any device.',
  }),
  attention('thread-unrolled', {
    usualOn: 'software',
    softwareOnly: true,
    margin: 1,
    about:
      'The same with unrolled loops over columns: 2 to 3 times as fast where compilers leave loops alone.',
  }),
  attention('subgroup', {
    lanes: 4,
    headColumns: 16,
    margin: 1.05,
    about:
      'Teams of lanes share rows and keep several queries in registers: 2 to 13 times as fast on an H200.',
  }),
  decode('thread', {
    usualOn: 'software',
    softwareOnly: true,
    margin: 1,
    about: 'A thread makes four outputs of all rows, or a head: no barrier, which processors pay dearly.',
  }),
  decode('workgroup', {
    usualOn: 'gpu',
    margin: 1,
    about: 'Threads share the depth, or the keys of a head, by way of workgroup memory: any GPU.',
  }),
  decode('subgroup', {
    lanes: 8,
    margin: 1,
    about: 'Sums are reduced within subgroups, with more threads for each: 5.6 times as fast on an H200.',
  }),
];

export type Variant = (typeof VARIANTS)[number]['variant'];

/** What is to be done, as far as it decides which variants can do it. */
export interface Task {
  readonly work: string;
  /** Of B, in a matmul. */
  readonly dtype?: DType;
  /** Columns of a head, in attention. */
  readonly headDim?: number;
}

function canDo({ lanes = 0, f16, headColumns = 1 }: VariantRow, task: Task, device: Traits): boolean {
  return (
    device.lanes >= lanes &&
    (!f16 || (device.halves && f16.includes(task.dtype ?? 'f32'))) &&
    (task.headDim ?? 0) % headColumns === 0
  );
}

/** Rows of an operation that a GPU with these traits times against each other; the first is what the others are compared with. */
export function candidates<V extends string>(
  rows: readonly VariantRow<V>[],
  op: Op,
  task: Task,
  device: Traits,
): readonly VariantRow<V>[] {
  return rows.filter(
    (row) =>
      row.op === op &&
      !row.softwareOnly &&
      row.work.some((work) => work === task.work) &&
      canDo(row, task, device),
  );
}

/** The row that does a task on a device: as measured there; else, or where that cannot do it, what is usual on such devices. */
export function rowFor<V extends string>(
  rows: readonly VariantRow<V>[],
  op: Op,
  task: Task,
  device: Traits,
): VariantRow<V> {
  const own = rows.filter((row) => row.op === op);
  const can = own.filter((row) => canDo(row, task, device));
  const named = (variant: string | undefined) => can.find((row) => row.variant === variant);
  const usual = (kind: VariantRow['usualOn']) => can.find(({ usualOn }) => usualOn === kind);
  const measured = device.variants?.[task.work];
  const otherwise = own.find(({ variant }) => variant === measured)?.otherwise;
  const row =
    named(measured) ??
    named(otherwise) ??
    (device.isSoftware && measured === undefined ? usual('software') : undefined) ??
    usual('gpu');
  if (!row) throw new Error(`${op}: no variant in src/ops/tuning/variants.ts can do "${task.work}".`);
  return row;
}

/** The variant that does a task on a device. */
export const variantFor = (op: Op, task: Task, device: Traits): Variant =>
  rowFor<Variant>(VARIANTS, op, task, device).variant;
