/** Who makes a tile of a matrix product: a thread by itself, or a subgroup together. */
export type TileMaker = 'thread' | 'subgroup';

/** What of a device decides how work is laid over its threads. */
export interface Traits {
  /** Whether the adapter is the processor itself: few threads, dear barriers, and loads that cost more than arithmetic. */
  readonly isSoftware: boolean;
  /** Threads of a subgroup where shaders may use subgroups and all have the same number of threads, else 0. */
  readonly lanes: number;
  /** Who makes the tiles of a product, by its class (src/ops/matmul.ts), where that was measured on the device. */
  readonly makers?: Readonly<Record<string, TileMaker>>;
}

/** A GPU without subgroups. */
export const PLAIN: Traits = { isSoftware: false, lanes: 0 };
