/** Autotuning of a device: the fastest kernel variant for each class of work. */
import type { Gpu } from '../../gpu/index.ts';
import { Arena, Plan, Recorder } from '../../gpu/index.ts';
import { tuneAttention } from '../attention/tune-attention.ts';
import { tuneDecode } from '../decode/tune-decode.ts';
import { tuneMatmul } from '../matmul/tune-matmul.ts';
import type { Finding, TuningOptions } from './autotune.ts';
import { recordChains } from './ceilings.ts';
import { type Variant, WORK } from './variants.ts';

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

/** What was found, by class of work. */
export type Findings = Readonly<Record<string, Finding>>;

/** Times the variants of each class of work. */
export async function tune(gpu: Gpu, options: TuningOptions = {}): Promise<Findings> {
  if (!gpu.isSoftware) await warmUp(gpu);
  return {
    ...(await tuneMatmul(gpu, options)),
    attention: await tuneAttention(gpu, options),
    decode: await tuneDecode(gpu, options),
  };
}

const named = (work: string): string => (WORK as Readonly<Record<string, string>>)[work] ?? work;

/** The findings as one line: the variant that is taken, and milliseconds of all. */
export function tuningText(found: Findings): string {
  const classes = Object.entries(found).map(([work, { variant, ms }]) => {
    const times = Object.entries(ms).map(([each, time]) => `${each} ${time.toFixed(2)} ms`);
    return `${named(work)}: ${variant} (${times.join(', ')})`;
  });
  return `kernel variants: ${classes.join('; ')}`;
}

/** The variants that a device takes by these findings, for its traits. */
export const variantsOf = (found: Findings): Record<string, Variant> =>
  Object.fromEntries(Object.entries(found).map(([work, { variant }]) => [work, variant]));

/** The same with classes of work as people read them. */
export const namedVariants = (variants: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variants).map(([work, variant]) => [named(work), variant]));
