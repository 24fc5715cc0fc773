/** Examples that show something else each, in one batch: gradients and log-probabilities are those of each by itself. */
import { beforeAll, expect, it } from 'vitest';
import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import { featureShapes, frameTokens, mediaTokenCounts } from '../../src/families/humanomni/parts.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import type { UpdateGroup } from '../../src/rl/update/micro-batches.ts';
import type { UpdateResult } from '../../src/rl/update/update.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { gradientQuantities, logProbQuantity } from '../reference/model-bounds.ts';
import {
  LORA,
  readGradients,
  tinyPolicy,
  tinyUpdater,
  toyCompletion,
  toyMedia,
  toyPrompt,
} from '../reference/omni-tiny.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** A video with its sound, a picture, a question of text alone, sound, a picture with a sound. */
const SHOWN = [
  { frames: 8, audio: true },
  { frames: 1, audio: false },
  { frames: 0, audio: false },
  { frames: 0, audio: true },
  { frames: 1, audio: true },
] as const;

/** Groups whose features, or finished tokens, are made up. */
function groupsOf({ config }: Policy, beta: number): UpdateGroup[] {
  const omni = humanOmniConfig(config);
  return SHOWN.map(({ frames, audio }, index) => {
    const shapes = featureShapes(omni, frames);
    const [video, sound] = [frames * frameTokens(omni), audio ? mediaTokenCounts(omni).audio : 0];
    const seed = 10 * index + 1;
    const tokens = toyMedia(seed + 3, video + sound);
    const features = {
      ...(frames > 0 ? { vision: numbers(shapes.vision[0] * shapes.vision[1], seed) } : {}),
      ...(audio ? { audio: numbers(shapes.audio[0] * shapes.audio[1], seed + 1) } : {}),
      ...(frames > 0 ? { gate: numbers(32, seed + 2) } : {}),
    };
    return {
      prompt: toyPrompt(seed, 7 + index, video, sound),
      completions: [toyCompletion(seed, 3), toyCompletion(seed + 1, 5)],
      media: { features, tokens, ...(beta > 0 ? { referenceTokens: tokens } : {}) },
      advantages: [1, -0.5],
    };
  });
}

/** Log-probabilities by group, in the groups' order. */
function logProbsOf({ micro }: UpdateResult): number[] {
  const found = micro.flatMap(({ arrays, groups, logProbs }) => {
    let at = 0;
    return groups.map(({ index, kept }) => {
      const rows = kept.map(() => at++);
      const values = rows.flatMap((row) => [
        ...logProbs.subarray(arrays.starts[row]!, arrays.starts[row]! + arrays.lengths[row]!),
      ]);
      return { index, values };
    });
  });
  return found.sort((a, b) => a.index - b.index).flatMap(({ values }) => values);
}

it.each([
  {
    what: 'projectors, gate and adapter train',
    options: { lora: LORA, trainProjectors: true, trainGate: true },
  },
  { what: 'an adapter trains', options: { lora: LORA } },
  {
    what: 'projectors train beside a reference',
    options: { trainProjectors: true, reference: true },
    beta: 0.1,
  },
])('one batch is each by itself: $what', async ({ options, beta = 0 }) => {
  using policy = await tinyPolicy(gpu, options);
  const groups = groupsOf(policy, beta);
  const kind = { mediaCounts: mediaTokenCounts(humanOmniConfig(policy.config)), gate: { width: 32 } };
  const measure = async (promptsPerPass: number) => {
    const settings = { promptsPerPass, kind, objective: { beta } };
    using updater = await tinyUpdater(policy, groups, settings, { learningRate: 0 });
    const result = await updater.update(groups, 0);
    return {
      logProbs: logProbsOf(result),
      passes: result.micro.length,
      gradients: await readGradients(policy),
    };
  };
  const together = await measure(groups.length);
  const alone = await measure(1);
  expect([together.passes, alone.passes]).toEqual([1, groups.length]);
  expect(together.logProbs.length).toBe(8 * groups.length);
  const quantities = [
    logProbQuantity('log-probabilities', together.logProbs, alone.logProbs),
    ...gradientQuantities(together.gradients, alone.gradients),
  ];
  for (const { name, error, bound } of quantities) expect(error, name).toBeLessThanOrEqual(bound);
  expect([...alone.gradients.values()].some((values) => values.some((value) => value !== 0))).toBe(true);
});
