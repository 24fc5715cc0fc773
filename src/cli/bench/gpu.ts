/**
 * What a GPU is asked: products, tokens a second of decoding, and one GRPO step of HumanOmni-0.5B's shape with random weights,
 * LoRA of rank 16 and its reference, beside what PyTorch needs for the published trainer's step.
 */
import { measureCeilings } from '../../bench/ceilings.ts';
import { decodeRows } from '../../bench/decode-rows.ts';
import { GrpoSteps, type StepTimes } from '../../bench/grpo-step.ts';
import { plannedContestant, uploaded } from '../../bench/planned.ts';
import { randomData } from '../../bench/random-data.ts';
import { ceilingsText } from '../../bench/report.ts';
import { type Contestant, DEFAULT_TIMING, timeInTurns } from '../../bench/timing.ts';
import { type Gpu, placed } from '../../gpu/index.ts';
import { formatPercent } from '../../math/format.ts';
import { median } from '../../math/stats.ts';
import { matmul } from '../../ops/matmul.ts';
import { type Finding, makersOf, tuneProducts, tuningText } from '../../ops/tune-products.ts';
import type { Ceilings } from '../../protocol/bench.ts';
import { passFlops, rolloutCost, rolloutFlops } from '../../rl/cost-model.ts';
import type { Policy } from '../../rl/policy.ts';
import { costShape } from '../../rl/utilisation.ts';
import { type DecoderFields, randomPolicy } from './random-checkpoint.ts';

/** Sizes of a run; those of the published trainer, or as small as a processor can do. */
interface GpuSizes {
  readonly fields: DecoderFields;
  readonly rank: number;
  readonly prompt: number;
  readonly completion: number;
  readonly group: number;
  /** Rows, columns and depth of the product. */
  readonly product: number;
  /** GRPO steps that count; one more warms up. */
  readonly steps: number;
}

const REAL: GpuSizes = {
  fields: {},
  rank: 16,
  prompt: 976,
  completion: 256,
  group: 8,
  product: 4096,
  steps: 3,
};
const SMALL: GpuSizes = {
  fields: {
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 512,
  },
  rank: 4,
  prompt: 24,
  completion: 8,
  group: 4,
  product: 256,
  steps: 2,
};
const BETA = 0.04;

export interface GpuReport {
  readonly adapter: string;
  readonly date: string;
  readonly sizes: Omit<GpuSizes, 'fields'>;
  /** Who makes products fastest. */
  readonly tuning: Readonly<Record<string, Finding>>;
  readonly ceilings: Ceilings;
  /** An f32 product, and its share of the multiply-adds measured. */
  readonly product: { readonly gflops: number; readonly share: number };
  /** By rows that decode together; `limit` is what reading the weights and keys at the measured bandwidth allows. */
  readonly decode: readonly { rows: number; tokensPerSecond: number; limit: number; share: number }[];
  readonly step: {
    readonly rolloutMs: number;
    readonly updateMs: number;
    readonly totalMs: number;
    /** By the cost model, of rollout and update. */
    readonly tflop: number;
    readonly gflopsPerSecond: number;
  };
  readonly memoryPeakBytes: number;
  /** What test/bench/torch_peer.py printed. */
  readonly torch?: unknown;
}

async function timeOne(contestant: Contestant): Promise<number> {
  await contestant.start();
  await contestant.settle();
  const [time] = await timeInTurns([contestant], DEFAULT_TIMING);
  contestant.dispose();
  return time!.medianMs;
}

/** GFLOP/s of A·Bᵀ in f32. */
async function productRate(gpu: Gpu, n: number): Promise<number> {
  const [a, b] = [1, 2].map((seed) => uploaded(gpu, `factor ${seed}`, [n, n], randomData([n, n], seed)));
  const ms = await timeOne(
    await plannedContestant(gpu, 'product', ({ recorder }) => {
      const out = recorder.temp('product', [n, n]);
      matmul(recorder, 'nt', { a: a!, b: b!, out });
      return out;
    }),
  );
  for (const factor of [a!, b!]) gpu.release(placed(factor).buffer);
  return (2 * n ** 3) / ms / 1e6;
}

async function decodeRate(
  policy: Policy,
  { prompt }: GpuSizes,
  rows: number,
  { gigabytes }: Ceilings,
): Promise<GpuReport['decode'][number]> {
  const { gpu, current } = policy;
  const contestant = await decodeRows(gpu, current.decoder, { rows, promptLength: prompt });
  const tokensPerSecond = (1000 * rows) / (await timeOne(contestant));
  const group = { prompt: prompt + 1, completions: Array<number>(rows).fill(1) };
  const { bytes } = rolloutCost(costShape(policy), [group], { rows }).decode;
  const limit = (rows * gigabytes * 1e9) / bytes;
  return { rows, tokensPerSecond, limit, share: tokensPerSecond / limit };
}

async function timeSteps(policy: Policy, sizes: GpuSizes): Promise<GpuReport['step']> {
  const { group, prompt: promptTokens, completion: length } = sizes;
  using steps = await GrpoSteps.create(policy, { group, promptTokens, length, beta: BETA });
  const times: StepTimes[] = [];
  for (let step = 0; step <= sizes.steps; step++) times.push(await steps.run(step));
  const counted = times.slice(1);
  const rolloutMs = median(counted.map((one) => one.rolloutMs));
  const updateMs = median(counted.map((one) => one.updateMs));
  const groups = [{ prompt: promptTokens, completions: counted.at(-1)!.lengths }];
  const shape = costShape(policy);
  const flops = rolloutFlops(shape, groups, { rows: group }) + passFlops(shape, groups, { reference: true });
  const totalMs = rolloutMs + updateMs;
  return { rolloutMs, updateMs, totalMs, tflop: flops / 1e12, gflopsPerSecond: flops / totalMs / 1e6 };
}

/** Asks everything, on the sizes of the published trainer or on small ones. */
export async function gpuBench(gpu: Gpu, adapter: string, small: boolean): Promise<GpuReport> {
  const { fields, ...sizes } = small ? SMALL : REAL;
  const tuning = await tuneProducts(gpu);
  if (!gpu.isSoftware) gpu.traits = { ...gpu.traits, makers: makersOf(tuning) };
  const ceilings = await measureCeilings(gpu, DEFAULT_TIMING);
  const gflops = await productRate(gpu, sizes.product);
  const maxPositions = sizes.prompt + sizes.completion;
  using policy = await randomPolicy(gpu, fields, { rank: sizes.rank, maxPositions });
  const decode: GpuReport['decode'][number][] = [];
  for (const rows of [1, sizes.group]) {
    decode.push(await decodeRate(policy, { fields, ...sizes }, rows, ceilings));
  }
  const step = await timeSteps(policy, { fields, ...sizes });
  const product = { gflops, share: gflops / ceilings.gflops };
  const date = new Date().toISOString();
  return { adapter, date, sizes, tuning, ceilings, product, decode, step, memoryPeakBytes: gpu.ledger.peak };
}

const percent = (share: number): string => formatPercent(share, 0);

/** The report as lines; a ratio of steps is theirs over ours. */
export function gpuLines({
  adapter,
  sizes,
  ceilings,
  tuning,
  product,
  decode,
  step,
  ...rest
}: GpuReport): string[] {
  const { prompt, completion, group } = sizes;
  return [
    `${adapter}: ${ceilingsText(ceilings)}`,
    tuningText(tuning),
    `product ${sizes.product}³ f32: ${product.gflops.toFixed(1)} GFLOP/s, ${percent(product.share)} of the best`,
    ...decode.map(
      ({ rows, tokensPerSecond, limit, share }) =>
        `decode, ${rows} rows: ${tokensPerSecond.toFixed(1)} tokens/s, ${percent(share)} of the ${limit.toFixed(0)} that bandwidth allows`,
    ),
    `GRPO step, P ${prompt}, C ${completion}, G ${group}: rollout ${step.rolloutMs.toFixed(0)} ms, update ${step.updateMs.toFixed(0)} ms, together ${step.totalMs.toFixed(0)} ms (${step.gflopsPerSecond.toFixed(1)} GFLOP/s)`,
    `memory at most ${(rest.memoryPeakBytes / 2 ** 30).toFixed(2)} GiB`,
    torchLine(sizes, step.totalMs, rest.torch as TorchReport | undefined),
  ];
}

/** Of what test/bench/torch_peer.py prints. */
interface TorchReport {
  readonly sizes?: Readonly<Record<string, number>>;
  readonly dtype?: string;
  readonly trains?: string;
  readonly stepMs?: { readonly total?: number };
}

function torchLine(ours: GpuReport['sizes'], totalMs: number, torch: TorchReport | undefined): string {
  const theirMs = torch?.stepMs?.total;
  if (theirMs === undefined) return 'PyTorch: not measured';
  const named = `PyTorch's step (${torch?.dtype}, trains ${torch?.trains}): ${theirMs.toFixed(0)} ms`;
  const isSame = (['prompt', 'completion', 'group'] as const).every(
    (key) => torch?.sizes?.[key] === ours[key],
  );
  return isSame ? `${named}, ${(theirMs / totalMs).toFixed(2)}x ours` : `${named}, of another size`;
}
