/**
 * What a GPU is asked: matmuls, tokens a second of decoding, and one GRPO step of HumanOmni-0.5B's shape with random weights,
 * LoRA of rank 16 and its reference, beside what PyTorch needs for the published trainer's step.
 */
import { measureCeilings } from '../../bench/cases/ceilings.ts';
import { decodeRows } from '../../bench/cases/decode-rows.ts';
import { GrpoSteps, type StepTimes } from '../../bench/cases/grpo-step.ts';
import { freeAll, plannedContestant } from '../../bench/cases/planned.ts';
import { randomData } from '../../bench/cases/random-data.ts';
import { ceilingsText } from '../../bench/report.ts';
import { type Contestant, DEFAULT_TIMING, timeInTurns } from '../../bench/timing.ts';
import type { DType, Gpu, Tensor } from '../../gpu/index.ts';
import { formatPercent } from '../../math/format.ts';
import { f32ToBf16 } from '../../math/half.ts';
import { median } from '../../math/stats.ts';
import { type MatmulLayout, matmul } from '../../ops/matmul/matmul.ts';
import { type Findings, tune, tuningText, variantsOf, warmUp } from '../../ops/tuning/tune.ts';
import type { Ceilings } from '../../protocol/bench.ts';
import { passFlops, rolloutCost, rolloutFlops } from '../../rl/measure/cost-model.ts';
import { costShape } from '../../rl/measure/utilisation.ts';
import type { Policy } from '../../rl/policy/policy.ts';
import { type DecoderFields, randomPolicy } from './random-checkpoint.ts';

/** Sizes of a run; those of the published trainer, or as small as a processor can do. */
interface GpuSizes {
  readonly fields: DecoderFields;
  readonly rank: number;
  readonly prompt: number;
  readonly completion: number;
  readonly group: number;
  readonly matmuls: readonly Matmul[];
  /** GRPO steps that count; one more warms up. */
  readonly steps: number;
}

/** c [m, n] of depth k; B in that type. */
interface Matmul {
  readonly layout: MatmulLayout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly dtype: 'f32' | 'bf16';
}

/** A square one, and those of a layer's MLP over a packed group, forward and backward. */
const matmuls = (square: number, rows: number, width: number, inner: number): Matmul[] => [
  { layout: 'nt', m: square, n: square, k: square, dtype: 'f32' },
  { layout: 'nt', m: rows, n: inner, k: width, dtype: 'bf16' },
  { layout: 'nt', m: rows, n: width, k: inner, dtype: 'bf16' },
  { layout: 'nn', m: rows, n: width, k: inner, dtype: 'bf16' },
];

const REAL: GpuSizes = {
  fields: {},
  rank: 16,
  prompt: 976,
  completion: 256,
  group: 8,
  matmuls: matmuls(4096, 3072, 896, 4864),
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
  matmuls: matmuls(256, 56, 64, 128),
  steps: 2,
};
const BETA = 0.04;

export interface GpuReport {
  readonly adapter: string;
  readonly date: string;
  readonly sizes: Omit<GpuSizes, 'fields' | 'matmuls'>;
  /** The fastest kernel variants. */
  readonly tuning: Findings;
  readonly ceilings: Ceilings;
  /** Operations a second, and their share of the multiply-adds measured. */
  readonly matmuls: readonly (Matmul & { readonly gflops: number; readonly share: number })[];
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

/** A GPU at rest has a slow clock: it works before anything is timed, and without a pause after. */
async function timeOne(gpu: Gpu, contestant: Contestant): Promise<number> {
  await contestant.start();
  await contestant.settle();
  if (!gpu.isSoftware) await warmUp(gpu);
  const [time] = await timeInTurns([contestant], DEFAULT_TIMING);
  contestant.dispose();
  return time!.medianMs;
}

function factor(gpu: Gpu, shape: readonly [number, number], dtype: DType, seed: number): Tensor {
  const values = randomData(shape, seed);
  return gpu.upload('weights', `factor ${seed}`, shape, dtype === 'f32' ? values : f32ToBf16(values), dtype);
}

/** GFLOP/s of one matmul. */
async function matmulRate(gpu: Gpu, { layout, m, n, k, dtype }: Matmul): Promise<number> {
  const a = factor(gpu, layout === 'tn' ? [k, m] : [m, k], 'f32', 1);
  const b = factor(gpu, layout === 'nt' ? [n, k] : [k, n], dtype, 2);
  const ms = await timeOne(
    gpu,
    await plannedContestant(gpu, 'matmul', ({ recorder }) => {
      const out = recorder.temp('matmul', [m, n]);
      matmul(recorder, layout, { a, b, out });
      return out;
    }),
  );
  freeAll(gpu, [a, b]);
  return (2 * m * n * k) / ms / 1e6;
}

async function decodeRate(
  policy: Policy,
  { prompt }: GpuReport['sizes'],
  rows: number,
  { gigabytes }: Ceilings,
): Promise<GpuReport['decode'][number]> {
  const { gpu, current } = policy;
  const contestant = await decodeRows(gpu, current.decoder, { rows, promptLength: prompt });
  const tokensPerSecond = (1000 * rows) / (await timeOne(gpu, contestant));
  const group = { prompt: prompt + 1, completions: Array<number>(rows).fill(1) };
  const { bytes } = rolloutCost(costShape(policy), [group], { rows }).decode;
  const limit = (rows * gigabytes * 1e9) / bytes;
  return { rows, tokensPerSecond, limit, share: tokensPerSecond / limit };
}

async function timeSteps(policy: Policy, sizes: GpuReport['sizes']): Promise<GpuReport['step']> {
  const { group, prompt: promptTokens, completion: length } = sizes;
  using steps = await GrpoSteps.create(policy, { group, promptTokens, length, beta: BETA });
  const times: StepTimes[] = [];
  if (!policy.gpu.isSoftware) await warmUp(policy.gpu);
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
  const { fields, matmuls: wanted, ...sizes } = small ? SMALL : REAL;
  const tuning = await tune(gpu);
  if (!gpu.isSoftware) gpu.traits = { ...gpu.traits, variants: variantsOf(tuning) };
  const ceilings = await measureCeilings(gpu, DEFAULT_TIMING);
  const made: GpuReport['matmuls'][number][] = [];
  for (const one of wanted) {
    const gflops = await matmulRate(gpu, one);
    made.push({ ...one, gflops, share: gflops / ceilings.gflops });
  }
  const maxPositions = sizes.prompt + sizes.completion;
  using policy = await randomPolicy(gpu, fields, { rank: sizes.rank, maxPositions });
  const decode: GpuReport['decode'][number][] = [];
  for (const rows of [1, sizes.group]) {
    decode.push(await decodeRate(policy, sizes, rows, ceilings));
  }
  const step = await timeSteps(policy, sizes);
  const date = new Date().toISOString();
  return {
    adapter,
    date,
    sizes,
    tuning,
    ceilings,
    matmuls: made,
    decode,
    step,
    memoryPeakBytes: gpu.ledger.peak,
  };
}

const percent = (share: number): string => formatPercent(share, 0);

/** The report as lines; a ratio of steps is theirs over ours. */
export function gpuLines({
  adapter,
  sizes,
  ceilings,
  tuning,
  matmuls: made,
  decode,
  step,
  ...rest
}: GpuReport): string[] {
  const { prompt, completion, group } = sizes;
  return [
    `${adapter}: ${ceilingsText(ceilings)}`,
    tuningText(tuning),
    ...made.map(
      ({ layout, m, n, k, dtype, gflops, share }) =>
        `matmul ${layout} ${m}x${n}x${k} ${dtype}: ${gflops.toFixed(1)} GFLOP/s, ${percent(share)} of the best${torchShares(gflops, rest.torch as TorchReport | undefined)}`,
    ),
    ...decode.map(
      ({ rows, tokensPerSecond, limit, share }) =>
        `decode, ${rows} rows: ${((1000 * rows) / tokensPerSecond).toFixed(2)} ms a step, ${tokensPerSecond.toFixed(1)} tokens/s, ${percent(share)} of the ${limit.toFixed(0)} that our copy's bandwidth allows${torchLimit(share, ceilings, rest.torch as TorchReport | undefined)}`,
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
  readonly matmulTflops?: Readonly<Record<string, number>>;
  /** Bytes read and written by a large copy, in 1e9 a second. */
  readonly copyGigabytes?: number;
  readonly stepMs?: Readonly<Record<string, number>>;
}

/** A share of our copy's bandwidth as one of PyTorch's, which may copy faster. */
function torchLimit(share: number, { gigabytes }: Ceilings, torch: TorchReport | undefined): string {
  const theirs = torch?.copyGigabytes;
  return theirs === undefined ? '' : `, ${percent((share * gigabytes) / theirs)} of what PyTorch's does`;
}

/** A rate beside those of PyTorch's square matmuls. */
function torchShares(gflops: number, torch: TorchReport | undefined): string {
  return Object.entries(torch?.matmulTflops ?? {})
    .map(([type, tflops]) => `, ${percent(gflops / tflops / 1000)} of PyTorch's ${type}`)
    .join('');
}

function torchLine(ours: GpuReport['sizes'], totalMs: number, torch: TorchReport | undefined): string {
  const theirMs = torch?.stepMs?.total;
  if (theirMs === undefined) return 'PyTorch: not measured';
  const parts = Object.entries(torch?.stepMs ?? {}).filter(([part]) => part !== 'total');
  const told = parts.map(([part, ms]) => `${part} ${ms.toFixed(0)} ms, `).join('');
  const named = `PyTorch's step (${torch?.dtype}, trains ${torch?.trains}): ${told}together ${theirMs.toFixed(0)} ms`;
  const isSame = (['prompt', 'completion', 'group'] as const).every(
    (key) => torch?.sizes?.[key] === ours[key],
  );
  return isSame ? `${named}, ${(theirMs / totalMs).toFixed(2)}x ours` : `${named}, of another size`;
}
