import type { Config } from '../../protocol/config.ts';
import { lostSettings, type TrlSettings, trlSettings } from './trl-settings.ts';

/** The settings that `trl grpo --config` takes from a file; any other key is handed to accelerate, which stops at it. */
const YAML_KEYS = [
  'learning_rate',
  'per_device_train_batch_size',
  'gradient_accumulation_steps',
  'num_generations',
  'max_completion_length',
  'beta',
  'loss_type',
  'epsilon',
  'epsilon_high',
  'scale_rewards',
  'temperature',
  'max_steps',
  'save_steps',
  'seed',
] as const;

/** What TRL and transformers do with a setting that is not named. */
const TRL_DEFAULTS: TrlSettings = {
  num_iterations: 1,
  top_k: 0,
  top_p: 1,
  repetition_penalty: 1,
  multi_objective_aggregation: 'sum_then_normalize',
  importance_sampling_level: 'token',
  top_entropy_quantile: 1,
  mask_truncated_completions: false,
  entropy_coef: 0,
  sapo_temperature_pos: 1,
  sapo_temperature_neg: 1.05,
  use_bias_correction_kl: false,
  lr_scheduler_type: 'linear',
  warmup_steps: 0,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  weight_decay: 0,
  max_grad_norm: 1,
};

export interface AdapterSettings {
  readonly rank: number;
  readonly alpha: number;
  /** PEFT's target_modules: one regular expression. */
  readonly targets: string;
}

/** grpo.yaml: a fresh start with the run's settings, by `trl grpo --config grpo.yaml` in the bundle's folder. */
export function grpoYaml(config: Config, baseModel: string, adapter: AdapterSettings | undefined): string {
  const settings = trlSettings(config);
  const lines = [
    '# A fresh start with the settings of the run: trl grpo --config grpo.yaml',
    '# (resume.py goes on where the run stopped; a key resume_from_checkpoint in this file would be ignored.)',
    ...unsaid(config, settings).map((line) => `# Not said here, because trl takes it from no file: ${line}`),
    `model_name_or_path: ${scalar(baseModel)}`,
    'datasets:',
    '  - path: json',
    '    data_files: data/train.jsonl',
    '    split: train',
    `reward_funcs: [${config.rewards.map((name) => `rewards.${name}`).join(', ')}]`,
    'output_dir: output',
    ...adapterLines(adapter),
    ...YAML_KEYS.flatMap((key) => (settings[key] === undefined ? [] : [`${key}: ${scalar(settings[key])}`])),
    'logging_steps: 1',
    'log_completions: true',
    'report_to: none',
  ];
  return `${lines.join('\n')}\n`;
}

function adapterLines(adapter: AdapterSettings | undefined): string[] {
  if (!adapter) return ['use_peft: false'];
  return [
    'use_peft: true',
    `lora_r: ${adapter.rank}`,
    `lora_alpha: ${scalar(adapter.alpha)}`,
    'lora_dropout: 0.0',
    `lora_target_modules: ${scalar(adapter.targets)}`,
  ];
}

/** Settings of the run that a fresh start by the file will not have. */
function unsaid(config: Config, settings: TrlSettings): string[] {
  const missing = Object.entries(settings).filter(
    ([key, value]) =>
      !(YAML_KEYS as readonly string[]).includes(key) &&
      JSON.stringify(value) !== JSON.stringify(TRL_DEFAULTS[key]),
  );
  return [...missing.map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ...lostSettings(config)];
}

/** A YAML scalar. Text is quoted; an exponent gets the dot and the sign without which YAML 1.1 reads a text. */
export function scalar(value: unknown): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  const [mantissa, exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa!;
  const dotted = mantissa!.includes('.') ? mantissa! : `${mantissa}.0`;
  return `${dotted}e${exponent.startsWith('-') || exponent.startsWith('+') ? exponent : `+${exponent}`}`;
}
