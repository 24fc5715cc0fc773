import { join } from 'node:path';
import { Arena, Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { treeFromDisk } from '../io/disk.ts';
import { openNodeDevice } from './adapter.ts';
import { openHumanOmni } from '../models/humanomni-files.ts';
import { loadPolicy } from '../rl/policy.ts';
import { PassInputs, scoreTokens } from '../rl/pass-inputs.ts';
import { packPass, passSize } from '../rl/pass-arrays.ts';
import { lossBatchTensor, recordLoss } from '../rl/loss.ts';
import { LOSS_DEFAULTS } from '../rl/loss-config.ts';
import { encodeLossBatch } from '../rl/loss-batch.ts';
import { projectRoot } from './setup/paths.mjs';
async function main() {
  const { device, info } = await openNodeDevice();
  const gpu = new Gpu(device, { info });
  console.log(info.description, [...device.features].join(' '));
  const files = await openHumanOmni(await treeFromDisk(join(projectRoot(), 'public/demo/model')));
  const policy = await loadPolicy(gpu, files, { trainDecoder: true, trainProjectors: false, trainGate: false, trainBert: false, reference: false, seed: 1, maxPositions: 256 });
  const P = 89, L = 16;
  const groups = Array.from({ length: 8 }, () => ({ prompt: { ids: Uint32Array.from({ length: P }, (_, i) => i % 200) }, completions: Array.from({ length: 8 }, () => Uint32Array.from({ length: L }, (_, i) => (i * 7) % 200)) }));
  const size = passSize(groups); const arrays = packPass(groups, size);
  const inputs = new PassInputs(gpu, size); inputs.write(arrays, 1);
  const tape = new Tape();
  const scores = scoreTokens(tape, policy.current.decoder, inputs, [], { adapters: false });
  const batch = lossBatchTensor(gpu, 64);
  gpu.write(batch, encodeLossBatch(LOSS_DEFAULTS, { completions: arrays.starts.map((start, i) => ({ start, length: arrays.lengths[i]!, advantage: i % 2 ? 1 : -1 })), accumulation: 1, tokensInBatch: 64 * L }));
  const loss = recordLoss(tape.recorder, LOSS_DEFAULTS, scores, batch);
  tape.backward([[scores.logProbs, loss.dLogProbs]]);
  const out = tape.recorder.keep(loss.result as Tensor);
  const plan = await Plan.create(gpu, 'pass', tape.recorder, new Arena(gpu, 'x'));
  let t = performance.now(); await plan.run(); await gpu.read(plan.output(out)); console.log('first', (performance.now() - t).toFixed(0), 'tokens', size.tokens, 'dispatches', plan.dispatchCount);
  for (let i = 0; i < 3; i++) { t = performance.now(); await plan.run(); await gpu.read(plan.output(out)); console.log('run', (performance.now() - t).toFixed(0)); }
  if (device.features.has('timestamp-query')) {
    const times = await plan.profile(); const sum = new Map<string, [number, number]>();
    for (const { label, microseconds } of times) { const k = label.slice(0, 90); const [a, b] = sum.get(k) ?? [0, 0]; sum.set(k, [a + microseconds, b + 1]); }
    const total = times.reduce((a, b) => a + b.microseconds, 0);
    for (const [k, [us, n]] of [...sum].sort((a, b) => b[1][0] - a[1][0]).slice(0, 16)) console.log((us / 1000).toFixed(1).padStart(8), 'ms', n, k);
    console.log('total', (total / 1000).toFixed(1));
  }
  process.exit(0);
}
await main();
