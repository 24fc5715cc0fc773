export type ScheduleKind = 'constant' | 'linear' | 'cosine';

export interface Schedule {
  readonly kind: ScheduleKind;
  /** Optimizer steps of the whole run. */
  readonly totalSteps: number;
  /** Steps during which the rate climbs from 0. */
  readonly warmupSteps: number;
}

/**
 * Factor on the learning rate at optimizer step `step`, counted from 0, by the formulas of transformers:
 *   step < W:  step / W
 *   constant:  1
 *   linear:    max(0, (T - step) / (T - W))
 *   cosine:    max(0, (1 + cos(π · (step - W) / (T - W))) / 2)
 * with W warm-up steps and T steps in all.
 */
export function scheduleFactor({ kind, totalSteps, warmupSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  const span = Math.max(1, totalSteps - warmupSteps);
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return Math.max(0, (totalSteps - step) / span);
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / span)));
    default:
      return kind satisfies never;
  }
}
