/** What a bench finds: rows against peers, as the command line writes them to a file and the page shows them. */
import { anyNumber, counts, longArray, unwritten, z } from './shapes.ts';

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
  matmul: 'Matmul',
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

export const ceilings = z.object({
  gflops: z.number(),
  /** Bytes read and written, in 1e9 a second. */
  gigabytes: z.number(),
});
/** The most that a device gave, in a run, on its machine: what other kernels' rates are shares of. */
export type Ceilings = Readonly<z.infer<typeof ceilings>>;

const rates = z.object({
  gflops: anyNumber,
  gflopsShare: anyNumber,
  /** The least bytes that have to be moved, in 1e9 a second. */
  gigabytes: anyNumber,
  gigabytesShare: anyNumber,
});
/** Rates of one side, and shares of the best that the device gave in the same run. */
export type Rates = Readonly<z.infer<typeof rates>>;

const rowName = z.object({
  /** What is computed; its first word is the family that means are taken over. */
  kernel: z.string(),
  shape: z.string(),
  peer: z.string(),
});
export type RowName = Readonly<z.infer<typeof rowName>>;

const spread = unwritten(z.tuple([anyNumber, anyNumber]));

const row = rowName.extend({
  /** Median milliseconds of one computation. */
  oursMs: z.number(),
  /** null where the peer cannot do it; `note` says why. */
  theirsMs: z.number().nullable(),
  ratio: z.number().nullable(),
  /** Quartiles of the samples, in milliseconds. */
  oursSpread: spread,
  theirsSpread: spread.nullable(),
  note: z.string().optional(),
  /** What our side computes and moves a second, where the device's ceilings were measured. */
  rates: rates.optional(),
});
/** One comparison. A ratio is their time over ours: above 1 we are faster. */
export type Row = Readonly<z.infer<typeof row>>;

export const benchReport = z.object({
  adapter: z.string(),
  /** ISO 8601. */
  date: z.string(),
  /** What was timed: `wall` time, or `cpu`, the processor time of this process. */
  clock: z.string(),
  /** The most that the device gave in this run. */
  ceilings,
  rows: unwritten(longArray(row)),
  /** Geometric mean of the ratios by `family/peer`; a key is there only when such rows were measured. */
  summary: counts,
});
export type BenchReport = Readonly<z.infer<typeof benchReport>>;
