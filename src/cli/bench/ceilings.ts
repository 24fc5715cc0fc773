import type { Gpu, Recorder, Tensor } from '../../gpu/index.ts';
import { type Ceilings, CHAIN_OPERATIONS, recordChains, recordCopy } from '../../ops/ceilings.ts';

export type { Ceilings } from '../../ops/ceilings.ts';

import { plannedContestant } from './planned.ts';
import { type TimingOptions, timeInTurns } from './timing.ts';

/** vec4 copied: 64 MiB, more than caches hold. */
const COPY_COUNT = 1 << 22;
const CHAIN_THREADS = 1 << 14;
const CHAIN_STEPS = 1 << 6;

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

/** Measures both ceilings by the clock `now`. */
export async function measureCeilings(
  gpu: Gpu,
  timing: TimingOptions,
  now?: () => number,
): Promise<Ceilings> {
  const chainMs = await bestMs(
    gpu,
    CHAIN_THREADS,
    (recorder, x) => recordChains(recorder, x, CHAIN_STEPS),
    timing,
    now,
  );
  const copyMs = await bestMs(gpu, COPY_COUNT, recordCopy, timing, now);
  return {
    gflops: (CHAIN_THREADS * CHAIN_STEPS * CHAIN_OPERATIONS) / chainMs / 1e6,
    gigabytes: (2 * 16 * COPY_COUNT) / copyMs / 1e6,
  };
}
