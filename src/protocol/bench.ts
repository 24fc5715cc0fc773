/** What a bench finds: rows against peers, as the command line writes them to a file and the page shows them. */

/** Families of rows, by the first word of what they compute. */
export const BENCH_GROUPS = [
  'matmul',
  'decode',
  'attention',
  'layer',
  'mlp',
  'norm',
  'packing',
  'whole',
  'prefill',
  'batching',
] as const;
export type BenchGroup = (typeof BENCH_GROUPS)[number];

export const BENCH_GROUP_LABELS: Record<BenchGroup, string> = {
  matmul: 'Matrix products',
  decode: 'A decode step',
  attention: 'Attention with gradients',
  layer: 'A decoder layer with gradients',
  mlp: 'MLP with gradients',
  norm: 'RMS norm with gradients',
  packing: 'Layers of a loss pass, packed or not',
  whole: 'The same with the head',
  prefill: 'Prompt read once or G times',
  batching: 'Rollout against static batches',
};

/** What is measured unless chosen otherwise: what a training step consists of. */
export const DEFAULT_GROUPS: readonly BenchGroup[] = ['matmul', 'decode', 'attention'];

/** Libraries that rows may be compared with in a browser. */
export const BENCH_LIBRARIES = ['tfjs', 'jax-js'] as const;
export type BenchLibrary = (typeof BENCH_LIBRARIES)[number];

/** The most that a device gave, in a run, on its machine: what other kernels' rates are shares of. */
export interface Ceilings {
  readonly gflops: number;
  /** Bytes read and written, in 1e9 a second. */
  readonly gigabytes: number;
}

/** Rates of one side, and shares of the best that the device gave in the same run. */
export interface Rates {
  readonly gflops: number;
  readonly gflopsShare: number;
  /** The least bytes that have to be moved, in 1e9 a second. */
  readonly gigabytes: number;
  readonly gigabytesShare: number;
}

export interface RowName {
  /** What is computed; its first word is the family that means are taken over. */
  readonly kernel: string;
  readonly shape: string;
  readonly peer: string;
}

/** One comparison. A ratio is their time over ours: above 1 we are faster. */
export interface Row extends RowName {
  /** Median milliseconds of one computation. */
  readonly oursMs: number;
  /** null where the peer cannot do it; `note` says why. */
  readonly theirsMs: number | null;
  readonly ratio: number | null;
  /** Quartiles of the samples, in milliseconds. */
  readonly oursSpread: readonly [number, number];
  readonly theirsSpread: readonly [number, number] | null;
  readonly note?: string;
  /** What our side computes and moves a second, where the device's ceilings were measured. */
  readonly rates?: Rates;
}

export interface BenchReport {
  readonly adapter: string;
  /** ISO 8601. */
  readonly date: string;
  /** What was timed: `wall` time, or `cpu`, the processor time of this process. */
  readonly clock: string;
  /** The most that the device gave in this run. */
  readonly ceilings: Ceilings;
  readonly rows: readonly Row[];
  /** Geometric mean of the ratios by `family/peer`; a key is there only when such rows were measured. */
  readonly summary: Readonly<Record<string, number>>;
}
