/** How the time of a loss pass and of a GRPO step grows with each size, on small shapes. */
import type { Gpu } from '../gpu/index.ts';
import type { Qwen2Config } from '../models/qwen2.ts';
import { type GroupTokens, packedPairs, passCost, rolloutCost } from '../rl/cost-model.ts';
import type { Policy } from '../rl/policy.ts';
import { configOf } from './blocks.ts';
import { costShape, NO_REFERENCE, sumCosts } from './costs.ts';
import type { GrowthPoint } from './growth-model.ts';
import { GrpoSteps } from './grpo-step.ts';
import { makeGroups, recordLossPass } from './loss-pass.ts';
import { plannedContestant } from './planned.ts';
import { randomDecoder } from './random-decoder.ts';
import { type Contestant, type TimingOptions, timeInTurns } from './timing.ts';

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

/** Operations of attention alone, forward and backward: two products and four, per pair of a query and a key. */
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
    products: cost.flops - attention - head,
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
  // Forward and reference have two products a pair, the backward four.
  const attention = (4 / 3) * attentionFlops(decoder, packedPairs(group));
  return {
    constant: 1,
    'decode steps': Math.max(...group.completions),
    'decode flops': rollout.decode.flops,
    products: rollout.prefill.flops + passes - attention,
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

/** Short points are timed again until they have taken this long, or this often: they are disturbed more. */
const ENOUGH_MS = 1_500;
const MOST_ROUNDS = 8;

/** Milliseconds of each contestant, in turns; the best time counts, since others on the machine can only slow them down. */
async function timeAll(
  gpu: Gpu,
  contestants: readonly Contestant[],
  timing: TimingOptions,
  now: () => number,
): Promise<number[]> {
  for (const contestant of contestants) await contestant.start();
  await gpu.device.queue.onSubmittedWorkDone();
  const best = new Map<Contestant, number>();
  const spent = (one: Contestant, rounds: number): number => rounds * timing.samples * (best.get(one) ?? 0);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const chosen = contestants.filter((one) => spent(one, round) < ENOUGH_MS);
    const times = await timeInTurns(chosen, timing, now);
    for (const [at, one] of chosen.entries()) {
      best.set(one, Math.min(best.get(one) ?? Number.POSITIVE_INFINITY, times[at]!.bestMs));
    }
  }
  for (const contestant of contestants) contestant.dispose();
  return contestants.map((one) => best.get(one)!);
}

interface Kind {
  readonly kind: string;
  readonly sizes: Sizes;
  readonly open: (size: GrowthSize) => Promise<Opened>;
}

/** Where buffers happen to lie makes some points slower for as long as they are open. */
const OPENINGS = 4;

/** Opens and times all points of a kind; the best time of all openings counts. The size all series grow from is timed once for all. */
async function timeKind(
  gpu: Gpu,
  { kind, sizes, open }: Kind,
  timing: TimingOptions,
  now: () => number,
): Promise<GrowthPoint[]> {
  const found = new Map<string, Pick<GrowthPoint, 'counts' | 'ms'>>();
  const points = sizesOf(sizes).map((point) => ({ ...point, key: JSON.stringify(point.size) }));
  const distinct = new Map(points.map(({ key, size }) => [key, size]));
  for (let opening = 0; opening < OPENINGS; opening++) {
    const opened: Opened[] = [];
    for (const size of distinct.values()) opened.push(await open(size));
    const contestants = opened.map(({ contestant }) => contestant);
    const times = await timeAll(gpu, contestants, timing, now);
    for (const [at, key] of [...distinct.keys()].entries()) {
      const ms = Math.min(times[at]!, found.get(key)?.ms ?? Number.POSITIVE_INFINITY);
      found.set(key, { counts: opened[at]!.counts, ms });
    }
  }
  return points.map(({ series, x, key }) => ({ kind, series, x, ...found.get(key)! }));
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
