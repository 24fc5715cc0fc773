import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { promptOrder } from '../../src/data/sampler.ts';
import type { Example } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/disk.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { loadPolicy, type Policy } from '../../src/rl/policy.ts';
import { preparePrompt } from '../../src/rl/prepare.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { grpoYaml, scalar } from '../../src/worker/export/grpo-yaml.ts';
import { checkpointProblem } from '../../src/worker/export/trl-checkpoint.ts';
import { trlSettings } from '../../src/worker/export/trl-settings.ts';
import { LineLog } from '../../src/worker/line-log.ts';
import { type OpenModel, openModel } from '../../src/worker/model.ts';
import type { Run } from '../../src/worker/run.ts';
import { testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';

const EVERYTHING = {
  merged: null,
  adapter: true,
  checkpoint: true,
  handoff: true,
  metrics: true,
  rollouts: true,
};
const CONFIG = parseConfig({
  steps: 8,
  promptsPerStep: 4,
  groupSize: 2,
  numIterations: 2,
  loraRank: 2,
  epsilonHigh: 0.28,
});

const examples = ['happy', 'sad', 'angry', 'neutral', 'sad'].map(
  (label, index): Example => ({
    id: `clips/${index}.mp4`,
    path: `clips/${index}.mp4`,
    files: [],
    label,
    question: null,
    answer: label,
    writtenLabel: label,
    speaker: null,
    split: index === 4 ? 'test' : 'train',
  }),
);

const completion = (step: number, text: string) => ({
  ...{ step, exampleId: 'clips/0.mp4', label: 'happy', text, rawText: text, tokens: 3, ended: 'eos' },
  ...{ rewards: { accuracy: 1, format: 0 }, total: 1, advantage: 0.5, answer: text },
});

/** As much of a run as an export looks at, after three steps. */
function runOf(model: OpenModel, policy: Policy, optimizer: AdamW, config: Config): Run {
  const [metricsLog, rolloutsLog] = [new LineLog(), new LineLog()];
  for (const step of [1, 2, 3]) {
    const metrics = {
      loss: step / 10,
      reward: 1,
      'rewards/accuracy/mean': 1,
      epoch: step,
      num_tokens: 100 * step,
    };
    const own = {
      'memory/peak_bytes': 9,
      seconds: { rollout: 1 },
      ...(step === 2 ? { 'eval/war': 0.5 } : {}),
    };
    metricsLog.append({ step, ...metrics, ...own });
    rolloutsLog.append(completion(step, `é ${step}`), completion(step, 'b'));
  }
  const gpu = { info: {} };
  const features = { has: ({ path }: Example) => path !== 'clips/1.mp4' };
  const data = { name: 'faces', examples, issues: [], rows: 5, format: 'R1-Omni JSON' };
  const run = {
    ...{ config, step: 3, policy, optimizer, metricsLog, rolloutsLog, evaluations: [] },
    prompt: preparePrompt(model.text, config, model.counts),
    parts: { model, data, features, gpu, config },
  };
  return run as unknown as Run;
}

let gpu: Gpu;
let model: OpenModel;
beforeAll(async () => {
  gpu = await testGpu();
  model = await openModel(await treeFromDisk('test/golden/omni-tiny'));
});

async function exported(values: Partial<Config> = {}) {
  const config = parseConfig({ ...CONFIG, ...values });
  const { trainDecoder, trainProjectors, trainGate, trainBert, loraRank, loraAlpha, loraTargets } = config;
  using policy = await loadPolicy(gpu, model.files, {
    ...{ trainDecoder, trainProjectors, trainGate, trainBert },
    ...(loraRank > 0 ? { lora: { rank: loraRank, alpha: loraAlpha, targets: loraTargets } } : {}),
    ...{ reference: false, seed: 1, maxPositions: 64 },
  });
  using optimizer = new AdamW(gpu, policy.store);
  const run = runOf(model, policy, optimizer, config);
  const files = await exportFiles(run, EVERYTHING);
  return {
    files: await contentsOf(files),
    paths: files.map(({ path }) => path),
    problem: checkpointProblem(run),
  };
}

describe('the hand-off bundle', () => {
  let files: Awaited<ReturnType<typeof exported>>['files'];
  let paths: string[];
  beforeAll(async () => {
    ({ files, paths } = await exported());
  });
  const text = (path: string) => files[`handoff/${path}`]!.toString();
  const json = (path: string) => JSON.parse(text(path));
  const lines = (path: string) =>
    text(path)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('has its files, and each manifest behind what it names', () => {
    expect(paths.filter((path) => path.startsWith('handoff/') && !path.includes('r1omni/'))).toEqual([
      'handoff/README.md',
      'handoff/grpo.yaml',
      'handoff/settings.json',
      'handoff/rewards.py',
      'handoff/resume.py',
      'handoff/checkpoint-6/adapter_config.json',
      'handoff/checkpoint-6/adapter_model.safetensors',
      'handoff/checkpoint-6/optimizer.pt',
      'handoff/checkpoint-6/scheduler.pt',
      'handoff/checkpoint-6/trainer_state.json',
      'handoff/data/train.jsonl',
      'handoff/data/eval.jsonl',
      'handoff/verl/train.jsonl',
      'handoff/verl/val.jsonl',
      'handoff/verl/run.sh',
      'handoff/verl/reward.py',
      'handoff/verl/to_parquet.py',
      'handoff/completions/completions_00002.jsonl',
      'handoff/completions/completions_00004.jsonl',
      'handoff/completions/completions_00006.jsonl',
      'handoff/manifest.json',
    ]);
    expect(paths.filter((path) => path.includes('r1omni/'))).toEqual(
      expect.arrayContaining(['handoff/r1omni/train.json', 'handoff/r1omni/model/model.safetensors']),
    );
    expect(paths.at(-1)).toBe('manifest.json');
    const manifest = json('manifest.json') as { step: number; files: { path: string; sha256: string }[] };
    expect(manifest.step).toBe(6);
    for (const { path, sha256 } of manifest.files)
      expect(createHash('sha256').update(files[`handoff/${path}`]!).digest('hex'), path).toBe(sha256);
    expect(manifest.files.length).toBe(paths.filter((path) => path.startsWith('handoff/')).length - 1);
  });

  it("deals the clips as the sampler does in the epoch under way, without those that can't be read", () => {
    const usable = examples.filter(({ split, path }) => split === 'train' && path !== 'clips/1.mp4');
    const order = promptOrder(usable.length, CONFIG.seed, 3).map((index) => usable[index]!);
    const rows = lines('data/train.jsonl');
    expect(rows.map(({ video, solution }) => [video, solution])).toEqual(
      order.map(({ path, label }) => [path, label]),
    );
    expect(rows[0].prompt[0].content).toContain('<vi_start><video><vi_end>\n');
    expect(lines('data/eval.jsonl').map(({ video }) => video)).toEqual(['clips/4.mp4']);
    expect(json('r1omni/train.json')[0].conversations).toEqual([
      {
        from: 'human',
        value: expect.stringMatching(/^<video>\n<audio>\nAs an emotional [^<]*[\s\S]*tags\.$/),
      },
      { from: 'gpt', value: order[0]!.label },
    ]);
    expect(lines('verl/train.jsonl')[0]).toMatchObject({
      data_source: 'faces',
      reward_model: { style: 'rule', ground_truth: order[0]!.label },
      extra_info: { split: 'train', index: 0 },
    });
  });

  it("counts steps as the optimizer does and logs TRL's names only", () => {
    const state = json('checkpoint-6/trainer_state.json');
    expect(state).toMatchObject({
      global_step: 6,
      max_steps: 16,
      num_input_tokens_seen: 300,
      train_batch_size: 2,
    });
    expect(state.log_history).toEqual([
      { loss: 0.1, reward: 1, 'rewards/accuracy/mean': 1, num_tokens: 100, epoch: 1, step: 2 },
      { loss: 0.2, reward: 1, 'rewards/accuracy/mean': 1, num_tokens: 200, epoch: 2, step: 4 },
      { eval_war: 0.5, epoch: 2, step: 4 },
      { loss: 0.3, reward: 1, 'rewards/accuracy/mean': 1, num_tokens: 300, epoch: 3, step: 6 },
    ]);
  });

  it("tells each step's completions in TRL's columns", () => {
    expect(lines('completions/completions_00004.jsonl')).toEqual([
      expect.objectContaining({ step: 4, completion: 'é 2', accuracy: 1, format: 0, advantage: 0.5 }),
      expect.objectContaining({ step: 4, completion: 'b' }),
    ]);
  });

  it('keeps the batch of a step under every name for it', () => {
    const { grpo, checkpoint } = json('settings.json');
    expect(checkpoint).toBe('checkpoint-6');
    expect(grpo.per_device_train_batch_size * grpo.gradient_accumulation_steps).toBe(4 * 2);
    expect(text('verl/run.sh')).toContain('data.train_batch_size=4 \\');
    expect(text('verl/run.sh')).toContain('actor_rollout_ref.model.lora_adapter_path=../checkpoint-6 \\');
    expect(text('README.md')).toContain('accelerate launch --num_processes 8 resume.py');
  });
});

it('a run that trains more than its adapter has no checkpoint, and says why', async () => {
  const { files, paths, problem } = await exported({ trainGate: true });
  expect(problem).toBe('the run trains more than the adapter');
  expect(paths.some((path) => path.includes('checkpoint-') || path.endsWith('resume.py'))).toBe(false);
  expect(files['handoff/README.md']!.toString()).toContain(problem);
  expect(files['handoff/verl/run.sh']!.toString()).not.toContain('lora_adapter_path');
});

describe('grpo.yaml', () => {
  /** Every key that `trl grpo` was seen to take from a file. */
  const KNOWN =
    /^(model_name_or_path|dtype|datasets|dataset_name|reward_funcs|output_dir|use_peft|lora_(r|alpha|dropout|target_modules)|learning_rate|per_device_train_batch_size|gradient_accumulation_steps|num_generations|max_completion_length|beta|loss_type|epsilon|epsilon_high|scale_rewards|temperature|max_steps|save_steps|logging_steps|log_completions|report_to|bf16|seed|num_processes|accelerate_config|env)$/;
  const yaml = (values: Partial<Config>) =>
    grpoYaml(parseConfig({ ...CONFIG, ...values }), 'base "x"', { rank: 2, alpha: 32, targets: 'model\\.x' });

  it('has only keys that trl takes, and names the settings it cannot hold', () => {
    const written = yaml({ schedule: 'constant', warmupSteps: 3, klEstimator: 'k1', minP: 0.1 });
    const keys = written.match(/^\w+(?=:)/gm)!;
    expect(keys.filter((key) => !KNOWN.test(key))).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining(['lora_dropout', 'epsilon_high', 'beta', 'max_steps']));
    const unsaid = written.match(/(?<=takes it from no file: ).*/g)!;
    expect(unsaid.sort()).toEqual([
      'klEstimator = "k1"',
      'lr_scheduler_type = "constant_with_warmup"',
      'min_p = 0.1',
      'num_iterations = 2',
      'warmup_steps = 6',
    ]);
    expect(written).toContain('reward_funcs: [rewards.accuracy, rewards.format]\n');
    expect(written).toContain('model_name_or_path: "base \\"x\\""\n');
    expect(written).toContain('learning_rate: 0.00001\n');
  });

  it('names corrections and shapes of the loss as TRL does where they are at work, and what TRL has not', () => {
    const values = { samplerCorrection: 'token_mask', samplerCorrectionMax: 2, lossType: 'vespo' } as const;
    const settings = trlSettings(parseConfig(values));
    expect(settings).toMatchObject({
      vllm_importance_sampling_correction: true,
      vllm_importance_sampling_mode: 'token_mask',
      vllm_importance_sampling_clip_max: 2,
      ...{ vespo_k_pos: 2, vespo_lambda_pos: 3, vespo_k_neg: 3, vespo_lambda_neg: 2 },
    });
    expect(settings).not.toHaveProperty('vllm_importance_sampling_clip_min');
    const idle = Object.keys(trlSettings(parseConfig({})));
    expect(idle.filter((key) => /^(vllm|vespo)/.test(key))).toEqual([]);
    expect(yaml({ ...values, dualClip: 3 })).toContain('takes it from no file: dualClip = 3\n');
  });

  it('of the defaults leaves nothing unsaid', () => {
    expect(yaml({ numIterations: 1 })).not.toContain('Not said here');
    expect(trlSettings(CONFIG)).not.toHaveProperty('min_p');
  });

  it('writes numbers that YAML 1.1 reads as numbers', () => {
    expect([1e-7, 2.5e-8, 1e21, 0.1, 3, 'x', true].map(scalar)).toEqual([
      '1.0e-7',
      '2.5e-8',
      '1.0e+21',
      '0.1',
      '3',
      '"x"',
      'true',
    ]);
  });
});
