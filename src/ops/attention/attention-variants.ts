/** The kernel variants of attention, and how each is laid over threads. */
import { kernelsOf, type Traits } from '../../gpu/index.ts';
import { variantFor } from '../tuning/variants.ts';

export const uniforms = ['queries', 'keys', 'heads', 'group', 'parts', 'scale'] as const;

function kernelsIn(shader: string) {
  const kernel = kernelsOf(shader, uniforms);
  const reads = ['q', 'k', 'v', 'd_o', 'saved_moments'] as const;
  return {
    forward: kernel('forward', { reads: ['q', 'k', 'v', 'spans'], writes: ['o', 'lse'] }),
    backwardQueries: kernel('backward_queries', { reads: [...reads, 'spans'], writes: ['dq'] }),
    backwardKeys: kernel('backward_keys', { reads: [...reads, 'key_spans'], writes: ['dk', 'dv'] }),
  };
}
const THREAD = kernelsIn('attention/thread');
const UNROLLED = kernelsIn('attention/thread-unrolled');
const SUBGROUP = kernelsIn('attention/subgroup');

/** Queries, or keys, of one head that a workgroup takes. */
interface Share {
  readonly rows: number;
  readonly defines: Readonly<Record<string, number | boolean>>;
}

interface Extents {
  readonly queries: number;
  readonly keys: number;
  readonly kvHeads: number;
  /** Query heads to a KV head. */
  readonly group: number;
}

export interface AttentionVariant {
  readonly kernels: typeof THREAD;
  readonly forward: Share;
  readonly backward: Share;
  /** Parts into which the queries of a key and KV head are split over workgroups; their gradients are summed afterwards. */
  readonly partsOf: (extents: Extents) => number;
}

/** Columns that the kernels read at a time. */
export const VECTOR = 4;
const SMALLEST_TEAM = 4;

/** The variant that a device takes for heads of that size. */
export function variantOf(traits: Traits, headDim: number): AttentionVariant {
  const variant = variantFor('attention', { work: 'attention', headDim }, traits);
  switch (variant) {
    case 'thread':
      return byThreads(THREAD, headDim);
    case 'thread-unrolled':
      return byThreads(UNROLLED, headDim);
    case 'subgroup':
      return bySubgroups(traits.lanes, headDim);
    default:
      throw new Error(
        `attention: the variant "${variant}" has no layout in src/ops/attention/attention-variants.ts.`,
      );
  }
}

function byThreads(kernels: typeof THREAD, headDim: number): AttentionVariant {
  const share = { rows: 64, defines: { VECS: headDim / VECTOR } };
  return { kernels, forward: share, backward: share, partsOf: ({ group }) => group };
}

/** Fewest columns of a row in a lane: with fewer, teams exchange more than they read. */
const LEAST_COLUMNS = 8;
/** Values of its team's own rows that a lane keeps in registers: forward of two tensors, backward of three or four. */
const FORWARD_REGISTERS = 32;
const BACKWARD_REGISTERS = 16;
const MOST_OWN_ROWS = 8;

/** Teams of a subgroup's lanes share rows by their columns. */
function bySubgroups(lanes: number, headDim: number): AttentionVariant {
  const fits = (team: number): boolean =>
    team <= lanes && headDim % (VECTOR * team) === 0 && headDim / team >= LEAST_COLUMNS;
  const team = [16, 8].find(fits) ?? SMALLEST_TEAM;
  const share = (registers: number): Share => {
    let own = Math.min(team, MOST_OWN_ROWS);
    while (own > 1 && (own * headDim) / team > registers) own /= 2;
    const defines = { VECS: headDim / VECTOR, LANES: lanes, TEAM: team, OWN: own };
    return { rows: (lanes / team) * own, defines };
  };
  const [forward, backward] = [share(FORWARD_REGISTERS), share(BACKWARD_REGISTERS)];
  const partsOf = (extents: Extents): number => evenParts(extents, headDim, backward.rows);
  return { kernels: SUBGROUP, forward, backward, partsOf };
}

/** Workgroups that keep a large GPU busy to the end, though their work is uneven. */
const MANY_WORKGROUPS = 12_288;
const MOST_PARTS = 16;
/** Fewest queries times heads in a part: with fewer, summing the parts costs more than it gains. */
const LEAST_QUERIES = 64;
/** WebGPU's default maxStorageBufferBindingSize: larger bindings must not change in which order gradients are summed. */
const MOST_BYTES = 2 ** 27;

/** Keys of a prompt are seen by all of its completions, others by few: the more parts, the more even the work. */
function evenParts({ queries, keys, kvHeads, group }: Extents, headDim: number, rows: number): number {
  const wanted = Math.ceil(MANY_WORKGROUPS / (Math.ceil(keys / rows) * kvHeads));
  const useful = Math.floor((queries * group) / LEAST_QUERIES);
  const fitting = Math.floor(MOST_BYTES / (4 * keys * kvHeads * headDim));
  return Math.max(1, Math.min(wanted, MOST_PARTS, useful, fitting));
}
