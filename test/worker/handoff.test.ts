import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PromptSampler } from '../../src/data/sampler.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { ExportParts } from '../../src/protocol/messages.ts';
import { trlSettings } from '../../src/protocol/trl-settings.ts';
import { loadPolicy } from '../../src/rl/policy/policy.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { grpoYaml, scalar } from '../../src/worker/export/grpo-yaml.ts';
import { checkpointProblem } from '../../src/worker/export/trl-checkpoint.ts';
import { type OpenModel, openModel } from '../../src/worker/inputs/model.ts';
import { testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { examples, runOf } from './bundle-run.ts';

const EVERYTHING: ExportParts = {
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

let gpu: Gpu;
let model: OpenModel;
beforeAll(async () => {
  gpu = await testGpu();
  model = await openModel(await treeFromDisk('test/golden/omni-tiny'));
});

async function exported(values: Partial<Config> = {}, parts: ExportParts = EVERYTHING) {
  const config = parseConfig({ ...CONFIG, ...values });
  const { trainDecoder, trainProjectors, trainGate, trainBert, loraRank, loraAlpha, loraTargets } = config;
  using policy = await loadPolicy(gpu, model.files, {
    ...{ trainDecoder, trainProjectors, trainGate, trainBert },
    ...(loraRank > 0 ? { lora: { rank: loraRank, alpha: loraAlpha, targets: loraTargets } } : {}),
    ...{ reference: false, seed: 1, maxPositions: 64 },
  });
  using optimizer = new AdamW(gpu, policy.store);
  const run = runOf(model, policy, optimizer, config);
  const files = await exportFiles(run, parts);
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
      'handoff/text_only.py',
      'handoff/base_model.py',
      'handoff/humanomni/__init__.py',
      'handoff/humanomni/configuration_humanomni.py',
      'handoff/humanomni/checkpoint_humanomni.py',
      'handoff/humanomni/modeling_humanomni.py',
      'handoff/humanomni/projector_humanomni.py',
      'handoff/humanomni/processing_humanomni.py',
      'handoff/humanomni/media_humanomni.py',
      'handoff/humanomni/training_humanomni.py',
      'handoff/resume.py',
      'handoff/checkpoint-6/adapter_config.json',
      'handoff/checkpoint-6/adapter_model.safetensors',
      'handoff/checkpoint-6/optimizer.pt',
      'handoff/checkpoint-6/scheduler.pt',
      'handoff/checkpoint-6/trainer_state.json',
      'handoff/self_test.py',
      'handoff/data/train.jsonl',
      'handoff/data/next.jsonl',
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
      expect.arrayContaining([
        'handoff/r1omni/train.json',
        'handoff/r1omni/launch.py',
        'handoff/r1omni/model/model.safetensors',
      ]),
    );
    expect(paths.at(-1)).toBe('manifest.json');
    const manifest = json('manifest.json') as { step: number; files: { path: string; sha256: string }[] };
    expect(manifest.step).toBe(6);
    for (const { path, sha256 } of manifest.files)
      expect(createHash('sha256').update(files[`handoff/${path}`]!).digest('hex'), path).toBe(sha256);
    expect(manifest.files.length).toBe(paths.filter((path) => path.startsWith('handoff/')).length - 1);
  });

  it("deals the clips of every step to come as the sampler does, without those that can't be read", () => {
    const train = examples.filter(({ split }) => split === 'train').map(({ id }) => id);
    const sampler = new PromptSampler(train.length, CONFIG.seed);
    const isOut = (index: number) => train[index] === 'clips/1.mp4';
    const deal = (count: number) => sampler.next(count, isOut).map((index) => train[index]!);
    const first = deal(CONFIG.promptsPerStep);
    deal(2 * CONFIG.promptsPerStep);
    const rows = lines('data/next.jsonl');
    expect(rows.map(({ video }) => video)).toEqual(deal(5 * CONFIG.promptsPerStep));
    expect(rows.every(({ video, solution }) => examples.some((e) => e.id === video && e.label === solution)));
    // A trainer that deals for itself needs as many rows as one of its steps asks about, of three clips too.
    const written = lines('data/train.jsonl');
    expect(written.map(({ video }) => video)).toEqual(first);
    expect(written[0].prompt[0].content).toContain('<vi_start><video><vi_end>\n');
    expect(lines('data/eval.jsonl').map(({ video }) => video)).toEqual(['clips/4.mp4']);
    expect(json('r1omni/train.json')[0]).toEqual({
      video: first[0],
      conversations: [
        {
          from: 'human',
          value: expect.stringMatching(/^<video>\n<audio>\nAs an emotional [^<]*[\s\S]*tags\.$/),
        },
        { from: 'gpt', value: written[0].solution },
      ],
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
      { eval_war: 0.5, 'eval_rewards/accuracy/mean': 0.25, epoch: 2, step: 4 },
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
    expect(text('verl/run.sh')).toContain('trainer.total_training_steps=5 \\');
    expect(text('verl/run.sh')).toContain(
      'actor_rollout_ref.model.lora_adapter_path="$HERE/../checkpoint-6" \\',
    );
    for (const setting of [
      'actor_rollout_ref.actor.use_dynamic_bsz=True',
      'actor_rollout_ref.rollout.tensor_model_parallel_size=1',
      `trainer.logger='["console"]'`,
      'trainer.total_epochs=5',
      'data.val_files="$HERE/val.parquet"',
      'custom_reward_function.path="$HERE/reward.py"',
    ])
      expect(text('verl/run.sh')).toContain(`  ${setting} \\\n`);
    // verl has no HumanOmni: it would not see a clip, and says so.
    expect(text('verl/run.sh')).toMatch(/without video and sound\." >&2[\s\S]*exit 1\nfi\nBASE=/);
    expect(lines('verl/train.jsonl')[0].prompt[0].content).not.toMatch(/<video>|vi_start/);
    expect(lines('verl/train.jsonl')[0]).not.toHaveProperty('videos');
    // Four prompts of two answers: R1-Omni's trainer shares prompts, the others answers.
    for (const command of [
      'launch.py --repo /path/to/R1-Omni --clips /path/to/data --gpus 4 ',
      'GPUS=8 bash',
    ])
      expect(text('README.md')).toContain(command);
    expect(text('README.md')).toContain('torchrun --nproc_per_node 8 resume.py');
    expect(text('README.md')).toContain('## R1-Omni: video and sound on GPUs');
  });
});

it('run.sh names whatever it hands to verl by its full path, wherever it is called from', async () => {
  const { files } = await exported();
  const root = mkdtempSync(join(tmpdir(), 'verl-'));
  for (const folder of ['verl', 'clips', 'base', 'bin']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'verl/run.sh'), files['handoff/verl/run.sh']!);
  // In place of Python: what it was given, a line each.
  const stub = '#!/bin/sh\nprintf "%s\\n" "$CLIPS" "$@"\n';
  writeFileSync(join(root, 'bin/python3'), stub, { mode: 0o755 });
  const run = (env: Record<string, string>) => {
    const PATH = `${join(root, 'bin')}:${process.env.PATH}`;
    return spawnSync('bash', ['verl/run.sh'], { cwd: root, env: { PATH, ...env }, encoding: 'utf8' });
  };
  const { status, stdout } = run({ TEXT_ONLY: '1', BASE: 'base', CLIPS: 'clips' });
  expect(status).toBe(0);
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      join(root, 'clips'),
      `data.train_files=${root}/verl/train.parquet`,
      `custom_reward_function.path=${root}/verl/reward.py`,
      `actor_rollout_ref.model.lora_adapter_path=${root}/verl/../checkpoint-6`,
      `actor_rollout_ref.model.path=${root}/base`,
    ]),
  );
  expect(run({ TEXT_ONLY: '1', BASE: 'base', CLIPS: 'nowhere' })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nowhere'),
  });
  expect(run({ BASE: 'base' })).toMatchObject({ status: 1, stdout: '' });
  rmSync(root, { recursive: true });
});

it('the bundle holds the clips that its rows name where that is asked for, and says where', async () => {
  const { files, paths } = await exported({}, { ...EVERYTHING, clips: true });
  const media = paths.filter((path) => path.startsWith('handoff/media/')).sort();
  expect(media).toEqual([0, 2, 3, 4].map((clip) => `handoff/media/clips/${clip}.mp4`));
  expect(media.map((path) => files[path]!.toString())).toEqual([0, 2, 3, 4].map((clip) => `clip ${clip}`));
  const [readme, manifest] = ['README.md', 'manifest.json'].map((name) =>
    files[`handoff/${name}`]!.toString(),
  );
  expect(readme).toContain('The clips lie in `media/`');
  expect(readme).not.toMatch(/Clips are not copied|\/path\/to\/data/);
  expect(manifest).toContain('"media/clips/0.mp4"');
});

it('a run that trains more than its adapter has no checkpoint, and says why', async () => {
  const { files, paths, problem } = await exported({ trainGate: true, beta: 0.1 });
  expect(problem).toBe('the run trains more than the adapter');
  expect(paths.some((path) => path.includes('checkpoint-') || path.endsWith('resume.py'))).toBe(false);
  expect(files['handoff/README.md']!.toString()).toContain(problem);
  const script = files['handoff/verl/run.sh']!.toString();
  expect(script).not.toContain('lora_adapter_path');
  expect(script).toContain('# verl does not correct the KL by the ratio; its plain one is used.\n');
});

describe('grpo.yaml', () => {
  const yaml = (values: Partial<Config>) =>
    grpoYaml(parseConfig({ ...CONFIG, ...values }), { rank: 2, alpha: 32, targets: 'model\\.x' });

  it('has every setting, and names those that TRL has not', () => {
    const values = { schedule: 'constant', warmupSteps: 3, klEstimator: 'k1', minP: 0.1 } as const;
    const written = yaml(values);
    const keys = written.match(/^\w+(?=:)/gm)!;
    expect(keys).toEqual(
      expect.arrayContaining(Object.keys(trlSettings(parseConfig({ ...CONFIG, ...values })))),
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(written.match(/(?<=TRL has no such setting: ).*/g)).toEqual(['klEstimator = "k1"']);
    expect(written).toContain('lr_scheduler_type: "constant_with_warmup"\nwarmup_steps: 6\n');
    expect(written).toContain('reward_funcs: [text_only.accuracy, text_only.format]\n');
    expect(written).toContain('model_name_or_path: text-part\n');
    expect(written).toContain('lora_target_modules: "model\\\\.x"\n');
    expect(written).toContain('learning_rate: 0.00001\n');
    expect(yaml({ rewardWeights: [2, 1e-7] })).toContain('reward_weights: [2, 1.0e-7]\n');
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
    expect(idle.filter((key) => /^(vllm|vespo|sapo)/.test(key))).toEqual([]);
    expect(yaml({ ...values, dualClip: 3 })).toContain('TRL has no such setting: dualClip = 3\n');
  });

  it('tells the chat template what the run tells it, and leaves that out where it is nothing', () => {
    const told = { chatTemplateKwargs: '{"enable_thinking": false}' };
    expect(yaml(told)).toContain('chat_template_kwargs: {"enable_thinking":false}\n');
    expect(yaml({})).not.toContain('chat_template_kwargs');
    expect(yaml({ stopStrings: '</answer>' })).toContain(
      'TRL has no such setting: stopStrings = "</answer>"',
    );
  });

  it('of the defaults leaves nothing unsaid', () => {
    expect(yaml({})).not.toContain('TRL has no such setting');
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
