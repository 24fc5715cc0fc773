/** A run that starts from the weights of another one: on the toy checkpoint, with made-up prompts and answers. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openHumanOmni } from '../../src/families/humanomni/files.ts';
import type { ModelFiles } from '../../src/families/shared/model-files.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { memorySource } from '../../src/io/files/bytes.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { LOSS_DEFAULTS } from '../../src/protocol/loss-config.ts';
import { lossMetrics } from '../../src/rl/objective/loss.ts';
import { loadPolicy } from '../../src/rl/policy/policy.ts';
import type { LeftWeights } from '../../src/rl/policy/start-weights.ts';
import type { MicroResult, Updater } from '../../src/rl/update/update.ts';
import { changedTensors } from '../../src/worker/export/changed.ts';
import { checkpointProblem } from '../../src/worker/export/trl-checkpoint.ts';
import { mergedCheckpoint } from '../../src/worker/export/weights.ts';
import { type LeavingRun, takeAlong, weightsToLeave } from '../../src/worker/left-weights.ts';
import { policyOptions, startOf } from '../../src/worker/run-options.ts';
import { relativeError, testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { tinyUpdater, toyGroup } from '../reference/omni-tiny.ts';

const GROUPS = [toyGroup(1, [5, 3, 8]), toyGroup(2, [1, 7, 4], 12)];
const KL = { ...LOSS_DEFAULTS, beta: 0.04 };
/** Merged into f32 matrices, an adapter's product is rounded elsewhere than beside them. */
const ROUNDING = 1e-4;

let gpu: Gpu;
let tree: FileTree;
let files: ModelFiles;
beforeAll(async () => {
  gpu = await testGpu();
  tree = await treeFromDisk('test/golden/omni-tiny');
  files = await openHumanOmni(tree);
});

interface Stage extends LeavingRun {
  readonly config: Config;
  /** One update with the KL to the reference; what the pass measured before it. */
  update(learningRate: number): Promise<MicroResult>;
  [Symbol.dispose](): void;
}

async function open(values: Partial<Config>, left?: LeftWeights): Promise<Stage> {
  const config = parseConfig({ loraRank: 4, loraAlpha: 8, beta: 0.04, ...values });
  const start = await startOf({ files, ...(left ? { left } : {}) }, config);
  const policy = await loadPolicy(
    gpu,
    start?.files ?? files,
    policyOptions(files.family, config, 256, start),
  );
  const updater: Updater = await tinyUpdater(policy, GROUPS, { objective: KL });
  return {
    config,
    policy,
    ...(start ? { start } : {}),
    update: async (learningRate) => (await updater.update(GROUPS, learningRate)).micro[0]!,
    [Symbol.dispose]() {
      updater[Symbol.dispose]();
      policy[Symbol.dispose]();
    },
  };
}

/** Takes two large steps and leaves; the log-probabilities are those of the weights that were left. */
async function train(values: Partial<Config>, left?: LeftWeights) {
  using stage = await open(values, left);
  for (let step = 0; step < 2; step++) await stage.update(0.01);
  const { logProbs } = await stage.update(0);
  return { logProbs, left: await takeAlong(weightsToLeave(stage)) };
}

const klOf = ({ loss }: MicroResult): number => lossMetrics(KL, loss, true).kl!;
const DECODER = { loraRank: 0, trainDecoder: true } as const;

describe('a run that starts from what another left', () => {
  it.each([
    { name: 'the same adapter goes on', before: {}, now: {}, error: 0 },
    { name: 'another rank: the adapter is merged', before: {}, now: { loraRank: 2 }, error: ROUNDING },
    {
      name: 'other layers: the adapter is merged',
      before: { loraTargets: ['q_proj'] },
      now: {},
      error: ROUNDING,
    },
    { name: 'adapter, then all weights', before: {}, now: DECODER, error: ROUNDING },
    { name: 'all weights, then an adapter', before: DECODER, now: {}, error: 0 },
    { name: 'all weights twice', before: DECODER, now: DECODER, error: 0 },
  ] as const)(
    'has its log-probabilities, and its reference has them, too: $name',
    async ({ before, now, error }) => {
      const first = await train(before as Partial<Config>);
      using second = await open(now, first.left);
      const begin = await second.update(0.01);
      expect(relativeError(begin.logProbs, first.logProbs)).toBeLessThanOrEqual(error);
      expect(begin.refLogProbs).toEqual(begin.logProbs);
      expect(klOf(begin)).toBe(0);
      const after = await second.update(0);
      expect(klOf(after)).toBeGreaterThan(1e-6);
      expect(after.refLogProbs).toEqual(begin.refLogProbs);
    },
  );

  it('differs from the published weights', async () => {
    using published = await open({});
    const { logProbs } = await published.update(0);
    const first = await train({});
    expect(relativeError(first.logProbs, logProbs)).toBeGreaterThan(0.01);
  });

  it('keeps what trained before and is frozen now, through any number of runs', async () => {
    const first = await train(DECODER);
    const second = await train({}, first.left);
    using third = await open({ loraRank: 2 }, second.left);
    const { logProbs } = await third.update(0);
    expect(relativeError(logProbs, second.logProbs)).toBeLessThanOrEqual(ROUNDING);
    const norm = 'model.norm.weight';
    const kept = await second.left.tensors.float32(norm);
    expect(kept).toEqual(await first.left.tensors.float32(norm));
    expect(kept).not.toEqual(await files.main.weights.float32(norm));
    const { policy } = third;
    const merged = await contentsOf(
      await mergedCheckpoint({ tree, files: policy.files }, changedTensors(policy), 'f32'),
    );
    const exported = await openSafetensors(memorySource(merged['model/model.safetensors']!), 'export');
    expect(await exported.float32(norm)).toEqual(kept);
    expect(checkpointProblem({ ...third, step: 1 })).toContain('weights that are not the published ones');
  });

  it.each([{}, { ...DECODER }])('gives back all memory when it is closed: %o', async (values) => {
    const { left } = await train(values);
    const before = gpu.ledger.parts();
    {
      using stage = await open(values, left);
      await stage.update(0.01);
    }
    expect(gpu.ledger.parts()).toEqual(before);
  });
});
