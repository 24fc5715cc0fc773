/**
 * `npm run bench [-- --prompts N --group N --length N]`: one training pass of the embedded demo model, kernel by kernel.
 * A software adapter's milliseconds say nothing about a GPU; ratios within one run do.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Arena, Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { treeFromDisk } from '../io/disk.ts';
import { median } from '../math/stats.ts';
import { openHumanOmni } from '../models/humanomni-files.ts';
import { lossBatchTensor, recordLoss } from '../rl/loss.ts';
import { encodeLossBatch } from '../rl/loss-batch.ts';
import { LOSS_DEFAULTS } from '../rl/loss-config.ts';
import { packPass, passSize, type TokenGroup } from '../rl/pass-arrays.ts';
import { PassInputs, scoreTokens } from '../rl/pass-inputs.ts';
import { loadPolicy, type Policy } from '../rl/policy.ts';
import { openNodeDevice } from './adapter.ts';
import { projectRoot } from './setup/paths.mjs';

const RUNS = 5;
const SHOWN = 15;
const PROMPT_TOKENS = 89;

interface Size {
  readonly prompts: number;
  readonly group: number;
  readonly length: number;
}

function readSize(): Size {
  const { values } = parseArgs({
    options: {
      prompts: { type: 'string', default: '8' },
      group: { type: 'string', default: '8' },
      length: { type: 'string', default: '16' },
    },
  });
  return { prompts: Number(values.prompts), group: Number(values.group), length: Number(values.length) };
}

/** Groups of made-up ids: a kernel's time does not depend on which tokens it sees. */
function makeGroups({ prompts, group, length }: Size): TokenGroup[] {
  const ids = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => 10 + (i % 100));
  return Array.from({ length: prompts }, () => ({
    prompt: { ids: ids(PROMPT_TOKENS) },
    completions: Array.from({ length: group }, () => ids(length)),
  }));
}

async function recordPass(
  policy: Policy,
  size: Size,
): Promise<{ plan: Plan; result: Tensor; tokens: number }> {
  const { gpu } = policy;
  const groups = makeGroups(size);
  const arrays = packPass(groups, passSize(groups));
  const inputs = new PassInputs(gpu, passSize(groups));
  inputs.write(arrays, 1);
  const tape = new Tape();
  const scores = scoreTokens(tape, policy.current.decoder, inputs, [], { adapters: false });
  const batch = lossBatchTensor(gpu, arrays.starts.length);
  const completions = arrays.starts.map((start, i) => ({
    start,
    length: arrays.lengths[i]!,
    advantage: 1 - 2 * (i % 2),
  }));
  const tokensInBatch = completions.length * size.length;
  gpu.write(batch, encodeLossBatch(LOSS_DEFAULTS, { completions, accumulation: 1, tokensInBatch }));
  const loss = recordLoss(tape.recorder, LOSS_DEFAULTS, scores, batch);
  tape.backward([[scores.logProbs, loss.dLogProbs]]);
  const result = tape.recorder.keep(loss.result);
  const plan = await Plan.create(gpu, 'training pass', tape.recorder, new Arena(gpu, 'bench'));
  return { plan, result: plan.output(result), tokens: passSize(groups).tokens };
}

async function timeRuns(gpu: Gpu, plan: Plan, result: Tensor): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now();
    await plan.run();
    await gpu.read(result);
    // The first run also finds out how much to submit at a time.
    if (run > 0) times.push(performance.now() - start);
  }
  return times;
}

function printKernels(times: Awaited<ReturnType<Plan['profile']>>): void {
  const kernels = new Map<string, { ms: number; count: number }>();
  for (const { label, microseconds } of times) {
    const kernel = kernels.get(label) ?? { ms: 0, count: 0 };
    kernels.set(label, { ms: kernel.ms + microseconds / 1000, count: kernel.count + 1 });
  }
  const sorted = [...kernels].sort((a, b) => b[1].ms - a[1].ms);
  for (const [label, { ms, count }] of sorted.slice(0, SHOWN)) {
    console.log(`${ms.toFixed(2).padStart(10)} ms  ${String(count).padStart(4)} ×  ${label}`);
  }
}

async function main(): Promise<void> {
  const size = readSize();
  const { device, info } = await openNodeDevice();
  const gpu = new Gpu(device, { info });
  const files = await openHumanOmni(await treeFromDisk(join(projectRoot(), 'public', 'demo', 'model')));
  const frozen = { trainProjectors: false, trainGate: false, trainBert: false, reference: false };
  const policy = await loadPolicy(gpu, files, { ...frozen, trainDecoder: true, seed: 1, maxPositions: 512 });
  const { plan, result, tokens } = await recordPass(policy, size);
  const times = await timeRuns(gpu, plan, result);
  console.log(`${info.description}: ${tokens} tokens, ${plan.dispatchCount} dispatches`);
  console.log(
    `${median(times).toFixed(1)} ms a pass (median of ${RUNS}, ${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)})`,
  );
  if (device.features.has('timestamp-query')) printKernels(await plan.profile());
}

await main();
process.exit(0);
