import { defineKernel, type Recorder, read, type Tensor, update, write } from '../gpu/index.ts';
import { matrixExtents, threadGroups } from './matrix.ts';
import { weightFormat } from './weight-format.ts';

/**
 * How the two factors lie in memory, as BLAS says it (n: as is, t: transposed).
 * - `nt` A·Bᵀ: a [m, k], b [n, k]
 * - `nn` A·B: a [m, k], b [k, n]
 * - `tn` Aᵀ·B: a [k, m], b [k, n]
 */
export type MatmulLayout = 'nt' | 'nn' | 'tn';

export interface MatmulOperands {
  /** f32. */
  readonly a: Tensor;
  /** In any weight format. */
  readonly b: Tensor;
  /** [m, n] f32; another buffer than a, b and bias. */
  readonly out: Tensor;
  /** [n] f32, added to every row. */
  readonly bias?: Tensor | undefined;
  /** out += product instead of out = product. */
  readonly accumulate?: boolean;
  /** Factor of the product (not of the bias); 1 unless said. */
  readonly alpha?: number;
}

interface Extents {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const uniforms = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  depth: 'u32',
  thread_cols: 'u32',
  splits: 'u32',
  accumulate: 'u32',
  with_bias: 'u32',
  alpha: 'f32',
} as const;

const productKernel = (entry: 'quads' | 'wide_quads' | 'row_quads' | 'scalars', out: typeof write) =>
  defineKernel({
    shader: 'matmul',
    entry,
    uniforms,
    bindings: { a: read(1), b: read(2), bias: read(3), out: out(4) },
  });
const reduceKernel = (out: typeof write) =>
  defineKernel({
    shader: 'matmul',
    entry: 'reduce',
    uniforms,
    bindings: { bias: read(3), out: out(4), partial: read(5) },
  });
const kernels = {
  overwrite: {
    quads: productKernel('quads', write),
    wideQuads: productKernel('wide_quads', write),
    rowQuads: productKernel('row_quads', write),
    scalars: productKernel('scalars', write),
    reduce: reduceKernel(write),
  },
  accumulate: {
    quads: productKernel('quads', update),
    wideQuads: productKernel('wide_quads', update),
    rowQuads: productKernel('row_quads', update),
    scalars: productKernel('scalars', update),
    reduce: reduceKernel(update),
  },
};

/** A thread makes 8x8 outputs instead of 4x4 where that still leaves this many threads, the parts of the depth included. */
const WIDE_FROM = 512;
/** Threads that keep a discrete GPU busy; with fewer the depth is split over workgroups. */
const BUSY_THREADS = 16_384;
/** Smallest depth worth splitting, and smallest depth of one part. */
const SPLIT_FROM = 512;
const PART_DEPTH = 128;

/** Checks that the shapes agree and returns m, n, k. Throws with all shapes otherwise. */
function matmulExtents(layout: MatmulLayout, { a, b, out, bias }: MatmulOperands): Extents {
  const left = matrixExtents(a);
  const right = matrixExtents(b);
  const result = matrixExtents(out);
  const [m, k] = layout === 'tn' ? [left.cols, left.rows] : [left.rows, left.cols];
  const [n, depth] = layout === 'nt' ? [right.rows, right.cols] : [right.cols, right.rows];
  const fits = k === depth && result.rows === m && result.cols === n;
  if (!fits || (bias && (bias.shape.length !== 1 || bias.shape[0] !== n))) {
    const named = { a, b, out, ...(bias ? { bias } : {}) };
    const found = Object.entries(named).map(([name, t]) => `${name} (${t.label}) [${t.shape.join(', ')}]`);
    throw new Error(`matmul ${layout}: the shapes do not agree: ${found.join(', ')}.`);
  }
  for (const tensor of [a, out, ...(bias ? [bias] : [])]) {
    if (tensor.dtype !== 'f32') throw new Error(`matmul: ${tensor.label} is ${tensor.dtype}, expected f32.`);
  }
  return { m, n, k };
}

interface Tiling {
  readonly path: keyof typeof kernels.overwrite & ('quads' | 'wideQuads' | 'rowQuads' | 'scalars');
  /** A thread makes side x side outputs; rowQuads one row of them. */
  readonly side: 4 | 8;
  /** How many of a workgroup's 64 threads lie along the columns, so that few are idle when one side is short. */
  readonly threadCols: number;
  /** Into how many parts the sum over k is cut, and the depth of each: a multiple of 4. */
  readonly splits: number;
  readonly depth: number;
}

const upTo8 = (count: number): number => Math.min(8, 2 ** Math.ceil(Math.log2(count)));

/** How a product is laid over threads: a function of layout and extents alone, so that results are reproducible. */
export function tilingOf(layout: MatmulLayout, { m, n, k }: Extents): Tiling {
  const aContiguous = layout === 'tn' ? m : k;
  const bContiguous = layout === 'nt' ? k : n;
  const byFours = [aContiguous, bContiguous, n].every((extent) => extent % 4 === 0);
  const single = byFours && m === 1 && layout !== 'tn';
  const parts = k < SPLIT_FROM ? 1 : Math.floor(k / PART_DEPTH);
  const wide = byFours && Math.min(m, n) > 4 && Math.ceil(m / 8) * Math.ceil(n / 8) * parts >= WIDE_FROM;
  const side = wide ? 8 : 4;
  const [rowTiles, colTiles] = [Math.ceil(m / side), Math.ceil(n / side)];
  const cols = upTo8(colTiles);
  const most = Math.min(Math.floor(BUSY_THREADS / (rowTiles * colTiles)), parts);
  const depth = 4 * Math.ceil(k / Math.max(1, most) / 4);
  return {
    path: single ? 'rowQuads' : wide ? 'wideQuads' : byFours ? 'quads' : 'scalars',
    side,
    threadCols: cols < 8 ? cols : 64 / upTo8(rowTiles),
    splits: Math.ceil(k / depth),
    depth,
  };
}

/**
 * Dispatches out (+)= alpha · product (+ bias) on `recorder`; no gradient. Deterministic: where outputs are few and the
 * depth is long, partial sums over fixed ranges go to a temporary tensor and are added in order.
 */
export function matmul(recorder: Recorder, layout: MatmulLayout, operands: MatmulOperands): void {
  const { a, b, out, bias, accumulate = false, alpha = 1 } = operands;
  const extents = matmulExtents(layout, operands);
  const { m, n, k } = extents;
  if (m === 0 || n === 0) return;
  const { path, side, threadCols, splits, depth } = tilingOf(layout, extents);
  const defines = {
    WEIGHT_FORMAT: weightFormat(b.dtype),
    A_BY_DEPTH: layout === 'tn',
    B_BY_COLUMN: layout === 'nt',
  };
  const group = [side * (64 / threadCols), side * threadCols] as const;
  const workgroups = [Math.ceil(n / group[1]), Math.ceil(m / group[0]), splits] as const;
  const shape = { m, n, k, depth, thread_cols: threadCols, splits };
  const finish = { accumulate: accumulate ? 1 : 0, with_bias: bias ? 1 : 0, alpha };
  const target = kernels[accumulate ? 'accumulate' : 'overwrite'];
  // A layout has no optional bindings: without a bias its place is taken by a tensor that is not read.
  if (splits === 1) {
    const tensors = { a, b, bias: bias ?? a, out };
    recorder.dispatch(target[path], { defines, uniforms: { ...shape, ...finish }, tensors, workgroups });
    return;
  }
  const partial = recorder.temp(`${out.label} partial`, [splits, m, n]);
  recorder.dispatch(kernels.overwrite[path], {
    defines,
    uniforms: { ...shape, accumulate: 0, with_bias: 0, alpha: 1 },
    tensors: { a, b, bias: a, out: partial },
    workgroups,
  });
  recorder.dispatch(target.reduce, {
    defines: { WEIGHT_FORMAT: 0, A_BY_DEPTH: false, B_BY_COLUMN: false },
    uniforms: { ...shape, ...finish },
    tensors: { bias: bias ?? a, out, partial },
    workgroups: threadGroups(m * n),
  });
}
