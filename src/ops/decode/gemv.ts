/** How a GEMV of few rows (the decode slots of a step) is laid over threads: the constants of shaders/lib/gemv_*.wgsl. */
import type { Traits } from '../../gpu/index.ts';
import { variantFor } from '../tuning/variants.ts';

/** Most rows that a thread keeps sums of. */
const MOST_ROWS = 8;
/** Minimum K per lane (in vec4 steps) before K is split over another lane. */
const STEPS_PER_LANE = 4;
/** Most lanes of a group; twice as many where groups are so few that their workgroups leave a GPU idle. */
const MOST_LANES = 32;
const FEW_GROUPS = 64;
/** Threads that keep a discrete GPU's memory busy, and the most of them that share K of four columns in the subgroup variant. */
const BUSY_THREADS = 2 ** 18;
const MOST_SHARING = 256;

/** The kernel variant of a decode step. */
export interface DecodeVariant {
  readonly name: 'thread' | 'workgroup' | 'subgroup';
  /** Threads of a subgroup; 0 in the other variants. */
  readonly lanes: number;
}

/** A variant as a device runs it. */
export const decodeVariant = (name: string, { lanes }: Pick<Traits, 'lanes'>): DecodeVariant => {
  if (name !== 'thread' && name !== 'workgroup' && name !== 'subgroup') {
    throw new Error(`decode: there is no kernel variant "${name}" in src/ops/decode/gemv.ts.`);
  }
  return { name, lanes: name === 'subgroup' ? lanes : 0 };
};

/** The variant that a device takes. */
export const decodeVariantOf = (traits: Traits): DecodeVariant =>
  decodeVariant(variantFor('decode', { work: 'decode' }, traits), traits);

/** One kernel of a decode step in each variant: shaders/FOLDER/VARIANT.wgsl. */
export const inEachVariant = <K>(
  folder: string,
  define: (shader: string) => K,
): Readonly<Record<DecodeVariant['name'], K>> => ({
  thread: define(`${folder}/thread`),
  workgroup: define(`${folder}/workgroup`),
  subgroup: define(`${folder}/subgroup`),
});

const powerBelow = (count: number): number => 2 ** Math.floor(Math.log2(Math.max(1, count)));

/** How many threads share K of `groups` groups of columns: a power of two. */
function lanesOf({ name, lanes }: DecodeVariant, depth: number, groups: number): number {
  if (name === 'thread') return 1;
  if (name === 'subgroup') {
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

/** Threads of a workgroup by variant: few where each works by itself, so that every core of a processor has some. */
const WORKGROUP_THREADS = { thread: 16, workgroup: 64 } as const;

export interface GemvLayout {
  readonly defines: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
}

/** Constants and grid of a GEMV of so many rows and groups of four columns. */
export function gemvLayout(
  variant: DecodeVariant,
  { rows, depth, groups }: { readonly rows: number; readonly depth: number; readonly groups: number },
): GemvLayout {
  const block = rowBlocks(rows);
  const lanes = lanesOf(variant, depth, groups);
  const { name } = variant;
  const defines = {
    ROWS: block.rows,
    ...(name === 'thread' ? {} : { LANES: lanes }),
    ...(name === 'subgroup' ? { SUBGROUP: variant.lanes } : {}),
  };
  const columns = name === 'subgroup' ? groups : Math.ceil((groups * lanes) / WORKGROUP_THREADS[name]);
  return { defines, workgroups: [columns, block.blocks, 1] };
}
