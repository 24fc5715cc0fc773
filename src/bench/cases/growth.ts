/** How the time of a loss pass and of a GRPO step grows with each size, on small shapes. */

import type { Qwen2Config } from '../../decoder/qwen2.ts';
import type { Gpu } from '../../gpu/index.ts';
import { type GroupTokens, packedPairs, passCost, rolloutCost } from '../../rl/measure/cost-model.ts';
import type { Policy } from '../../rl/policy/policy.ts';
import { medianPolish } from '../median-polish.ts';
import { type Contestant, samplesInTurns, type TimingOptions } from '../timing.ts';
import { configOf } from './blocks.ts';
import { costShape, NO_REFERENCE, sumCosts } from './costs.ts';
import type { GrowthPoint } from './growth-model.ts';
import { GrpoSteps } from './grpo-step.ts';
import { makeGroups, recordLossPass } from './loss-pass.ts';
import { plannedContestant } from './planned.ts';
import { randomDecoder } from './random-decoder.ts';

/** The sizes that grow, one at a time. */
export interface GrowthSize {
  readonly G: number;
  readonly completion: number;
  readonly prompt: number;
  readonly layers: number;
  readonly width: number;
}

export type Series = keyof GrowthSize;

const VOCABULARY = 512;
const HEAD_DIM = 32;

/** What grows from which size on. */
interface Sizes {
  readonly base: GrowthSize;
  readonly table: Partial<Record<Series, readonly number[]>>;
}

const TOKENS = {
  G: [1, 2, 4, 8, 16, 32],
  completion: [32, 64, 128, 256, 512, 1024],
  prompt: [100, 250, 500, 1000, 2000],
};
const LOSS_PASS: Sizes = {
  base: { G: 4, completion: 32, prompt: 100, layers: 2, width: 128 },
  table: { ...TOKENS, layers: [1, 2, 4, 8], width: [64, 128, 256, 512] },
};
/** Answers are longer: the many small dispatches of a few decode steps take now more, now less. */
const GRPO_STEP: Sizes = { base: { ...LOSS_PASS.base, completion: 128 }, table: TOKENS };

/** A size before it is timed. */
interface Opened extends Pick<GrowthPoint, 'counts'> {
  readonly contestant: Contestant;
}

function sizesOf({ table, base }: Sizes): { series: Series; x: number; size: GrowthSize }[] {
  return Object.entries(table).flatMap(([series, values]) =>
    values.map((x) => ({ series: series as Series, x, size: { ...base, [series]: x } })),
  );
}

const groupOf = ({ G, completion, prompt }: GrowthSize): GroupTokens => ({
  prompt,
  completions: Array<number>(G).fill(completion),
});

function decoderOf({ layers, width, prompt, completion }: GrowthSize): Qwen2Config {
  const heads = width / HEAD_DIM;
  const shape = {
    name: 'growth',
    hidden: width,
    intermediate: 4 * width,
    heads,
    kvHeads: Math.max(1, heads / 2),
    headDim: HEAD_DIM,
  };
  return { ...configOf(shape, prompt + completion, layers), vocabSize: VOCABULARY };
}

/** Operations of attention alone, forward and backward: two matmuls and four, per pair of a query and a key. */
const attentionFlops = ({ layers, heads, headDim }: Qwen2Config, pairs: number): number =>
  12 * layers * heads * headDim * pairs;

/** Operations of the head's forward and its two gradients. */
const headFlops = ({ vocabSize, hiddenSize }: Qwen2Config, { completions }: GroupTokens): number =>
  6 * vocabSize * hiddenSize * completions.reduce((sum, length) => sum + length, 0);

/** What a loss pass counts: dispatches grow with the layers, the rest is the cost model's. */
function passCounts(decoder: Qwen2Config, group: GroupTokens): Record<string, number> {
  const { forward, backward } = passCost(costShape(decoder, true), [group], NO_REFERENCE);
  const cost = sumCosts([forward, backward]);
  const attention = attentionFlops(decoder, packedPairs(group));
  const head = headFlops(decoder, group);
  return {
    dispatches: decoder.layers + 1,
    bytes: cost.bytes,
    matmuls: cost.flops - attention - head,
    head,
    attention,
  };
}

async function lossPass(gpu: Gpu, size: GrowthSize): Promise<Opened> {
  const config = decoderOf(size);
  const { decoder, free } = randomDecoder(gpu, config, true);
  const { G: group, completion: length, prompt: promptTokens } = size;
  const groups = makeGroups({ prompts: 1, group, promptTokens, length });
  const { tape, logProbs } = recordLossPass(gpu, decoder, groups);
  const contestant = await plannedContestant(gpu, 'loss pass', () => logProbs, tape);
  const dispose = (): void => {
    contestant.dispose();
    free();
  };
  return { contestant: { ...contestant, dispose }, counts: passCounts(config, groupOf(size)) };
}

/**
 * What a GRPO step counts: steps of decoding cost their dispatches, and an operation on the few rows of one more than on the
 * many of a pass. The reference reads what the policy reads.
 */
function stepCounts(decoder: Qwen2Config, group: GroupTokens): Record<string, number> {
  const shape = costShape(decoder, false);
  const rollout = rolloutCost(shape, [group], { rows: group.completions.length });
  const pass = passCost(shape, [group], { reference: true });
  const passes = sumCosts([pass.reference, pass.forward, pass.backward]).flops;
  // Forward and reference have two matmuls a pair, the backward four.
  const attention = (4 / 3) * attentionFlops(decoder, packedPairs(group));
  return {
    constant: 1,
    'decode steps': Math.max(...group.completions),
    'decode flops': rollout.decode.flops,
    matmuls: rollout.prefill.flops + passes - attention,
    attention,
  };
}

async function grpoStep(policy: Policy, { G, completion, prompt }: GrowthSize): Promise<Opened> {
  const { gpu, config } = policy;
  const size = { group: G, promptTokens: prompt, length: completion, beta: 0.04, still: true };
  const steps = await GrpoSteps.create(policy, size);
  const { lengths } = await steps.run(0);
  const contestant: Contestant = {
    start: async () => {
      await steps.run(0);
    },
    settle: () => gpu.device.queue.onSubmittedWorkDone(),
    result: async () => new Float32Array(0),
    dispose: () => steps[Symbol.dispose](),
  };
  return { contestant, counts: stepCounts(config.decoder, { prompt, completions: lengths }) };
}

interface Kind {
  readonly kind: string;
  readonly sizes: Sizes;
  readonly open: (size: GrowthSize) => Promise<Opened>;
}

/** Where buffers happen to lie makes some points slower for as long as they are open. */
const OPENINGS = 3;

interface Sampled extends Pick<GrowthPoint, 'counts'> {
  readonly samples: readonly number[];
}

/** Opens the sizes anew and takes samples of each, in turns. */
async function sampleSizes(
  gpu: Gpu,
  open: Kind['open'],
  sizes: readonly GrowthSize[],
  timing: TimingOptions,
  now: () => number,
): Promise<Sampled[]> {
  const opened: Opened[] = [];
  for (const size of sizes) opened.push(await open(size));
  const contestants = opened.map(({ contestant }) => contestant);
  for (const contestant of contestants) await contestant.start();
  await gpu.device.queue.onSubmittedWorkDone();
  const samples = await samplesInTurns(contestants, timing, now);
  for (const contestant of contestants) contestant.dispose();
  return opened.map(({ counts }, at) => ({ counts, samples: samples[at]! }));
}

/** A point's time is its median over all rounds, with the machine's own speed in each round taken out. Sizes that several
 * series share are timed once. */
async function timeKind(
  gpu: Gpu,
  { kind, sizes, open }: Kind,
  timing: TimingOptions,
  now: () => number,
): Promise<GrowthPoint[]> {
  const points = sizesOf(sizes).map((point) => ({ ...point, key: JSON.stringify(point.size) }));
  const distinct = new Map(points.map(({ key, size }) => [key, size]));
  const openings: Sampled[][] = [];
  while (openings.length < OPENINGS) {
    openings.push(await sampleSizes(gpu, open, [...distinct.values()], timing, now));
  }
  const keys = [...distinct.keys()];
  const { rows } = medianPolish(keys.map((_, at) => openings.flatMap((opening) => opening[at]!.samples)));
  const timed = new Map(keys.map((key, at) => [key, { counts: openings[0]![at]!.counts, ms: rows[at]! }]));
  return points.map(({ series, x, key }) => ({ kind, series, x, ...timed.get(key)! }));
}

/** All points; `policy` is what GRPO steps train, with room for the longest of them. */
export async function measureGrowth(
  gpu: Gpu,
  policy: Policy,
  timing: TimingOptions,
  now: () => number,
): Promise<GrowthPoint[]> {
  const kinds: Kind[] = [
    { kind: 'loss pass', sizes: LOSS_PASS, open: (size) => lossPass(gpu, size) },
    { kind: 'GRPO step', sizes: GRPO_STEP, open: (size) => grpoStep(policy, size) },
  ];
  const points: GrowthPoint[] = [];
  for (const kind of kinds) points.push(...(await timeKind(gpu, kind, timing, now)));
  return points;
}
