/** What a run is on the device, put there. */

import type { RewardPanel } from '../rewards/panel.ts';
import { GateRows } from '../rl/media/gate.ts';
import { loadPolicy, type Policy } from '../rl/policy/policy.ts';
import type { Start } from '../rl/policy/start-weights.ts';
import type { RunPrompts } from '../rl/prompts.ts';
import { RunContext, SamplingContext } from '../rl/run-context.ts';
import { ceilingsOf } from './gpu/quick-ceilings.ts';
import type { OpenModel } from './inputs/model.ts';
import { measuredOptions, mostPositions, policyOptions, runSetup, runTexts, startOf } from './run-options.ts';
import type { RunParts } from './run-parts.ts';
import { TrainingRows } from './training-rows.ts';

/** What of a run lies on the device, and what it goes through. */
export interface Loaded {
  readonly policy: Policy;
  readonly context: SamplingContext;
  readonly gate: GateRows;
  readonly rows: TrainingRows;
}

/** What a run is made of beside its parts. */
interface OnDevice {
  readonly files: OpenModel['files'];
  readonly prompts: RunPrompts;
  readonly loaded: Loaded;
  readonly start: Start | undefined;
}

/** Loads the weights and records what runs on them. With `begins`, the clips of a first step are read meanwhile. */
export async function putOnDevice(
  parts: RunParts,
  rewards: RewardPanel | undefined,
  { begins = false }: { begins?: boolean },
): Promise<OnDevice> {
  const { gpu, model, config, data, trains } = parts;
  // What clips were read back through is larger than what a run needs.
  gpu.trim();
  const texts = runTexts(model, config, data.examples, gpu);
  const { prompts } = texts;
  const rows = new TrainingRows({ ...parts, prompts });
  if (begins) rows.lookAhead();
  const start = trains ? await startOf(model, config) : undefined;
  const options = trains
    ? policyOptions(model.files.family, config, mostPositions(texts, config), start)
    : measuredOptions(config, mostPositions({ ...texts, longestAnswer: 1 }, config));
  const files = start?.files ?? model.files;
  const policy = await loadPolicy(gpu, files, options, parts.report.weights);
  try {
    const gate = new GateRows(gpu, policy, policy.options.trainBert);
    await gate.prepare([prompts.shown.gateIds]);
    const ceilings = trains ? await ceilingsOf(gpu) : undefined;
    const setup = runSetup(model, texts, { policy, config, ceilings, rewards });
    const context = await gpu.pipelines.reporting(parts.report.kernels, () =>
      trains ? RunContext.create(setup, { samples: config.stage === 'grpo' }) : SamplingContext.open(setup),
    );
    return { files, prompts, loaded: { policy, context, gate, rows }, start };
  } catch (error) {
    policy[Symbol.dispose]();
    throw error;
  }
}
