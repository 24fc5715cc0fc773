import type { Config, LossType } from '../../protocol/config.ts';
import { scalar } from './grpo-yaml.ts';

/** Aggregations of the loss under verl's names; the other losses have no twin there. */
const AGGREGATION: Partial<Record<LossType, string>> = {
  grpo: 'seq-mean-token-mean',
  bnpo: 'token-mean',
  dapo: 'token-mean',
  dr_grpo: 'seq-mean-token-sum-norm',
};

export interface VerlStart {
  readonly baseModel: string;
  /** The adapter's folder from where run.sh lies; absent for a run without one. */
  readonly adapter?: string;
}

/** run.sh: the run's settings as verl names them. The weights travel, the optimizer's state does not. */
export function verlScript(config: Config, { baseModel, adapter }: VerlStart): string {
  const settings = [...dataSettings(config), ...modelSettings(config, adapter), ...actorSettings(config)];
  const unknown = AGGREGATION[config.lossType]
    ? []
    : [`# verl has no loss like ${config.lossType}; its own default is used.`];
  if (config.rewards.includes('soft_overlong'))
    unknown.push('# verl hands no lengths over to a reward: soft_overlong is 0 there.');
  return [
    '#!/usr/bin/env bash',
    '# GRPO by verl with the settings of the run. On a cluster: `ray start --head`, `ray start --address=…`, then this',
    '# with NODES and GPUS. verl has no HumanOmni: this is for its language model, or for a model that vLLM knows.',
    ...unknown,
    'set -euo pipefail',
    'cd "$(dirname "$0")"',
    `BASE="\${BASE:-${baseModel.replaceAll(/["\\$`]/g, '\\$&')}}"`,
    'python3 to_parquet.py',
    'python3 -m verl.trainer.main_ppo \\',
    ...settings.map(([key, value]) => `  ${key}=${value} \\`),
    '  actor_rollout_ref.model.path="$BASE" \\',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own variable
    '  trainer.nnodes="${NODES:-1}" trainer.n_gpus_per_node="${GPUS:-1}" "$@"',
    '',
  ].join('\n');
}

type Setting = readonly [key: string, value: string];

function dataSettings(config: Config): Setting[] {
  return [
    ['algorithm.adv_estimator', 'grpo'],
    ['algorithm.norm_adv_by_std_in_grpo', python(config.scaleRewards !== 'none')],
    ['algorithm.use_kl_in_reward', 'False'],
    ['data.train_files', 'train.parquet'],
    ['data.val_files', 'val.parquet'],
    ['data.train_batch_size', scalar(config.promptsPerStep)],
    ['data.max_response_length', scalar(config.maxCompletionLength)],
    ['custom_reward_function.path', 'reward.py'],
    ['custom_reward_function.name', 'compute_score'],
    ['trainer.total_training_steps', scalar(config.steps)],
  ];
}

function modelSettings(config: Config, adapter: string | undefined): Setting[] {
  const lora: Setting[] = adapter
    ? [
        ['actor_rollout_ref.model.lora_adapter_path', adapter],
        ['actor_rollout_ref.model.lora_rank', scalar(config.loraRank)],
        ['actor_rollout_ref.model.lora_alpha', scalar(config.loraAlpha)],
        ['actor_rollout_ref.model.target_modules', `'[${config.loraTargets.join(',')}]'`],
      ]
    : [];
  return [
    ...lora,
    ['actor_rollout_ref.rollout.name', 'vllm'],
    ['actor_rollout_ref.rollout.load_format', 'safetensors'],
    ['actor_rollout_ref.rollout.n', scalar(config.groupSize)],
    ['actor_rollout_ref.rollout.temperature', scalar(config.temperature)],
    ['actor_rollout_ref.rollout.top_p', scalar(config.topP)],
    ['actor_rollout_ref.rollout.top_k', scalar(config.topK > 0 ? config.topK : -1)],
  ];
}

function actorSettings(config: Config): Setting[] {
  const aggregation = AGGREGATION[config.lossType];
  return [
    ['actor_rollout_ref.actor.optim.lr', scalar(config.learningRate)],
    ['actor_rollout_ref.actor.ppo_mini_batch_size', scalar(config.promptsPerStep)],
    ['actor_rollout_ref.actor.ppo_epochs', scalar(config.numIterations)],
    ['actor_rollout_ref.actor.clip_ratio_low', scalar(config.epsilon)],
    ['actor_rollout_ref.actor.clip_ratio_high', scalar(config.epsilonHigh ?? config.epsilon)],
    ['actor_rollout_ref.actor.use_kl_loss', python(config.beta > 0)],
    ['actor_rollout_ref.actor.kl_loss_coef', scalar(config.beta)],
    ['actor_rollout_ref.actor.kl_loss_type', 'low_var_kl'],
    ['actor_rollout_ref.actor.entropy_coeff', scalar(config.entropyCoef)],
    ...(aggregation ? [['actor_rollout_ref.actor.loss_agg_mode', aggregation] as const] : []),
  ];
}

const python = (value: boolean): string => (value ? 'True' : 'False');
