/** How products of few rows with a weight are laid over threads: the constants of shaders/lib/few_rows.wgsl. */

/** Most rows that a thread keeps sums of. */
const MOST_ROWS = 8;
/** Depths that a lane should have at least, in steps of four, before another lane shares them. */
const STEPS_PER_LANE = 4;
/** Most lanes of a group; where the groups are few, there are too few workgroups to keep a GPU busy, and it may be twice as many. */
const MOST_LANES = 32;
const FEW_GROUPS = 64;

export interface RowBlocks {
  /** Workgroups along y. */
  readonly blocks: number;
  /** Rows of each, at most 8. */
  readonly rows: number;
}

/** Cuts rows into blocks of nearly equal size. */
export function rowBlocks(rows: number): RowBlocks {
  const blocks = Math.ceil(rows / MOST_ROWS);
  return { blocks, rows: Math.ceil(rows / blocks) };
}

const powerBelow = (count: number): number => 2 ** Math.floor(Math.log2(Math.max(1, count)));

/** How many of a workgroup's threads share the depth of `groups` groups of columns: a power of two. */
export type LaneRule = (depth: number, groups: number) => number;

/** For GPUs: as many as the depth keeps busy, and no fewer than leave no group without columns. */
export const sharedDepth: LaneRule = (depth, groups) => {
  const busy = powerBelow(depth / 4 / STEPS_PER_LANE);
  const useful = powerBelow(64 / groups);
  return Math.min(groups > FEW_GROUPS ? MOST_LANES : 2 * MOST_LANES, Math.max(busy, useful));
};

/** For software adapters, where a barrier costs more than what is shared: every thread for itself. */
export const wholeDepth: LaneRule = () => 1;

/** Whether threads work together on a row. */
export interface Threads {
  readonly lanes: LaneRule;
  /** Whether a workgroup shares the keys of a row's attention. */
  readonly shareKeys: boolean;
}

export const TOGETHER: Threads = { lanes: sharedDepth, shareKeys: true };
export const ALONE: Threads = { lanes: wholeDepth, shareKeys: false };

/** What suits a device. */
export const threadsOf = ({ isSoftware }: { readonly isSoftware: boolean }): Threads =>
  isSoftware ? ALONE : TOGETHER;

/** Threads of a workgroup; fewer where none shares anything, so that every core of a processor has some. */
const workgroupThreads = (lanes: number): number => (lanes === 1 ? 16 : 64);

/** Workgroups along x. */
export const groupWorkgroups = (groups: number, lanes: number): number =>
  Math.ceil((groups * lanes) / workgroupThreads(lanes));
