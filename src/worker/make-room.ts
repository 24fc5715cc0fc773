import type { OpenClassifier } from '../classifiers/open.ts';
import { type Gpu, probeMemory } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { formatBytes } from '../math/format.ts';
import { type Config, parseConfig } from '../protocol/config.ts';
import { alternatives, type WhatIf } from '../protocol/memory.ts';
import type { OpenModel } from './inputs/model.ts';
import { planMemory } from './memory-plan.ts';
import type { RunTexts } from './run-options.ts';

/** The plan of each alternative to these settings that can be planned at all. */
export async function planAlternatives(
  model: OpenModel,
  config: Config,
  texts: RunTexts,
  gpu: Gpu,
  scorers: readonly OpenClassifier[] = [],
): Promise<WhatIf[]> {
  const planned: WhatIf[] = [];
  for (const { label, change } of alternatives(config)) {
    try {
      const { peak } = await planMemory(model, parseConfig({ ...config, ...change }), texts, gpu, scorers);
      planned.push({ label, change, peak: peak.training });
    } catch (error) {
      // A setting that no device could run is not offered.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return planned;
}

/** What of a run the device holds together. */
export interface Room {
  /** Whether the towers fit beside the run, so that clips can be encoded between its steps. */
  readonly besideRun: boolean;
  /** Whether the models that score answers stay between the steps, and are not loaded for each. */
  readonly rewardsStay: boolean;
}

/** @throws InputError when the device cannot hold the run, naming its largest part and the first setting that would fit */
export async function demandRoom(
  gpu: Gpu,
  model: OpenModel,
  config: Config,
  texts: RunTexts,
  scorers: readonly OpenClassifier[] = [],
): Promise<Room> {
  const plan = await planMemory(model, config, texts, gpu, scorers);
  const { peak, rewards } = plan;
  const wanted = Math.max(plan.encoding, peak.training);
  const together = Math.max(wanted, peak.withTowers);
  const free = await probeMemory(gpu, Math.max(peak.withRewards, together + rewards));
  if (free >= wanted) {
    const besideRun = free >= together;
    const staying = besideRun ? together + rewards : wanted;
    return { besideRun, rewardsStay: free >= Math.max(peak.withRewards, staying) };
  }
  const [part = '', bytes = 0] = Object.entries(plan.training).sort(([, a], [, b]) => b - a)[0] ?? [];
  const remedy = (await planAlternatives(model, config, texts, gpu, scorers)).find(
    ({ peak }) => peak <= free,
  );
  throw new InputError(
    `This run needs ${formatBytes(wanted)} of GPU memory, most of it for ${part} (${formatBytes(bytes)}); ${formatBytes(free)} could be had.`,
    {
      hint: remedy
        ? `${capital(remedy.label)} would take ${formatBytes(remedy.peak)}. Closing other tabs that use the GPU helps, too.`
        : 'Close other tabs and programs that use the GPU, or train on a GPU with more memory.',
    },
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
