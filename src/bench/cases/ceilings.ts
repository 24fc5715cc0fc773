import type { Gpu, Recorder, Tensor } from '../../gpu/index.ts';
import { CHAIN_OPERATIONS, recordChains, recordCopy } from '../../ops/tuning/ceilings.ts';
import type { Ceilings } from '../../protocol/bench.ts';
import { type TimingOptions, timeInTurns } from '../timing.ts';
import { plannedContestant } from './planned.ts';

/** vec4 copied: 64 MiB, more than a processor's caches hold, and 128 MiB for those of a GPU. */
const copyCount = ({ isSoftware }: Gpu): number => 1 << (isSoftware ? 22 : 23);
const FEWEST_THREADS = 1 << 14;
/** More than any device runs at a time. */
const MOST_THREADS = 1 << 20;
const FEWEST_STEPS = 1 << 6;
const MOST_STEPS = 1 << 14;
/** A dispatch that takes as long hides what it costs to submit it. */
const BUSY_MS = 5;

async function bestMs(
  gpu: Gpu,
  count: number,
  record: (recorder: Recorder, x: Tensor) => Tensor,
  timing: TimingOptions,
  now?: () => number,
): Promise<number> {
  const x = gpu.tensor('inputs', 'ceiling input', [4 * count]);
  const contestant = await plannedContestant(gpu, 'ceiling', ({ recorder }) => record(recorder, x));
  await contestant.start();
  const [time] = await timeInTurns([contestant], timing, now);
  contestant.dispose();
  gpu.free(x);
  return time!.lowMs;
}

/** GFLOP/s of multiply-adds in registers: first more threads, then longer chains, until a dispatch takes long enough. */
async function chainRate(gpu: Gpu, timing: TimingOptions, now?: () => number): Promise<number> {
  let [threads, steps] = [FEWEST_THREADS, FEWEST_STEPS];
  for (;;) {
    const length = steps;
    const ms = await bestMs(gpu, threads, (recorder, x) => recordChains(recorder, x, length), timing, now);
    if (ms >= BUSY_MS || steps >= MOST_STEPS) return (threads * steps * CHAIN_OPERATIONS) / ms / 1e6;
    if (threads < MOST_THREADS) threads *= 4;
    else steps *= 4;
  }
}

/** Measures both ceilings by the clock `now`. */
export async function measureCeilings(
  gpu: Gpu,
  timing: TimingOptions,
  now?: () => number,
): Promise<Ceilings> {
  const count = copyCount(gpu);
  const copyMs = await bestMs(gpu, count, recordCopy, timing, now);
  return {
    gflops: await chainRate(gpu, timing, now),
    gigabytes: (2 * 16 * count) / copyMs / 1e6,
  };
}
