import {
  type DType,
  kernelsOf,
  PLAIN,
  type Recorder,
  type Tensor,
  type Traits,
  updating,
} from '../../gpu/index.ts';
import { type Variant, variantFor } from '../tuning/variants.ts';
import { matrixExtents, threadGroups } from './matrix.ts';
import { weightLoads } from './weight-format.ts';

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
  /** [m, n] f32; another buffer than all others. */
  readonly out: Tensor;
  /** [n] f32, added to every row. */
  readonly bias?: Tensor | undefined;
  /** [m, n] f32, added to A·B. */
  readonly addend?: Tensor | undefined;
  /** [m, n] f32: what comes of all the rest is multiplied by silu(gate). */
  readonly gate?: Tensor | undefined;
  /** out += A·B instead of out = A·B. */
  readonly accumulate?: boolean;
  /** Factor of A·B (not of the bias); 1 unless said. */
  readonly alpha?: number;
}

interface Extents {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const uniforms = ['m', 'n', 'k', 'depth', 'thread_cols', 'rows_first', 'splits', 'alpha'] as const;

const ENTRIES = {
  quads: 'matmul/thread.quads',
  wideQuads: 'matmul/thread.wide_quads',
  rowQuads: 'matmul/thread.row_quads',
  scalars: 'matmul/thread.scalars',
  byRows: 'matmul/subgroup.by_rows',
  byDepths: 'matmul/subgroup.by_depths',
  byWorkgroups: 'matmul/workgroup.by_workgroups',
  byWorkgroupsF16: 'matmul/workgroup-f16.by_workgroups',
} as const;
type Path = keyof typeof ENTRIES;

const matmulKernel = (name: string) => {
  const [shader, entry] = name.split('.') as [string, string];
  // `scalars` has the same buffers under names of its own.
  return kernelsOf(shader, uniforms)(entry, {
    reads: ['a_quads', 'b_loads', 'bias_quads', 'addend_quads', 'gate_quads'],
    writes: ['c_quads'],
  });
};
type MatmulKernel = ReturnType<typeof matmulKernel>;
const matmulKernels = (made: (kernel: MatmulKernel) => MatmulKernel) =>
  Object.fromEntries(
    Object.entries(ENTRIES).map(([path, name]) => [path, made(matmulKernel(name))]),
  ) as Readonly<Record<Path, MatmulKernel>>;
const reduce = kernelsOf('matmul_reduce', uniforms)('reduce', {
  reads: ['bias', 'partial', 'addend', 'gate'],
  writes: ['c'],
});
const kernels = {
  overwrite: { multiply: matmulKernels((kernel) => kernel), reduce },
  accumulate: {
    multiply: matmulKernels((kernel) => updating(kernel, 'c_quads')),
    reduce: updating(reduce, 'c'),
  },
};

/** The epilogue of a part of the depth: none, it is applied to the sum of all parts. */
const PART = { ACCUMULATE: false, WITH_BIAS: false, WITH_ADDEND: false, WITH_GATE: false };

/** A thread makes 8x8 outputs instead of 4x4 where that still leaves this many threads, the parts of the depth included. */
const WIDE_FROM = 512;
/** Threads that keep a discrete GPU busy; with fewer the depth is split over workgroups. */
const BUSY_THREADS = 16_384;
/** Subgroups that keep the few threads of a processor busy. */
const BUSY_SUBGROUPS = 16;
/** Smallest depth worth splitting, and smallest depth of one part. */
const SPLIT_FROM = 512;
const PART_DEPTH = 128;
/** Workgroups of 64 threads, 8x8 outputs each, that keep a discrete GPU busy; and so many that the last ones leave little of it idle. */
const BUSY_WORKGROUPS = 512;
const EVEN_WORKGROUPS = 2048;
/** Depth of a part that is worth its sum where the GPU is busy without it. */
const LONG_PART_DEPTH = 1024;
/** Rows of a subgroup's tile, and the fewer of it where the matmul has no more. */
const SUBGROUP_ROWS = 16;
const FEW_ROWS = 8;

/** Checks that the shapes agree and returns m, n, k. Throws with all shapes otherwise. */
function matmulExtents(layout: MatmulLayout, operands: MatmulOperands): Extents {
  const { a, b, out, bias, addend, gate } = operands;
  const left = matrixExtents(a);
  const right = matrixExtents(b);
  const [m, k] = layout === 'tn' ? [left.cols, left.rows] : [left.rows, left.cols];
  const [n, depth] = layout === 'nt' ? [right.rows, right.cols] : [right.cols, right.rows];
  const like = [out, addend, gate].flatMap((tensor) => (tensor ? [matrixExtents(tensor)] : []));
  const fits = k === depth && like.every(({ rows, cols }) => rows === m && cols === n);
  if (!fits || (bias && (bias.shape.length !== 1 || bias.shape[0] !== n))) {
    const found = Object.entries({ a, b, out, bias, addend, gate }).flatMap(([name, t]) =>
      t ? [`${name} (${t.label}) [${t.shape.join(', ')}]`] : [],
    );
    throw new Error(`matmul ${layout}: the shapes do not agree: ${found.join(', ')}.`);
  }
  for (const tensor of [a, out, bias, addend, gate]) {
    if (tensor && tensor.dtype !== 'f32')
      throw new Error(`matmul: ${tensor.label} is ${tensor.dtype}, expected f32.`);
  }
  return { m, n, k };
}

/** How a matmul is laid over threads. */
interface Tiling {
  readonly path: Path;
  /** Rows and columns of c that one workgroup makes. */
  readonly tile: readonly [number, number];
  /** Threads of a workgroup along the columns: fewer where the matrix is narrow, so that few are idle. */
  readonly threadCols: number;
  /** Whether neighbouring workgroups take neighbouring rows instead of columns. */
  readonly rowsFirst: boolean;
  /** Into how many parts the sum over k is cut, and the depth of each: a multiple of 4. */
  readonly splits: number;
  readonly depth: number;
  /** Definitions of the path's shader, in addition to layout and weight format. */
  readonly defines: Readonly<Record<string, number>>;
}

/** The sum over k in at most `most` equal parts, none shorter than worth it. */
function partsOf(k: number, most: number): Pick<Tiling, 'splits' | 'depth'> {
  const depth = 4 * Math.ceil(k / Math.max(1, Math.min(Math.floor(most), longParts(k))) / 4);
  return { splits: Math.ceil(k / depth), depth };
}

const longParts = (k: number): number => (k < SPLIT_FROM ? 1 : Math.floor(k / PART_DEPTH));

const upTo8 = (count: number): number => Math.min(8, 2 ** Math.ceil(Math.log2(count)));

/**
 * How a matmul is laid over threads: a function of layout, extents, B's type (and range, see `traitsFor`) and the device's
 * traits alone, so that results are reproducible on a device.
 */
export function tilingOf(
  layout: MatmulLayout,
  extents: Extents,
  traits: Traits = PLAIN,
  dtype: DType = 'f32',
): Tiling {
  const { m, n, k } = extents;
  const aContiguous = layout === 'tn' ? m : k;
  const bContiguous = layout === 'nt' ? k : n;
  const byFours = [aContiguous, bContiguous, n].every((extent) => extent % 4 === 0);
  const single = m === 1 && layout !== 'tn';
  const variant = byFours ? variantOf(layout, m, traits, dtype) : 'thread';
  switch (variant) {
    case 'thread':
      return threadTiling(extents, byFours, single);
    case 'subgroup':
      return subgroupTiling(layout, extents, traits);
    case 'workgroup':
      return workgroupTiling(extents, 'byWorkgroups');
    case 'workgroup-f16':
      return workgroupTiling(extents, 'byWorkgroupsF16');
    default:
      throw new Error(`matmul: the variant "${variant}" has no layout in src/ops/matmul/matmul.ts.`);
  }
}

const hasHalves = (dtype: DType): boolean => dtype === 'bf16' || dtype === 'f16';

/** The class of work of a matmul: its layout, and whether it has few rows or else a B of 16 bits. */
export function workClass(layout: MatmulLayout, m: number, dtype: DType = 'f32'): string {
  if (m <= FEW_ROWS) return `${layout} few`;
  return hasHalves(dtype) ? `${layout} 16-bit` : layout;
}

/** The device's traits, without f16 where it would make values of B infinite. */
const traitsFor = ({ range }: Tensor, traits: Traits): Traits =>
  range?.withinF16 === false ? { ...traits, halves: false } : traits;

const variantOf = (layout: MatmulLayout, m: number, traits: Traits, dtype: DType): Variant =>
  variantFor('matmul', { work: workClass(layout, m, dtype), dtype }, traits);

/** A subgroup makes 16 (or 8) rows, and enough columns that a load of A is used often. */
function subgroupTiling(layout: MatmulLayout, { m, n, k }: Extents, { isSoftware, lanes }: Traits): Tiling {
  const byDepth = layout === 'tn';
  const rows = m <= FEW_ROWS && !byDepth ? FEW_ROWS : SUBGROUP_ROWS;
  const quads = lanes < 8 && n > 4 * lanes ? 2 : 1;
  const tile = [rows, 4 * quads * lanes] as const;
  const tiles = Math.ceil(m / tile[0]) * Math.ceil(n / tile[1]);
  return {
    path: byDepth ? 'byDepths' : 'byRows',
    tile,
    threadCols: lanes,
    rowsFirst: m <= n,
    ...partsOf(k, (isSoftware ? BUSY_SUBGROUPS : BUSY_THREADS / lanes) / tiles),
    defines: { LANES: lanes, ROWS: rows, QUADS: quads },
  };
}

/** 128 threads make 128x64 outputs where that leaves workgroups enough, or 64 make 64x64. */
function workgroupTiling({ m, n, k }: Extents, path: Path): Tiling {
  const tiles = (sides: number): number => Math.ceil(m / (64 * sides)) * Math.ceil(n / 64);
  const sides = 2 * tiles(2) * longParts(k) >= BUSY_WORKGROUPS ? 2 : 1;
  const parts = (workgroups: number): number => workgroups / sides / tiles(sides);
  const even = Math.min(parts(EVEN_WORKGROUPS), k / LONG_PART_DEPTH);
  return {
    path,
    tile: [64 * sides, 64],
    threadCols: 8,
    rowsFirst: false,
    ...partsOf(k, Math.max(parts(BUSY_WORKGROUPS), even)),
    defines: { SIDES: sides },
  };
}

/** A thread makes 4x4 or 8x8 outputs; of a single row it makes four. */
function threadTiling({ m, n, k }: Extents, byFours: boolean, single: boolean): Tiling {
  const parts = longParts(k);
  const wide = byFours && Math.min(m, n) > 4 && Math.ceil(m / 8) * Math.ceil(n / 8) * parts >= WIDE_FROM;
  const side = wide ? 8 : 4;
  const [rowTiles, colTiles] = [Math.ceil(m / side), Math.ceil(n / side)];
  const cols = upTo8(colTiles);
  const threadCols = cols < 8 ? cols : 64 / upTo8(rowTiles);
  return {
    path: byFours && single ? 'rowQuads' : wide ? 'wideQuads' : byFours ? 'quads' : 'scalars',
    tile: [side * (64 / threadCols), side * threadCols],
    threadCols,
    rowsFirst: false,
    ...partsOf(k, BUSY_THREADS / (rowTiles * colTiles)),
    defines: {},
  };
}

/**
 * Dispatches out (+)= alpha · A·B (+ bias) (+ addend) (· silu(gate)) on `recorder`; no gradient. Deterministic: where outputs are few and the
 * depth is long, partial sums over fixed ranges go to a temporary tensor and are added in order.
 */
export function matmul(recorder: Recorder, layout: MatmulLayout, operands: MatmulOperands): void {
  const { a, b, out, bias, addend, gate, accumulate = false, alpha = 1 } = operands;
  const extents = matmulExtents(layout, operands);
  const { m, n, k } = extents;
  if (m === 0 || n === 0) return;
  const tiling = tilingOf(layout, extents, traitsFor(b, recorder.traits), b.dtype);
  const { path, tile, threadCols, rowsFirst, splits, depth } = tiling;
  const defines = {
    ...weightLoads(b.dtype),
    A_BY_DEPTH: layout === 'tn',
    B_BY_COLUMN: layout === 'nt',
    ...tiling.defines,
  };
  const [rowTiles, colTiles] = [Math.ceil(m / tile[0]), Math.ceil(n / tile[1])];
  const workgroups = rowsFirst
    ? ([rowTiles, colTiles, splits] as const)
    : ([colTiles, rowTiles, splits] as const);
  const shape = { m, n, k, depth, thread_cols: threadCols, rows_first: Number(rowsFirst), splits };
  const finish = {
    ACCUMULATE: accumulate,
    WITH_BIAS: bias !== undefined,
    WITH_ADDEND: addend !== undefined,
    WITH_GATE: gate !== undefined,
  };
  const target = kernels[accumulate ? 'accumulate' : 'overwrite'];
  // A layout has no optional bindings: what is absent is stood in for by a tensor that is not read.
  const fused = [bias ?? a, addend ?? a, gate ?? a] as const;
  const [bias_quads, addend_quads, gate_quads] = fused;
  if (splits === 1) {
    const tensors = { a_quads: a, b_loads: b, c_quads: out, bias_quads, addend_quads, gate_quads };
    recorder.dispatch(target.multiply[path], {
      defines: { ...defines, ...finish },
      uniforms: { ...shape, alpha },
      tensors,
      workgroups,
    });
    return;
  }
  const partial = recorder.temp(`${out.label} partial`, [splits, m, n]);
  recorder.dispatch(kernels.overwrite.multiply[path], {
    defines: { ...defines, ...PART },
    uniforms: { ...shape, alpha: 1 },
    tensors: { a_quads: a, b_loads: b, c_quads: partial, bias_quads: a, addend_quads: a, gate_quads: a },
    workgroups,
  });
  recorder.dispatch(target.reduce, {
    defines: { ...weightLoads('f32'), A_BY_DEPTH: false, B_BY_COLUMN: false, ...finish },
    uniforms: { ...shape, alpha },
    tensors: { c: out, partial, bias: fused[0], addend: fused[1], gate: fused[2] },
    workgroups: threadGroups(m * n),
  });
}
