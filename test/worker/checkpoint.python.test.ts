import { beforeAll, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { LORA_LINEARS } from '../../src/io/formats/peft.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { safetensorsFile, type TensorToWrite } from '../../src/io/tensors/safetensors-write.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { loadPolicy, type Policy } from '../../src/rl/policy/policy.ts';
import { changedTensors } from '../../src/worker/export/changed.ts';
import { trlCheckpoint } from '../../src/worker/export/trl-checkpoint.ts';
import { mergedCheckpoint } from '../../src/worker/export/weights.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { LineLog } from '../../src/worker/line-log.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { bytesOf, contentsOf } from '../reference/bytes-of.ts';
import { readInPython } from '../setup/python.ts';

const STEPS_DONE = 3;
const TARGETS = LORA_LINEARS.filter((name) => name !== 'up_proj');
const CONFIG: Config = parseConfig({
  steps: 6,
  learningRate: 1e-3,
  loraRank: 4,
  loraAlpha: 8,
  loraTargets: TARGETS,
});

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** Puts seeded values into the adapter and into Adam's moments; returns the moments as a file for the check. */
function fill(policy: Policy, optimizer: AdamW): TensorToWrite[] {
  optimizer.stepCount = STEPS_DONE;
  return policy.store.names().flatMap((name, index) => {
    const { shape } = policy.store.get(name);
    const count = shape.reduce((product, side) => product * side, 1);
    const first = numbers(count, 100 + index);
    const second = numbers(count, 500 + index).map(Math.abs);
    policy.store.write(name, numbers(count, 900 + index));
    optimizer.writeMoments(name, { first, second });
    const key = name.replace(/^model\.layers\./, '').replace(/\.lora_([AB])\.weight$/, '.$1');
    const tensor = (part: string, values: Float32Array): TensorToWrite => ({
      name: `${key}.${part}`,
      dtype: 'F32',
      shape,
      bytes: () => f32ToBytes('F32', Float32Array.from(values)),
    });
    return [tensor('first', first), tensor('second', second)];
  });
}

it("torch goes on from an exported checkpoint, and Python's merge is the exported one", async () => {
  const tree = await treeFromDisk('test/golden/omni-tiny');
  const model = await openModel(tree);
  const lora = { rank: CONFIG.loraRank, alpha: CONFIG.loraAlpha, targets: TARGETS };
  const parts = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false };
  const options = { ...parts, lora, reference: false, seed: 1, maxPositions: 64 };
  using policy = await loadPolicy(gpu, model.files, options);
  using optimizer = new AdamW(gpu, policy.store);
  const expected = fill(policy, optimizer);
  const metricsLog = new LineLog();
  metricsLog.append({ step: 1, loss: 0.5, epoch: 0.5 });
  const data = {
    name: 'clips',
    kind: 'clips',
    examples: [],
    issues: [],
    rows: 0,
    format: '',
    division: '',
  } as const;
  const run = { config: CONFIG, step: STEPS_DONE, policy, optimizer, metricsLog, parts: { data } };
  const merged = async (dtype: 'f32' | 'bf16') => {
    const files = await mergedCheckpoint(model, changedTensors(policy), dtype);
    return bytesOf(files.find(({ path }) => path === 'model/model.safetensors')!);
  };
  const { layers } = model.config.decoder;
  const found = readInPython('read_checkpoint.py', {
    ...(await contentsOf(await trlCheckpoint(run))),
    'case.json': JSON.stringify({ folder: `checkpoint-${STEPS_DONE}`, layers, targets: TARGETS }),
    'expected.safetensors': await bytesOf(safetensorsFile('expected', expected)),
    'base.safetensors': await bytesOf(safetensorsFile('base', baseTensors(policy))),
    'f32.safetensors': await merged('f32'),
    'bf16.safetensors': await merged('bf16'),
  }) as Found;
  expect(found.optimizer).toMatchObject({ steps: [STEPS_DONE], names: 2 * layers * TARGETS.length });
  expect(found.optimizer.rate).toBeCloseTo(5e-4, 12);
  // Values of magnitude 1 in f32.
  expect(found.optimizer.worst).toBeLessThan(3e-7);
  expect(found.scheduler.now).toEqual([found.optimizer.rate, found.optimizer.rate]);
  expect(found.scheduler.last_epoch).toBe(STEPS_DONE + 1);
  for (const rate of found.scheduler.next) expect(rate).toBeCloseTo(1e-3 / 3, 12);
  expect(found.merged.f32.touched).toBe(layers * TARGETS.length);
  expect(found.merged.f32.worst).toBeLessThan(1e-4);
  // Half a unit in the last place of bf16 is 2^-9 of the value.
  expect(found.merged.bf16.worst).toBeLessThan(2 ** -8);
});

interface Found {
  readonly optimizer: { steps: number[]; rate: number; names: number; worst: number };
  readonly scheduler: { now: number[]; next: number[]; last_epoch: number };
  readonly merged: Record<'f32' | 'bf16', { worst: number; touched: number }>;
}

function baseTensors({ files }: Policy): TensorToWrite[] {
  const { weights } = files.main;
  return weights.names().map((name) => {
    const { dtype, shape } = weights.info(name);
    return { name, dtype, shape, bytes: () => weights.bytes(name) };
  });
}
