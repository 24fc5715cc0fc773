/** What a device does fastest in which way: measured on it, and only where the ways agree there. */
import type { Gpu, TileMaker } from '../../gpu/index.ts';
import { Arena, Plan, Recorder } from '../../gpu/index.ts';
import { ATTENTION } from '../attention/attention-walk.ts';
import { tuneAttention } from '../attention/tune-attention.ts';
import { DECODE } from '../decode/few-rows.ts';
import { tuneDecode } from '../decode/tune-decode.ts';
import { tuneProducts } from '../matmul/tune-products.ts';
import { recordChains } from './ceilings.ts';
import type { Finding, TuningOptions } from './contest.ts';

/** A GPU at rest has a slow clock, and takes its time to raise it (why: D-061). */
const WARM_UP_MS = 500;
const CHAINS = { threads: 1 << 16, steps: 256 };

/** Keeps the device at work for so many milliseconds, so that what is timed next is timed at its full clock. */
export async function warmUp(gpu: Gpu, ms = WARM_UP_MS): Promise<void> {
  const x = gpu.tensor('inputs', 'warm-up', [4 * CHAINS.threads]);
  const recorder = new Recorder(gpu.traits);
  recorder.keep(recordChains(recorder, x, CHAINS.steps));
  using arena = new Arena(gpu, 'warm-up');
  using plan = await Plan.create(gpu, 'warm-up', recorder, arena);
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await plan.run();
    await gpu.device.queue.onSubmittedWorkDone();
  }
  gpu.free(x);
}

/** Who is fastest at which class of work. */
export async function tune(gpu: Gpu, options: TuningOptions = {}): Promise<Record<string, Finding>> {
  if (!gpu.isSoftware) await warmUp(gpu);
  return {
    ...(await tuneProducts(gpu, options)),
    [ATTENTION]: await tuneAttention(gpu, options),
    [DECODE]: await tuneDecode(gpu, options),
  };
}

/** The findings as one line: milliseconds by maker, and the one that is taken. */
export function tuningText(found: Readonly<Record<string, Finding>>): string {
  const classes = Object.entries(found).map(([name, { maker, ms }]) => {
    const times = Object.entries(ms).map(([each, time]) => `${each} ${time.toFixed(2)} ms`);
    return `${name} by ${maker}s (${times.join(', ')})`;
  });
  return `fastest: ${classes.join('; ')}`;
}

/** Who makes tiles by these findings. */
export const makersOf = (found: Readonly<Record<string, Finding>>): Record<string, TileMaker> =>
  Object.fromEntries(Object.entries(found).map(([name, { maker }]) => [name, maker]));
