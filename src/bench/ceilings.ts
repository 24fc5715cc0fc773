import { defineKernel, type Gpu, read, write } from '../gpu/index.ts';
import type { Ceilings } from '../protocol/bench.ts';
import { plannedContestant } from './planned.ts';
import { type TimingOptions, timeInTurns } from './timing.ts';

const uniforms = { count: 'u32', steps: 'u32', factor: 'f32' } as const;
const bindings = { x: read(1), y: write(2) };
const copy = defineKernel({ shader: 'ceilings', entry: 'copy', uniforms, bindings });
const multiplyAdd = defineKernel({ shader: 'ceilings', entry: 'multiply_add', uniforms, bindings });

/** vec4 copied: 64 MiB, more than caches hold. */
const COPY_COUNT = 1 << 22;
const FEWEST_THREADS = 1 << 14;
/** More than any device runs at a time. */
const MOST_THREADS = 1 << 20;
const FEWEST_STEPS = 1 << 6;
const MOST_STEPS = 1 << 14;
/** A dispatch that takes as long hides what it costs to submit it. */
const BUSY_MS = 5;
/** Eight links of eight chains of vec4, a multiplication and an addition each. */
const OPERATIONS_A_STEP = 512;

async function bestMs(
  gpu: Gpu,
  kernel: typeof copy,
  count: number,
  steps: number,
  timing: TimingOptions,
  now?: () => number,
): Promise<number> {
  const x = gpu.tensor('inputs', 'ceiling input', [4 * count]);
  const contestant = await plannedContestant(gpu, kernel.entry, ({ recorder }) => {
    const y = recorder.temp('ceiling output', [4 * count]);
    const workgroups = Math.ceil(count / 64);
    recorder.dispatch(kernel, { uniforms: { count, steps, factor: 0.5 }, tensors: { x, y }, workgroups });
    return y;
  });
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
    const ms = await bestMs(gpu, multiplyAdd, threads, steps, timing, now);
    if (ms >= BUSY_MS || steps >= MOST_STEPS) return (threads * steps * OPERATIONS_A_STEP) / ms / 1e6;
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
  const copyMs = await bestMs(gpu, copy, COPY_COUNT, 0, timing, now);
  return {
    gflops: await chainRate(gpu, timing, now),
    gigabytes: (2 * 16 * COPY_COUNT) / copyMs / 1e6,
  };
}
