import { type DeviceSpan, type Gpu, millisecondsByPart } from '../../gpu/index.ts';
import type { Phase } from '../../protocol/phases.ts';
import { type Span, traceStep } from './trace.ts';

/** What a step awaits one after the other, by the wall. */
export type Stage = 'media' | 'rollout' | 'rewards' | 'update';
/** Parts that recordings are marked with, in the order of a step. */
const DEVICE_PARTS = ['prefill', 'decode', 'reference', 'forward', 'backward', 'optimizer'] as const;

export interface StepTimes {
  /** Seconds of the whole step. */
  readonly total: number;
  /** Seconds by the wall. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
  /** Seconds by phase; they add up to `total`. Phases that a step does not have are left out. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
}

/** Times a step from its construction on. The device's own clock says what of rollout and update the device worked. */
export class StepClock {
  readonly #gpu: Gpu;
  readonly #start = performance.now();
  readonly #stages: (Span & { name: Stage })[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    gpu.clock.start();
  }

  async time<T>(name: Stage, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#stages.push({ name, start, end: performance.now() });
    }
  }

  /** Ends the step, numbered as people count, and leaves it in the browser's performance recording. */
  async end(step: number): Promise<StepTimes> {
    const end = performance.now();
    const spans = await this.#gpu.clock.take();
    traceStep({ name: `step ${step}`, start: this.#start, end }, this.#stages, spans);
    const total = (end - this.#start) / 1000;
    const stages: Partial<Record<Stage, number>> = {};
    for (const { name, start, end } of this.#stages)
      stages[name] = (stages[name] ?? 0) + (end - start) / 1000;
    return { total, stages, phases: phasesOf(total, stages, spans) };
  }
}

/** Of rollout and update the device's part is told; what is left of the step, wherever it was, is the host's. */
function phasesOf(
  total: number,
  stages: StepTimes['stages'],
  spans: readonly DeviceSpan[],
): StepTimes['phases'] {
  const device = millisecondsByPart(spans);
  const phases: Partial<Record<Phase, number>> = {};
  const add = (phase: Phase, seconds: number | undefined): void => {
    if (seconds !== undefined) phases[phase] = seconds;
  };
  add('media', stages.media);
  for (const part of DEVICE_PARTS) {
    if (part === 'reference') add('rewards', stages.rewards);
    if (device[part] !== undefined) add(part, device[part] / 1000);
  }
  const known = Object.values(phases).reduce((sum, seconds) => sum + seconds, 0);
  return { ...phases, host: Math.max(0, total - known) };
}
