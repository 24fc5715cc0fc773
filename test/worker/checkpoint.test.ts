import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { openSealed, writeSealed } from '../../src/io/sealed/sealed.ts';
import type { Config } from '../../src/protocol/config.ts';
import { evaluate } from '../../src/rl/evaluate.ts';
import { withStartWeights } from '../../src/rl/policy/start-weights-shown.ts';
import { grpoStep } from '../../src/rl/step.ts';
import { checkpointFiles, restoreCheckpoint } from '../../src/worker/runs/checkpoint.ts';
import type { TrainState } from '../../src/worker/runs/records.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { testGpu } from '../ops/harness.ts';
import { type TinyRun, tinyRun } from './tiny-run.ts';

/** The toy earns no reward: a bonus on variety is what it learns from. The reference holds it back by KL. */
const BASE: Partial<Config> = {
  ...{ steps: 2, learningRate: 0.005, schedule: 'linear', beta: 0.1, entropyCoef: 0.5, weightDecay: 0.01 },
  maxCompletionLength: 4,
};
const LORA: Partial<Config> = { ...BASE, loraRank: 2 };
const FULL: Partial<Config> = {
  ...BASE,
  ...{ loraRank: 0, trainDecoder: true, trainProjectors: true, trainGate: true, trainBert: true },
};
const STATE = { format: 1, step: 1 } as TrainState;

let gpu: Gpu;
let tree: FileTree;

beforeAll(async () => {
  gpu = await testGpu();
  tree = await treeFromDisk('test/golden/omni-tiny');
});

const trainedOf = ({ policy, context }: TinyRun) => ({
  store: policy.store,
  optimizer: context.updater.optimizer,
});

/** What one step reports, without clocks and memory. */
async function take(run: TinyRun, step: number) {
  const examples = [run.examples[step % 4]!, run.examples[(step + 1) % 4]!];
  const { metrics, groups } = await grpoStep(run.context, examples, step);
  const { loss, kl, entropy, grad_norm, learning_rate } = metrics;
  return { loss, kl, entropy, grad_norm, learning_rate, groups };
}

/** Bits of every trained tensor and its moments. */
async function bitsOf(run: TinyRun): Promise<Map<string, Uint32Array[]>> {
  const { store, optimizer } = trainedOf(run);
  const bits = (values: Float32Array) => new Uint32Array(Float32Array.from(values).buffer);
  const all = new Map<string, Uint32Array[]>();
  for (const name of store.names()) {
    const { first, second } = await optimizer.readMoments(name);
    all.set(name, [bits(await store.read(name)), bits(first), bits(second)]);
  }
  return all;
}

async function saved(run: TinyRun): Promise<ReadonlyMap<string, Blob>> {
  const files = new MemoryStore();
  await writeSealed(files, 'step-1', checkpointFiles(trainedOf(run), STATE));
  return (await openSealed(files, 'step-1')).files;
}

describe.each([
  ['an adapter', LORA, 'adapter.safetensors'],
  ['every part that can train', FULL, 'model.safetensors'],
])('a checkpoint of %s', (_, config, weights) => {
  /** Two steps in a row: what was saved after the first, what the second reports, and how it leaves the weights. */
  const takeBoth = async () => {
    using run = await tinyRun(gpu, tree, config);
    await take(run, 0);
    const files = await saved(run);
    const { stepCount } = trainedOf(run).optimizer;
    return { files, stepCount, second: await take(run, 1), bits: await bitsOf(run) };
  };
  let whole: Awaited<ReturnType<typeof takeBoth>>;
  beforeAll(async () => {
    whole = await takeBoth();
  }, 300_000);

  it('goes on bit for bit, measured against the weights as they were published', async () => {
    const { files, stepCount, second } = whole;
    expect(second.kl).toBeGreaterThan(0);
    expect([...files.keys()]).toEqual([weights, 'optimizer.safetensors', 'state.json']);
    using again = await tinyRun(gpu, tree, config);
    await restoreCheckpoint(trainedOf(again), files);
    trainedOf(again).optimizer.stepCount = stepCount;
    const before = await bitsOf(again);
    expect(await take(again, 1)).toEqual(second);
    const after = await bitsOf(again);
    expect(after).toEqual(whole.bits);
    expect(after).not.toEqual(before);
  }, 300_000);

  it('shows the start for one evaluation, with the present weights back after it and the next step the same', async () => {
    using run = await tinyRun(gpu, tree, config);
    const weights = async () => [...(await bitsOf(run))].map(([name, [values]]) => [name, values]);
    const measure = () =>
      evaluate(run.context, run.examples, { split: 'test', step: 0, labels: ['happy', 'sad'] });
    const [start, score] = [await weights(), await measure()];
    await take(run, 0);
    const present = await bitsOf(run);
    const shown = await withStartWeights(run.policy, async () => [await weights(), await measure()]);
    expect(shown).toEqual([start, score]);
    expect(await bitsOf(run)).toEqual(present);
    const broken = async () => {
      throw new Error('a clip broke');
    };
    await expect(withStartWeights(run.policy, broken)).rejects.toThrow('a clip broke');
    expect(await bitsOf(run)).toEqual(present);
    expect(await take(run, 1)).toEqual(whole.second);
  }, 300_000);
});

describe('a checkpoint of other trained parts', () => {
  it('is refused by name and changes nothing', async () => {
    using run = await tinyRun(gpu, tree, LORA);
    const before = await bitsOf(run);
    const refusal = async (config: Partial<Config>) => {
      using other = await tinyRun(gpu, tree, config);
      return expect(restoreCheckpoint(trainedOf(run), await saved(other))).rejects;
    };
    await (await refusal({ ...LORA, loraRank: 3 })).toThrow(
      /lora_A.weight is F32 \[3, 64\], expected F32 \[2, 64\]/,
    );
    await (await refusal({ ...LORA, loraTargets: ['q_proj'] })).toThrow(
      /adapter.safetensors: 6 tensors, expected 42/,
    );
    await (await refusal(FULL)).toThrow(
      'holds model.safetensors, optimizer.safetensors, state.json, but no adapter',
    );
    expect(await bitsOf(run)).toEqual(before);
  });
});
