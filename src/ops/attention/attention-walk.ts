/** How attention walks over queries and keys, by what suits the device. */
import { kernelsOf, type Traits } from '../../gpu/index.ts';

export const uniforms = ['queries', 'keys', 'heads', 'group', 'parts', 'scale'] as const;

/** The walks over keys and queries: a thread for itself, or teams of a subgroup's lanes. */
function walks(shader: string) {
  const kernel = kernelsOf(shader, uniforms);
  const reads = ['q', 'k', 'v', 'd_o', 'saved_moments'] as const;
  return {
    forward: kernel('forward', { reads: ['q', 'k', 'v', 'spans'], writes: ['o', 'lse'] }),
    backwardQueries: kernel('backward_queries', { reads: [...reads, 'spans'], writes: ['dq'] }),
    backwardKeys: kernel('backward_keys', { reads: [...reads, 'key_spans'], writes: ['dk', 'dv'] }),
  };
}
const ALONE = walks('attention');
const TEAMS = walks('attention_teams');

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

export interface Walk {
  readonly kernels: typeof ALONE;
  readonly forward: Share;
  readonly backward: Share;
  /** Workgroups that share out the queries of a key and KV head, each with gradients of its own to be summed. */
  readonly partsOf: (extents: Extents) => number;
}

/** Columns that the kernels read at a time. */
export const VECTOR = 4;
const SMALLEST_TEAM = 4;

/** The class of work that attention is, for tuning. */
export const ATTENTION = 'attention';

/** Whether subgroups of that many threads have teams. */
export const hasTeams = (lanes: number): boolean => lanes >= SMALLEST_TEAM;

/** By teams where a GPU proved them right and fast; else by single threads. */
export function walkOf({ isSoftware, lanes, makers }: Traits, headDim: number): Walk {
  const isProved = makers?.[ATTENTION] === 'subgroup' && hasTeams(lanes);
  if (headDim % 16 === 0 && !isSoftware && isProved) return byTeams(lanes, headDim);
  return alone(isSoftware, headDim);
}

/** Processors' compilers leave loops as they are, and a thread's rows in memory with them. */
function alone(writtenOut: boolean, headDim: number): Walk {
  const share = { rows: 64, defines: { VECS: headDim / VECTOR, WRITTEN_OUT: writtenOut } };
  return { kernels: ALONE, forward: share, backward: share, partsOf: ({ group }) => group };
}

/** Numbers of a row that a lane has at least: with fewer, teams hand round more than they read. */
const LEAST_COLUMNS = 8;
/** Numbers that a lane keeps of its team's own rows: forward of two kinds of rows, backward of three or four. */
const FORWARD_REGISTERS = 32;
const BACKWARD_REGISTERS = 16;
const MOST_OWN_ROWS = 8;

function byTeams(lanes: number, headDim: number): Walk {
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
  return { kernels: TEAMS, forward, backward, partsOf };
}

/** A large GPU is busy to the end with so many workgroups, though few of them have most to do. */
const MANY_WORKGROUPS = 12_288;
const MOST_PARTS = 16;
/** Of queries times heads: a part with fewer is not worth its sum. */
const LEAST_QUERIES = 64;
/** WebGPU's default maxStorageBufferBindingSize. */
const MOST_BYTES = 2 ** 27;

/** Keys of a prompt are seen by all of its completions, others by few: the more parts, the more even the work. */
function evenParts({ queries, keys, kvHeads, group }: Extents, headDim: number, rows: number): number {
  const wanted = Math.ceil(MANY_WORKGROUPS / (Math.ceil(keys / rows) * kvHeads));
  const useful = Math.floor((queries * group) / LEAST_QUERIES);
  const fitting = Math.floor(MOST_BYTES / (4 * keys * kvHeads * headDim));
  return Math.max(1, Math.min(wanted, MOST_PARTS, useful, fitting));
}
