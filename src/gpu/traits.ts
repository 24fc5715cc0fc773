/**
 * Who does a piece of work, as a tile of a matrix product: a thread by itself, a subgroup together, or a workgroup by way of its memory,
 * where 16-bit weights may lie as f16.
 */
export const TILE_MAKERS = ['thread', 'subgroup', 'workgroup', 'f16 workgroup'] as const;
export type TileMaker = (typeof TILE_MAKERS)[number];

/** What of a device decides how work is laid over its threads. */
export interface Traits {
  /** Whether the adapter is the processor itself: few threads, dear barriers, and loads that cost more than arithmetic. */
  readonly isSoftware: boolean;
  /** Threads of a subgroup where shaders may use subgroups and all have the same number of threads, else 0. */
  readonly lanes: number;
  /** Whether shaders may use f16. */
  readonly halves: boolean;
  /** Who does a class of work (src/ops/tuning/tune.ts), where that was measured on the device. */
  readonly makers?: Readonly<Record<string, TileMaker>>;
}

/** A GPU without subgroups and f16. */
export const PLAIN: Traits = { isSoftware: false, lanes: 0, halves: false };
