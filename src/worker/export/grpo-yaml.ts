import type { Config } from '../../protocol/config.ts';
import { lostSettings, trlSettings } from '../../protocol/trl-settings.ts';
import { namesOwn } from './own-rewards.ts';

export interface AdapterSettings {
  readonly rank: number;
  readonly alpha: number;
  /** PEFT's target_modules: one regular expression. */
  readonly targets: string;
}

/**
 * grpo.yaml: a fresh start with the run's settings, by `trl grpo --config grpo.yaml` in the bundle's folder. `whole`: the model that TRL
 * shows everything to; without it, it trains the text part of the base model. `notes`: what else is to be said.
 */
export function grpoYaml(
  config: Config,
  adapter: AdapterSettings | undefined,
  whole?: string,
  notes: readonly string[] = [],
): string {
  const isBlind = whole === undefined;
  const lines = [
    isBlind
      ? '# A fresh start with the settings of the run, without video and sound: TEXT_ONLY=1 trl grpo --config grpo.yaml'
      : '# A fresh start with the settings of the run: trl grpo --config grpo.yaml',
    '# (resume.py goes on where the run stopped; a key resume_from_checkpoint in this file would be ignored.)',
    '# Every setting is named. A release of TRL that lacks one stops at it and says so: take the line out.',
    ...notes.map((note) => `# ${note}`),
    ...lostSettings(config).map((line) => `# TRL has no such setting: ${line}`),
    ...(isBlind
      ? [
          '# The text part of the base model, which base_model.py writes: see README.md.',
          'model_name_or_path: text-part',
        ]
      : [
          '# The base model by its folder or its name on the hub; --model_name_or_path names another.',
          `model_name_or_path: ${scalar(whole)}`,
        ]),
    'dtype: float32',
    'datasets:',
    '  - path: json',
    '    data_files: data/train.jsonl',
    '    split: train',
    `reward_funcs: [${config.rewards.map((name) => `${rewardModule(config, isBlind)}.${name}`).join(', ')}]`,
    'output_dir: output',
    ...adapterLines(adapter),
    ...Object.entries(trlSettings(config)).map(([key, value]) => `${key}: ${scalar(value)}`),
    '# float32 as in the studio; TRL left to itself computes in bfloat16, and stops where there is none.',
    'bf16: false',
    'disable_dropout: true',
    'logging_steps: 1',
    'log_completions: true',
    'report_to: none',
  ];
  return `${lines.join('\n')}\n`;
}

/** Where `trl grpo` finds the rewards by their names; rewards.py has names of its own, which a person's may be, too. */
function rewardModule(config: Config, isBlind: boolean): string {
  if (isBlind) return 'text_only';
  return namesOwn(config) ? 'named_rewards' : 'rewards';
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

/** A YAML scalar, or a list of them. Text is quoted; an exponent gets the dot and the sign without which YAML 1.1 reads a text. */
export function scalar(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(', ')}]`;
  if (typeof value !== 'number') return JSON.stringify(value);
  const [mantissa, exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa!;
  const dotted = mantissa!.includes('.') ? mantissa! : `${mantissa}.0`;
  return `${dotted}e${exponent.startsWith('-') || exponent.startsWith('+') ? exponent : `+${exponent}`}`;
}
