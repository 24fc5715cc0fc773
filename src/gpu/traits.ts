/** What of a device decides how work is laid over its threads. */
export interface Traits {
  /** Whether the adapter is the processor itself: few threads, dear barriers, and loads that cost more than arithmetic. */
  readonly isSoftware: boolean;
  /** Threads of a subgroup where shaders may use subgroups and all have the same number of threads, else 0. */
  readonly lanes: number;
}

/** A GPU without subgroups. */
export const PLAIN: Traits = { isSoftware: false, lanes: 0 };
