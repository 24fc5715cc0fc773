/** What of a device decides which kernel variants it runs. */
export interface Traits {
  /** Whether the adapter is the processor itself: few threads, dear barriers, and loads that cost more than arithmetic. */
  readonly isSoftware: boolean;
  /** Threads of a subgroup where shaders may use subgroups and all have the same number of threads, else 0. */
  readonly lanes: number;
  /** Whether shaders may use f16. */
  readonly halves: boolean;
  /** The fastest kernel variant by class of work (src/ops/tuning/variants.ts), where that was measured on the device. */
  readonly variants?: Readonly<Record<string, string>>;
}

/** A GPU without subgroups and f16. */
export const PLAIN: Traits = { isSoftware: false, lanes: 0, halves: false };
