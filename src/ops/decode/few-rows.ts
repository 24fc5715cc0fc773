/** How products of few rows with a weight are laid over threads: the constants of shaders/lib/few_rows*.wgsl. */
import type { Traits } from '../../gpu/index.ts';

/** Most rows that a thread keeps sums of. */
const MOST_ROWS = 8;
/** Depths that a lane should have at least, in steps of four, before another lane shares them. */
const STEPS_PER_LANE = 4;
/** Most lanes of a group; where the groups are few, there are too few workgroups to keep a GPU busy, and it may be twice as many. */
const MOST_LANES = 32;
const FEW_GROUPS = 64;
/** Threads that keep a discrete GPU's memory busy, and the most of them that share the depth of four columns by subgroups. */
const BUSY_THREADS = 2 ** 18;
const MOST_SHARING = 256;
/** Threads of a subgroup that eight rows can be dealt to. */
const LEAST_LANES = 8;

/**
 * How threads work on a few rows: each by itself, for software adapters, where a barrier costs more than what is shared; the threads
 * of a workgroup by way of its memory; or by subgroups, where that was found to be right and fast on the device.
 */
export interface Threads {
  readonly kind: 'alone' | 'together' | 'subgroups';
  /** Threads of a subgroup; 0 unless they work by subgroups. */
  readonly lanes: number;
}

export const ALONE: Threads = { kind: 'alone', lanes: 0 };
export const TOGETHER: Threads = { kind: 'together', lanes: 0 };
/** By subgroups of that many threads. */
export const bySubgroups = (lanes: number): Threads => ({ kind: 'subgroups', lanes });

/** What suits a device. */
export function threadsOf({ isSoftware, lanes, makers }: Traits): Threads {
  if (isSoftware) return ALONE;
  return makers?.[DECODE] === 'subgroup' && canShareBySubgroups(lanes) ? bySubgroups(lanes) : TOGETHER;
}

/** The class of work that a decode step is, for tuning. */
export const DECODE = 'decode';

/** Whether subgroups of that many threads can share the rows. */
export const canShareBySubgroups = (lanes: number): boolean => lanes >= LEAST_LANES;

const powerBelow = (count: number): number => 2 ** Math.floor(Math.log2(Math.max(1, count)));

/** How many threads share the depth of `groups` groups of columns: a power of two. */
function lanesOf({ kind, lanes }: Threads, depth: number, groups: number): number {
  if (kind === 'alone') return 1;
  if (kind === 'subgroups') {
    const busy = powerBelow(BUSY_THREADS / groups);
    return Math.max(lanes, Math.min(MOST_SHARING, busy, powerBelow(depth / 4)));
  }
  const busy = powerBelow(depth / 4 / STEPS_PER_LANE);
  const useful = powerBelow(64 / groups);
  return Math.min(groups > FEW_GROUPS ? MOST_LANES : 2 * MOST_LANES, Math.max(busy, useful));
}

/** Cuts rows into blocks of nearly equal size, of at most 8. */
function rowBlocks(rows: number): { readonly blocks: number; readonly rows: number } {
  const blocks = Math.ceil(rows / MOST_ROWS);
  return { blocks, rows: Math.ceil(rows / blocks) };
}

/** Threads of a workgroup that share nothing, or by way of its memory: fewer of the former, so that every core of a processor has some. */
const workgroupThreads = (lanes: number): number => (lanes === 1 ? 16 : 64);

export interface RowLayout {
  readonly defines: {
    readonly ROWS: number;
    readonly LANES: number;
    readonly SUBGROUPS: boolean;
    readonly SUBGROUP: number;
  };
  readonly workgroups: readonly [number, number, number];
}

/** Constants and grid of a product of few rows that has so many groups of columns. */
export function layRows(
  threads: Threads,
  { rows, depth, groups }: { readonly rows: number; readonly depth: number; readonly groups: number },
): RowLayout {
  const block = rowBlocks(rows);
  const lanes = lanesOf(threads, depth, groups);
  const isBySubgroups = threads.kind === 'subgroups';
  const columns = isBySubgroups ? groups : Math.ceil((groups * lanes) / workgroupThreads(lanes));
  return {
    defines: { ROWS: block.rows, LANES: lanes, SUBGROUPS: isBySubgroups, SUBGROUP: threads.lanes },
    workgroups: [columns, block.blocks, 1],
  };
}
