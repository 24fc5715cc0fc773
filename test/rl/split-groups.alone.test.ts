/** A group too long for one pass goes through several: loss, gradient and metrics are those of the whole group. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import { featureShapes, mediaTokenCounts } from '../../src/families/humanomni/parts.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../src/protocol/loss-config.ts';
import { LOSS_TYPES } from '../../src/protocol/losses.ts';
import { joinResults, lossMetrics } from '../../src/rl/objective/loss.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { grpoStep, type StepReport } from '../../src/rl/step.ts';
import { dealGroups, type UpdateGroup } from '../../src/rl/update/micro-batches.ts';
import { passSize } from '../../src/rl/update/pass-arrays.ts';
import type { UpdaterSettings } from '../../src/rl/update/update.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';
import {
  LORA,
  readGradients,
  stirAdapters,
  tinyPolicy,
  tinyUpdater,
  toyCompletion,
  toyGroup,
  toyMedia,
  toyPrompt,
} from '../reference/omni-tiny.ts';
import { PROMPT_LENGTH, textRun } from '../reference/text-run.ts';

/** In place of what the device binds, where passes are planned. */
const pretended = vi.hoisted((): { bindingBytes?: number } => ({}));
vi.mock('../../src/rl/update/batch-limits.ts', async (original) => {
  const real = await original<typeof import('../../src/rl/update/batch-limits.ts')>();
  const planPasses: typeof real.planPasses = (decoder, bytes, step) =>
    real.planPasses(decoder, pretended.bindingBytes ?? bytes, step);
  return { ...real, planPasses };
});

/** With such an epsilon AdamW's step is nearly a multiple of the gradient, so rounding is not made larger by it. */
const GENTLE = { learningRate: 0.5, eps: 1, weightDecay: 0 } as const;
const PROMPT = 14;
/** The sampler saw other numbers, so that its correction has something to correct. */
const sampled = (group: UpdateGroup): UpdateGroup => ({
  ...group,
  samplerLogProbs: group.completions.map(({ length }, at) =>
    numbers(length, at + 7, 0.3).map((value) => value - 6),
  ),
});
/** Eight answers of 44 tokens that are fed, and two that fit wherever one of the eight does. */
const GROUPS = [toyGroup(1, [5, 6, 8, 6, 7, 5, 8, 7]), toyGroup(2, [3, 2])].map(sampled);
/** Tokens of answers in a pass, and the passes that the eight then take. */
const ROOMS = [
  [44, 1],
  [24, 2],
  [16, 3],
  [7, 8],
] as const;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

interface Measured {
  readonly passes: number;
  readonly gradient: number[];
  readonly metrics: Record<string, number>;
}

interface Case {
  readonly policy: Policy;
  readonly groups: readonly UpdateGroup[];
  readonly objective: LossConfig;
  readonly settings?: Partial<UpdaterSettings>;
  readonly iterations?: number;
}

/** What the last of some optimizer steps on one batch measured; only one step leaves the policy as it is. */
async function measure(
  { policy, groups, objective, settings = {}, iterations = 1 }: Case,
  tokens: number,
): Promise<Measured> {
  const largest = { tokens, predictions: passSize([groups[0]!]).predictions };
  const room = { promptsPerPass: 1, largest, ...settings, objective };
  using updater = await tinyUpdater(policy, groups, room, GENTLE);
  const rate = iterations > 1 ? GENTLE.learningRate : 0;
  const { micro } = await updater.update(groups, rate, iterations);
  for (const { arrays } of micro) expect(arrays.rows.length).toBeLessThanOrEqual(tokens);
  return {
    passes: micro.filter((pass) => pass.groups[0]!.index === 0).length,
    gradient: [...(await readGradients(policy)).values()].flatMap((values) => [...values]),
    metrics: lossMetrics(objective, joinResults(micro.map(({ loss }) => loss)), true),
  };
}

function expectSame(found: Measured, whole: Measured, passes: number): void {
  expect([whole.passes, found.passes]).toEqual([1, passes]);
  expect(whole.gradient.some((value) => Math.abs(value) > 1e-4)).toBe(true);
  expect(relativeError(found.gradient, whole.gradient)).toBeLessThan(1e-5);
  expect(Object.keys(found.metrics)).toEqual(Object.keys(whole.metrics));
  for (const [name, value] of Object.entries(whole.metrics))
    expect(found.metrics[name], name).toBeCloseTo(value, 5);
}

async function adapted(reference: boolean): Promise<Policy> {
  const policy = await tinyPolicy(gpu, { lora: LORA, reference });
  stirAdapters(policy);
  return policy;
}

const objectiveOf = (changes: Partial<LossConfig>): LossConfig => ({
  ...LOSS_DEFAULTS,
  epsilon: 0.05,
  maxCompletionLength: 8,
  ...changes,
});

describe('a group in several passes', () => {
  it.each(LOSS_TYPES)('weighs what it weighs in one: %s', (lossType) => {
    for (const changes of [{}, { beta: 0.1 }, { entropyCoef: 0.1 }, { topEntropyQuantile: 0.5 }]) {
      const dealt = ROOMS.map(([tokens, passes]) => {
        const room = { largest: { tokens: PROMPT + tokens, predictions: 100 }, prompts: 1 };
        const { passes: parts, ...divisors } = dealGroups(
          GROUPS,
          objectiveOf({ lossType, ...changes }),
          room,
        );
        const ofFirst = parts.flat().filter(({ index }) => index === 0);
        expect(ofFirst.map(({ isPart }) => isPart)).toEqual(Array(passes).fill(passes > 1));
        const rows = parts
          .flat()
          .flatMap(({ index, kept, completions, advantages, shares, samplerLogProbs }) =>
            kept.map((place, at) => ({
              place: `${index}/${place}`,
              row: [completions[at], advantages[at], shares[at], samplerLogProbs![at]],
            })),
          );
        return { divisors, rows: rows.sort((a, b) => a.place.localeCompare(b.place)) };
      });
      for (const one of dealt) expect(one).toEqual(dealt[0]);
    }
  });

  it.each(LOSS_TYPES)(
    'has the loss, gradient and metrics that it has in one: %s with KL',
    async (lossType) => {
      using policy = await adapted(true);
      const one = { policy, groups: GROUPS, objective: objectiveOf({ lossType, beta: 0.1 }) };
      const [tokens, passes] = ROOMS[1 + (LOSS_TYPES.indexOf(lossType) % 2)]!;
      expectSame(await measure(one, PROMPT + tokens), await measure(one, PROMPT + ROOMS[0][0]), passes);
    },
  );

  it('has them in any number of passes without KL', async () => {
    using policy = await adapted(false);
    const one = { policy, groups: GROUPS, objective: objectiveOf({ lossType: 'grpo', entropyCoef: 0.1 }) };
    const [[most], ...rooms] = ROOMS;
    const whole = await measure(one, PROMPT + most);
    for (const [tokens, passes] of rooms) expectSame(await measure(one, PROMPT + tokens), whole, passes);
  });

  it.each([
    { lossType: 'bnpo', beta: 0.1, useBiasCorrectionKl: true },
    { lossType: 'dapo', topEntropyQuantile: 0.3, entropyCoef: 0.1 },
    { lossType: 'vespo', samplerCorrection: { level: 'token', mode: 'truncate', min: 0.8, max: 1.2 } },
  ] satisfies Partial<LossConfig>[])(
    'has them in a second step, whose ratios are not 1: %o',
    async (changes) => {
      const objective = objectiveOf(changes);
      const second = async (tokens: number): Promise<Measured> => {
        using policy = await adapted(objective.beta > 0);
        return await measure({ policy, groups: GROUPS, objective, iterations: 2 }, PROMPT + tokens);
      };
      const whole = await second(ROOMS[0][0]);
      expectSame(await second(16), whole, 3);
      const region = whole.metrics['clip_ratio/region_mean'] ?? 1;
      expect(region).toBeGreaterThan(0);
    },
  );

  it('adds up what reaches projectors, gate and BERT by way of its prompt', async () => {
    const trained = { trainProjectors: true, trainGate: true, trainBert: true, reference: true };
    using policy = await tinyPolicy(gpu, trained);
    const config = humanOmniConfig(policy.config);
    const mediaCounts = mediaTokenCounts(config);
    const { vision, audio } = featureShapes(config);
    const { video, audio: sound } = mediaCounts;
    const gate = [5, 9, 3];
    const features = {
      vision: numbers(vision[0] * vision[1], 1),
      audio: numbers(audio[0] * audio[1], 2),
      gate,
    };
    const group: UpdateGroup = {
      prompt: toyPrompt(1, 6, video, sound),
      completions: [3, 4, 3].map((length, seed) => toyCompletion(seed, length)),
      media: { features, referenceTokens: toyMedia(3, video + sound) },
      advantages: [1, -0.5, 0.3],
    };
    const text = { texts: 1, longest: gate.length };
    const kind = { mediaCounts, gate: { width: 32, trained: text } };
    const objective = objectiveOf({ lossType: 'grpo', beta: 0.1 });
    const one = { policy, groups: [group], objective, settings: { kind } };
    const { tokens } = passSize([group]);
    const whole = await measure(one, tokens);
    const gradients = [...(await readGradients(policy))];
    for (const part of ['mm_projector', 'audio_projector', 'bert_gate', 'bert_model']) {
      const ofPart = gradients.filter(([name]) => name.includes(part));
      expect(
        ofPart.some(([, values]) => values.some((value) => value !== 0)),
        part,
      ).toBe(true);
    }
    expectSame(await measure(one, tokens - 4), whole, 3);
  });
});

describe('a step on a device with small bindings', () => {
  /** Bytes of the toy's widest activation for a token. */
  const WIDEST = 4 * 160;
  const settings = { promptsPerStep: 2, groupSize: 8, maxCompletionLength: 6, beta: 0.1 } as const;
  const endIds = Array.from({ length: 100 }, (_, id) => 5 * id);

  async function stepOn(bindingBytes: number): Promise<{ report: StepReport; perGroup: number }> {
    pretended.bindingBytes = bindingBytes;
    using run = await textRun(gpu, { ...settings, lossType: 'bnpo' }, { endIds });
    const report = await grpoStep(run.context, run.examples.slice(0, 2), 0);
    return { report, perGroup: run.context.updater.plannedPasses.perGroup };
  }

  it('splits its groups, and reports what it reports on others', async () => {
    const whole = await stepOn(2 ** 27);
    const split = await stepOn(WIDEST * (PROMPT_LENGTH + 15));
    expect([whole.perGroup, split.perGroup]).toEqual([1, 3]);
    expect(split.report.metrics.groups_skipped).toBe(0);
    for (const name of ['loss', 'kl', 'entropy', 'grad_norm', 'reward', 'num_tokens'] as const)
      expect(split.report.metrics[name], name).toBeCloseTo(whole.report.metrics[name]!, 5);
    const answers = ({ report }: typeof whole) => report.groups.flatMap(({ completions }) => completions);
    const kls = answers(whole).map(({ meanKl }) => meanKl!);
    expect(kls).toHaveLength(16);
    answers(split).forEach(({ meanKl }, at) => {
      expect(meanKl).toBeCloseTo(kls[at]!, 5);
    });
  });
});
