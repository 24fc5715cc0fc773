import { type Gpu, probeMemory } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { formatBytes } from '../math/format.ts';
import type { Config } from '../protocol/config.ts';
import type { Inputs, Opened } from './inputs/inputs.ts';
import { planMemory } from './memory-plan.ts';
import { runTexts } from './run-options.ts';

/** @throws InputError where the device, which holds the run, has no room for what it would take more with other settings */
export async function demandMoreRoom(
  { model, data, gpu }: Pick<Opened, 'model' | 'data'> & { readonly gpu: Gpu },
  { from, to }: { from: Config; to: Config },
  rewardModels: Inputs['rewardModels'],
): Promise<void> {
  const peakWith = async (config: Config): Promise<number> => {
    const texts = runTexts(model, config, data.examples, gpu);
    return (await planMemory(model, config, texts, gpu, rewardModels.ofRun(config))).peak.training;
  };
  const more = (await peakWith(to)) - (await peakWith(from));
  if (more <= 0) return;
  const free = await probeMemory(gpu, more);
  if (free >= more) return;
  throw new InputError(
    `With these settings the run takes ${formatBytes(more)} of GPU memory more; ${formatBytes(free)} could be had.`,
    { hint: 'Close other tabs and programs that use the GPU, or change less.' },
  );
}
