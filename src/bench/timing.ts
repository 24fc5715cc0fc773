/** Times several ways to compute the same thing, in turns, so that a busy machine slows them all alike. Runs anywhere. */
import { quantile } from '../math/stats.ts';
import { medianPolish } from './median-polish.ts';

/** One way to compute something on a device. */
export interface Contestant {
  /** Things that one computation makes, where several are made at a time: times are per thing. */
  readonly units?: number;
  /** Starts one computation; it need not have run when this returns. */
  start(): void | Promise<void>;
  /** Resolves when the device has run everything that was started. */
  settle(): Promise<void>;
  /** What the last computation gave, for comparison; called after `settle`. */
  result(): Promise<Float32Array>;
  dispose(): void;
}

export interface TimingOptions {
  /** Samples of each contestant. */
  readonly samples: number;
  /** A sample computes as often as fills this many milliseconds, so that waiting for the device weighs little. */
  readonly sampleMs: number;
  /** Once the samples of one comparison have taken this long, seven of each are enough. */
  readonly patienceMs: number;
}

export const DEFAULT_TIMING: TimingOptions = { samples: 15, sampleMs: 40, patienceMs: 30_000 };

const LEAST_SAMPLES = 7;
const MOST_REPEATS = 64;

/**
 * Milliseconds of one computation: the median over the samples, each round's own speed of the machine taken out of all that it timed, and
 * the quartiles as they were.
 */
export interface Timing {
  readonly medianMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** Milliseconds of one of `repeats` computations (per unit), the wait for the device included. */
async function sample(contestant: Contestant, repeats: number, now: () => number): Promise<number> {
  const start = now();
  for (let repeat = 0; repeat < repeats; repeat++) await contestant.start();
  await contestant.settle();
  return (now() - start) / repeats / (contestant.units ?? 1);
}

/** A computation that does not count says how often a sample should compute. */
async function repeatsFor(contestant: Contestant, sampleMs: number, now: () => number): Promise<number> {
  const ms = (await sample(contestant, 1, now)) * (contestant.units ?? 1);
  return Math.max(1, Math.min(MOST_REPEATS, Math.floor(sampleMs / Math.max(ms, 1e-3))));
}

const timingOf = (samples: readonly number[], medianMs: number): Timing => ({
  medianMs,
  lowMs: quantile(samples, 0.25),
  highMs: quantile(samples, 0.75),
});

/**
 * Milliseconds of every sample of each contestant. Turn by turn: every round takes one sample of each. Each must have computed
 * once before, so that its pipelines are compiled.
 */
export async function samplesInTurns(
  contestants: readonly Contestant[],
  options: TimingOptions = DEFAULT_TIMING,
  now: () => number = () => performance.now(),
): Promise<number[][]> {
  const repeats: number[] = [];
  for (const contestant of contestants) repeats.push(await repeatsFor(contestant, options.sampleMs, now));
  const samples = contestants.map((): number[] => []);
  const start = now();
  for (let round = 0; round < options.samples; round++) {
    if (round >= LEAST_SAMPLES && now() - start > options.patienceMs) break;
    for (const [at, contestant] of contestants.entries()) {
      samples[at]!.push(await sample(contestant, repeats[at]!, now));
    }
  }
  return samples;
}

/** The same, summed up. */
export async function timeInTurns(
  contestants: readonly Contestant[],
  options?: TimingOptions,
  now?: () => number,
): Promise<Timing[]> {
  const samples = await samplesInTurns(contestants, options, now);
  const { rows } = medianPolish(samples);
  return samples.map((one, at) => timingOf(one, rows[at]!));
}
