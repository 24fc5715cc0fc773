/**
 * Where the time of a GRPO step goes: the embedded demo model takes the same step again and again, on clips that it neither
 * sees nor hears, with a learning rate of 0. So after the first nothing is recorded or compiled any more.
 */

import { join } from 'node:path';
import { openHumanOmni } from '../../families/humanomni/files.ts';
import { humanOmniConfig } from '../../families/humanomni/index.ts';
import type { Gpu } from '../../gpu/index.ts';
import { treeFromDisk } from '../../io/files/disk.ts';
import { formatDuration, formatPercent } from '../../math/format.ts';
import { median } from '../../math/stats.ts';
import { PHASES, type Phase } from '../../protocol/phases.ts';
import { presetConfig } from '../../protocol/presets.ts';
import { gateShape, gateTextsOf } from '../../rl/media/gate.ts';
import { loadPolicy } from '../../rl/policy/policy.ts';
import { RunContext } from '../../rl/run-context.ts';
import { grpoStep } from '../../rl/step.ts';
import { endTokenIds } from '../../text/tokenizer.ts';
import { openText } from '../demo/cold-start.ts';
import { projectRoot } from '../setup/paths.mjs';

const STEPS = 12;
const WARM_UP = 2;
const ANSWERS = ['angry', 'happy', 'calm', 'sad'];

/** Shares of its step that a phase takes, step by step. */
type Shares = Partial<Record<Phase, number[]>>;

async function openDemo(gpu: Gpu) {
  const config = { ...presetConfig('demo'), learningRate: 0 };
  const tree = await treeFromDisk(join(projectRoot(), 'public', 'demo', 'model'));
  const files = await openHumanOmni(tree);
  const policy = await loadPolicy(gpu, files, { ...config, reference: false, maxPositions: 256 });
  const text = await openText(tree, humanOmniConfig(policy.config));
  const prompt = text.promptOf(config, ['video']);
  const setup = {
    policy,
    config,
    tokenizer: text.tokenizer,
    endIds: endTokenIds(text.tokenizer, files.main.config, {}),
    gate: gateShape(policy, gateTextsOf([prompt])),
    mediaCounts: prompt.counts,
    longestPrompt: prompt.longest,
    longestAnswer: config.maxCompletionLength,
  };
  const examples = Array.from({ length: config.promptsPerStep }, (_, index) => ({
    id: `clip ${index}`,
    label: ANSWERS[index % ANSWERS.length]!,
    prompt: prompt.tokensOf(),
    features: async () => ({}),
    answer: new Uint32Array(0),
  }));
  return { context: await RunContext.create(setup, { samples: true }), examples };
}

const range = (values: readonly number[]): string =>
  `${formatPercent(Math.min(...values))} to ${formatPercent(Math.max(...values))}`;

/** Prints seconds and shares by phase, medians over steps. */
export async function timeStepPhases(gpu: Gpu): Promise<void> {
  const { context, examples } = await openDemo(gpu);
  const times: number[] = [];
  const shares: Shares = {};
  for (let step = 0; step < WARM_UP + STEPS; step++) {
    const { metrics, seconds } = await grpoStep(context, examples, 0);
    if (step < WARM_UP) continue;
    times.push(metrics.step_time!);
    for (const [phase, value] of Object.entries(seconds) as [Phase, number][]) {
      shares[phase] ??= [];
      shares[phase].push(value / metrics.step_time!);
    }
  }
  console.log(
    `${gpu.info.description}: ${formatDuration(median(times))} a step of the demo, median of ${STEPS}`,
  );
  for (const [phase, values] of Object.entries(shares) as [Phase, number[]][]) {
    console.log(
      `${PHASES[phase].label.padEnd(18)} ${formatPercent(median(values)).padStart(7)} (${range(values)})`,
    );
  }
}
