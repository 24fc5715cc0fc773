/** One training pass of the embedded demo model, kernel by kernel. */
import { join } from 'node:path';
import { type GroupSize, makeGroups, recordLossPass } from '../../bench/cases/loss-pass.ts';
import { openHumanOmni } from '../../families/humanomni/files.ts';
import { Arena, type Gpu, Plan, type Tensor } from '../../gpu/index.ts';
import { treeFromDisk } from '../../io/files/disk.ts';
import { median } from '../../math/stats.ts';
import { loadPolicy } from '../../rl/policy/policy.ts';
import { projectRoot } from '../setup/paths.mjs';

const RUNS = 5;
const SHOWN = 15;
const PROMPT_TOKENS = 89;

export type TrainingPassSize = Omit<GroupSize, 'promptTokens'>;

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

/** Times the pass and prints the kernels that take longest, where the device has timestamps. */
export async function timeTrainingPass(gpu: Gpu, size: TrainingPassSize): Promise<void> {
  const files = await openHumanOmni(await treeFromDisk(join(projectRoot(), 'public', 'demo', 'model')));
  const frozen = { trainProjectors: false, trainGate: false, trainBert: false, reference: false };
  const policy = await loadPolicy(gpu, files, { ...frozen, trainDecoder: true, seed: 1, maxPositions: 512 });
  const groups = makeGroups({ ...size, promptTokens: PROMPT_TOKENS });
  const { tape, loss, tokens } = recordLossPass(gpu, policy.current.decoder, groups);
  const kept = tape.recorder.keep(loss);
  const plan = await Plan.create(gpu, 'training pass', tape.recorder, new Arena(gpu, 'bench'));
  const result = plan.output(kept);
  const times = await timeRuns(gpu, plan, result);
  console.log(`${gpu.info.description}: ${tokens} tokens, ${plan.dispatchCount} dispatches`);
  console.log(
    `${median(times).toFixed(1)} ms a pass (median of ${RUNS}, ${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)})`,
  );
  if (gpu.device.features.has('timestamp-query')) printKernels(await plan.profile());
}
