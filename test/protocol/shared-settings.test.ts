/** Settings that travel, and what a stranger's address or a trainer's file may bring. */
import { describe, expect, it } from 'vitest';
import { type Config, defaultConfig, parseConfig } from '../../src/protocol/config.ts';
import { presetConfig } from '../../src/protocol/presets.ts';
import {
  fromAddress,
  isOwnFile,
  soundSettings,
  toAddress,
  toFile,
  travelling,
  wholeForm,
} from '../../src/protocol/shared-settings.ts';
import { fromTrl, trlPython, trlValues } from '../../src/protocol/trl-config.ts';

const SECRET = 'def mine(completions, **kwargs):\n    return [42.0 for _ in completions]\n';
const withProgram = (values: Partial<Config>): Config =>
  parseConfig({
    ...values,
    rewardSources: [
      ...([
        { name: 'mine', language: 'py', source: SECRET, completions: 'text', hash: 'a'.repeat(64) },
      ] as const),
    ],
  });
const addressOf = (found: unknown): string => btoa(typeof found === 'string' ? found : JSON.stringify(found));

describe('an address', () => {
  it('brings a form as it was, and is empty of what is the default', () => {
    for (const name of ['dapo', 'r1-omni', 'sft', 'vespo', 'demo']) {
      const config = presetConfig(name, { question: 'Wie fühlt „sie“ sich? 🙂' });
      const { values, refused } = fromAddress(toAddress(config));
      expect(refused).toEqual([]);
      expect({ ...defaultConfig(), ...wholeForm(values) }).toEqual(config);
    }
    expect(fromAddress(toAddress(defaultConfig())).values).toEqual({});
    expect(toAddress(presetConfig('demo'))).toMatch(/^[\w-]{1,600}$/);
  });

  it('has no program and no model in it, nor the rewards that they are', () => {
    const config = withProgram({ rewards: ['accuracy', 'mine'], rewardWeights: [2, 3], steps: 7 });
    expect(travelling(config)).toEqual({ rewards: ['accuracy'], rewardWeights: [2], steps: 7 });
    expect(travelling(withProgram({ rewards: ['mine'], rewardWeights: [3], steps: 7 }))).toEqual({
      steps: 7,
    });
    const word = toAddress(config);
    const text = atob(word.replaceAll('-', '+').replaceAll('_', '/'));
    expect(text).not.toMatch(/mine|42/);
    expect(toFile(config)).not.toMatch(/mine|42/);
  });

  it('of a stranger is judged setting by setting; what it may not bring is named', () => {
    const { values, refused } = fromAddress(
      addressOf(
        `{"steps": 5, "groupSize": 1e9, "temperature": "hot", "wings": 2, "__proto__": {"steps": 1}, "constructor": 3,
          "rewards": ["accuracy", "mine"], "rewardSources": [], "startFrom": "last run", "topP": null}`,
      ),
    );
    expect(values).toEqual({ steps: 5 });
    expect(refused).toEqual([
      'groupSize is 1000000000; expected a whole number from 2 to 64.',
      'temperature is "hot"; expected a number from 0.01 to 10.',
      'wings: there is no such setting.',
      '__proto__: there is no such setting.',
      'constructor: there is no such setting.',
      'rewards: some are not built in, and programs do not travel.',
      'rewardSources: this stays on the device that it was set on.',
      'startFrom: this stays on the device that it was set on.',
      'topP is null; expected a number from 0.001 to 1.',
    ]);
    expect(wholeForm(values)).not.toHaveProperty('rewardSources');
  });

  it.each([
    ['%%%', 'holds no settings that can be read'],
    [addressOf('[1'), 'holds no settings that can be read'],
    [addressOf([1]), 'This address holds a list; expected settings'],
    [addressOf('null'), 'expected settings'],
    ['A'.repeat(40_000), '40000 characters long; expected at most 32000'],
  ])('that is none is refused: %.20s', (word, message) => {
    expect(() => fromAddress(word)).toThrow(message);
  });
});

it('a file of settings is told apart, and read like an address', () => {
  const file = JSON.parse(toFile(presetConfig('gspo'))) as object;
  expect(isOwnFile(file)).toBe(true);
  expect(isOwnFile({ settings: {} })).toBe(false);
  const { values } = soundSettings((file as { settings: unknown }).settings, 'settings.json');
  expect({ ...defaultConfig(), ...wholeForm(values) }).toEqual(presetConfig('gspo'));
});

describe('a GRPOConfig', () => {
  it.each(['dapo', 'gspo', 'deepseekmath', 'vespo', 'lite-ppo', 'r1-omni', 'demo'])(
    'of the preset %s comes back as it went, but for what TRL has not',
    (name) => {
      const config = presetConfig(name, { numIterations: 2, steps: 40, warmupSteps: 6, checkpointEvery: 20 });
      const { values, refused } = fromTrl(trlValues(config));
      expect(refused).toEqual([]);
      const came = { ...defaultConfig(), ...values };
      const lost = new Set([
        'evalEvery',
        'evalOnStart',
        'promptPreset',
        'question',
        'stage',
        'resampleRounds',
      ]);
      const parts = new Set(['trainProjectors', 'trainGate', 'trainBert', 'loraAlpha']);
      const differ = (Object.keys(config) as (keyof Config)[]).filter(
        (key) =>
          !lost.has(key) && !parts.has(key) && JSON.stringify(came[key]) !== JSON.stringify(config[key]),
      );
      expect(differ).toEqual([]);
    },
  );

  it('that a person wrote is read by TRL’s names; every other name is named', () => {
    const { values, refused } = fromTrl({
      ...{ model_name_or_path: 'Qwen/Qwen2.5-0.5B', bf16: true, max_prompt_length: 512 },
      ...{ beta: 0.04, learning_rate: 1e-6, scale_rewards: false, epsilon_high: null, loss_type: 'dr_grpo' },
      ...{ num_generations: 8, per_device_train_batch_size: 16, gradient_accumulation_steps: 4 },
      ...{ max_steps: 100, num_iterations: 2, lr_scheduler_type: 'constant_with_warmup', warmup_steps: 10 },
      ...{
        lora_r: 8,
        lora_target_modules: String.raw`model\.layers\.\d+\.(self_attn\.(q|v)_proj|mlp\.(gate)_proj)`,
      },
      ...{ use_peft: true, reward_funcs: ['rewards.accuracy', 'rewards.format'], temperature: 99 },
      chat_template_kwargs: { enable_thinking: false },
    });
    expect(values).toEqual({
      ...{ beta: 0.04, learningRate: 1e-6, scaleRewards: 'none', epsilonHigh: null, lossType: 'dr_grpo' },
      ...{
        groupSize: 8,
        promptsPerStep: 8,
        steps: 50,
        numIterations: 2,
        schedule: 'constant',
        warmupSteps: 5,
      },
      ...{ loraRank: 8, loraTargets: ['q_proj', 'v_proj', 'gate_proj'], trainDecoder: false },
      ...{ rewards: ['accuracy', 'format'], chatTemplateKwargs: '{"enable_thinking":false}' },
    });
    expect(refused).toEqual([
      'model_name_or_path: the studio has no such setting.',
      'bf16: the studio has no such setting.',
      'max_prompt_length: the studio has no such setting.',
      'temperature: temperature is 99; expected a number from 0.01 to 10.',
    ]);
  });

  it('says what it cannot be: prompts that are no whole number, rewards that are not built in', () => {
    const batch = { num_generations: 8, per_device_train_batch_size: 4, reward_funcs: 'my_rewards.fancy' };
    expect(fromTrl(batch)).toEqual({
      values: { groupSize: 8 },
      refused: [
        'reward_funcs: fancy is not built in.',
        'per_device_train_batch_size: 4 answers a step are no whole number of prompts with 8 answers each.',
      ],
    });
  });

  it('in Python is whole, with what TRL lacks said', () => {
    const text = trlPython(presetConfig('dapo', { klClamp: 5, chatTemplateKwargs: '{"a": true}' }));
    expect(text).toContain('training_args = GRPOConfig(\n    output_dir="output",\n');
    expect(text).toContain('    mask_truncated_completions=True,\n');
    expect(text).toContain('    chat_template_kwargs={"a": True},\n');
    expect(text).toContain('# TRL has no such setting: klClamp = 5\n');
    expect(text).toContain('peft_config = LoraConfig(\n    r=16,\n');
    expect(trlPython(presetConfig('demo'))).not.toContain('peft');
  });
});
