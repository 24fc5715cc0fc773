/** verl on Ray: the rows that its loader takes, and a script that starts it with the run's settings. */
import { type Example, hasClip, type Medium } from '../../data/types.ts';
import { familyOf } from '../../families/index.ts';
import { type FileToWrite, jsonlFile } from '../../io/writing/file-to-write.ts';
import { type Config, defaultConfig, FEWEST_FRAMES } from '../../protocol/config.ts';
import { LOSSES } from '../../protocol/losses.ts';
import { isRewardName, REWARDS } from '../../rewards/index.ts';
import { rewardRow } from '../../rl/objective/reward-batch.ts';
import type { ChatMessage } from '../../text/chat-template.ts';
import type { Chat } from '../../text/encode-prompt.ts';
import { questionOf, turnsOf } from '../../text/turns.ts';
import { templateVariables } from '../../text/words.ts';
import { scalar } from './grpo-yaml.ts';
import { columnsRead, type HandoffData } from './handoff-data.ts';
import { callsOwn } from './own-rewards.ts';

/** What a clip may become in verl: as many frames and pixels as the studio shows at most. */
const shown = ({ minPixels, maxPixels, framesPerSecond, maxFrames }: Config) => ({
  ...{ fps: framesPerSecond || 2, min_frames: FEWEST_FRAMES, max_frames: maxFrames, max_pixels: maxPixels },
  ...(minPixels === defaultConfig().minPixels ? {} : { min_pixels: minPixels }),
});
/** Room that a prompt is given beyond the longest of the studio's, and the sizes that it comes in. */
const PROMPT_STEP = 512;

export interface VerlStart {
  readonly baseModel: string;
  readonly family: string;
  /** The adapter's folder from where run.sh lies; absent for a run without one. */
  readonly adapter?: string;
  /** Steps that the run has taken. */
  readonly step: number;
  /** Tokens of its longest prompt. */
  readonly longestPrompt: number;
  readonly data: HandoffData;
}

/** A video, or a part of it by the names that qwen_vl_utils reads. */
const videoOf = ({ path, start, end }: Medium): object => ({
  video: path,
  ...(start === undefined ? {} : { video_start: start }),
  ...(end === undefined ? {} : { video_end: end }),
});

/** Rows by split. Each holds the places of its pictures and videos, and names them as `{"video": path}` and `{"image": path}`; of a HumanOmni verl takes the text only. A question of text alone is asked as it is. */
export function verlData(data: HandoffData, family: string, config: Config): FileToWrite[] {
  const { train, evaluation, promptOf, dataSet } = data;
  const sees = familyOf(family).handoff.seesInVerl;
  const aboutClip = (example: Example) => {
    const seen = example.media.filter(({ kind }) => sees && kind !== 'audio');
    const videos = seen
      .filter(({ kind }) => kind === 'video')
      .map((medium) => ({ ...videoOf(medium), ...shown(config) }));
    const images = seen.filter(({ kind }) => kind === 'image').map(({ path }) => ({ image: path }));
    return {
      prompt: withoutMedia(promptOf(example), seen.map(({ kind }) => `<${kind}>`).join('')),
      ...(videos.length > 0 ? { videos } : {}),
      ...(images.length > 0 ? { images } : {}),
      ability: 'emotion',
    };
  };
  const asked = (example: Example) => ({ prompt: turnsOf(promptOf(example)), ability: 'question' });
  // Programs of the person's own may read any column.
  const ownColumns = (example: Example) =>
    callsOwn(config) ? rewardRow(promptOf(example), example).columns : {};
  const row = (split: string) => (example: Example, index: number) => ({
    data_source: dataSet,
    ...(hasClip(example) ? aboutClip(example) : asked(example)),
    reward_model: { style: 'rule', ground_truth: example.label },
    extra_info: { ...ownColumns(example), ...columnsRead(config.rewards, example), split, index },
  });
  return [
    jsonlFile('verl/train.jsonl', train.map(row('train'))),
    ...(evaluation.length > 0 ? [jsonlFile('verl/val.jsonl', evaluation.map(row('val')))] : []),
  ];
}

/** The chat with `tag` in place of what stands for the media. */
function withoutMedia(chat: Chat, tag: string): ChatMessage[] {
  const turns = turnsOf(chat);
  const first = turns.findIndex(({ role }) => role === 'user');
  return turns.map((turn, index) =>
    turn.role === 'user'
      ? { ...turn, content: (index === first ? tag : '') + questionOf(turn.content) }
      : turn,
  );
}

/** run.sh: the run's settings as verl names them. The weights travel, the optimizer's state does not. */
export function verlScript(config: Config, start: VerlStart): string {
  const settings = [
    ...dataSettings(config, start),
    ...modelSettings(config, start.adapter, hasClips(start)),
    ...optimizerSettings(config, start.step),
    ...actorSettings(config),
  ];
  return [
    '#!/usr/bin/env bash',
    '# GRPO by verl with the settings of the run. On a cluster: `ray start --head`, `ray start --address=…`, then this',
    hasClips(start)
      ? '# with NODES and GPUS (of each node). CLIPS names the folder of the data, where the clips are neither in media/ nor beside README.md.'
      : '# with NODES and GPUS (of each node).',
    ...notes(config).map((note) => `# ${note}`),
    'set -euo pipefail',
    ...(familyOf(start.family).handoff.seesInVerl ? [] : refusal(start.family)),
    `BASE="\${BASE:-${start.baseModel.replaceAll(/["\\$`]/g, '\\$&')}}"`,
    ...FULL_PATHS,
    'python3 to_parquet.py',
    'python3 -m verl.trainer.main_ppo \\',
    ...settings.map(([key, value]) => `  ${key}=${value} \\`),
    '  actor_rollout_ref.model.path="$BASE" \\',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own variable
    '  trainer.nnodes="${NODES:-1}" trainer.n_gpus_per_node="${GPUS:-1}" "$@"',
    '',
  ].join('\n');
}

const hasClips = ({ data }: VerlStart): boolean => data.train.some(hasClip);

/** Ray's workers stand in another folder than this script: whatever they read is named by its full path. */
const FULL_PATHS = [
  'if [ -d "$BASE" ]; then BASE="$(cd "$BASE" && pwd)"; fi',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own variable
  'if [ -n "${CLIPS:-}" ]; then CLIPS="$(cd "$CLIPS" && pwd)"; export CLIPS; fi',
  'cd "$(dirname "$0")"',
  'HERE="$PWD"',
];

/** What verl can train of a family that it does not know is the language model, on the text of the prompts alone. */
const refusal = (family: string): string[] => [
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own variable
  'if [ "${TEXT_ONLY:-}" != 1 ]; then',
  `  echo "verl has no ${family}: it would train its language model on the text of the prompts alone, without video and sound." >&2`,
  '  echo "Take r1omni/ (README.md), or set TEXT_ONLY=1, and BASE to what base_model.py --text-part writes, if that is meant." >&2',
  '  exit 1',
  'fi',
];

/** What of the run verl does otherwise. */
function notes(config: Config): string[] {
  const { lossType, schedule, importanceSamplingLevel, numIterations, rewards } = config;
  return [
    ...(config.loraVision
      ? [
          "The run's adapter sits on the vision tower, too, and is not handed over: name the merged model as BASE.",
          'verl then trains all of its weights.',
        ]
      : []),
    ...(LOSSES[lossType].verl ? [] : [`verl has no loss like ${lossType}; its own default is used.`]),
    ...(schedule === 'linear' ? ['verl has no linear schedule; the rate falls along a cosine.'] : []),
    ...(config.beta > 0 && config.useBiasCorrectionKl
      ? ['verl does not correct the KL by the ratio; its plain one is used.']
      : []),
    ...(importanceSamplingLevel === 'sequence' ? ['The ratio is taken for each answer as in GSPO.'] : []),
    ...rewards
      .filter((name) => isRewardName(name) && REWARDS[name].readsTokens?.(config))
      .map((name) => `verl hands no tokens over to a reward: to ${name} every answer is empty there.`),
    ...(numIterations > 1 ? [`A step of verl makes ${numIterations} passes over its answers.`] : []),
  ];
}

/** The path of a file from where the script lies. */
const beside = (path: string): string => `"$HERE/${path}"`;

type Setting = readonly [key: string, value: string];

function dataSettings(config: Config, { step, longestPrompt, data }: VerlStart): Setting[] {
  const { steps, promptsPerStep } = config;
  const left = steps > step ? steps - step : steps;
  const stepsPerEpoch = Math.max(1, Math.floor(data.train.length / promptsPerStep));
  const held = data.evaluation.length > 0;
  return [
    ['algorithm.adv_estimator', 'grpo'],
    ['algorithm.norm_adv_by_std_in_grpo', python(config.scaleRewards !== 'none')],
    ['algorithm.use_kl_in_reward', 'False'],
    ['data.train_files', beside('train.parquet')],
    // verl wants something to validate on; where no clip is held out, it is told not to.
    ['data.val_files', beside(held ? 'val.parquet' : 'train.parquet')],
    ...(held ? [] : [['trainer.val_before_train', 'False'] as const]),
    ['trainer.test_freq', scalar(held && config.evalEvery > 0 ? config.evalEvery : -1)],
    ['data.train_batch_size', scalar(promptsPerStep)],
    ['data.max_prompt_length', scalar(PROMPT_STEP * (1 + Math.ceil(longestPrompt / PROMPT_STEP)))],
    ['data.max_response_length', scalar(config.maxCompletionLength)],
    ...Object.entries(templateVariables(config.chatTemplateKwargs)).map(
      ([name, value]) => [`+data.apply_chat_template_kwargs.${name}`, scalar(value)] as const,
    ),
    ['data.seed', scalar(config.seed)],
    ['data.dataloader_num_workers', '0'],
    ['custom_reward_function.path', beside('reward.py')],
    ['custom_reward_function.name', 'compute_score'],
    ['trainer.logger', `'["console"]'`],
    ['trainer.project_name', 'omni-grpo-studio'],
    ['trainer.experiment_name', 'handoff'],
    ['trainer.save_freq', scalar(config.checkpointEvery > 0 ? config.checkpointEvery : left)],
    ['trainer.total_training_steps', scalar(left)],
    ['trainer.total_epochs', scalar(Math.ceil(left / stepsPerEpoch))],
  ];
}

function modelSettings(config: Config, adapter: string | undefined, towers: boolean): Setting[] {
  const lora: Setting[] = adapter
    ? [
        ['actor_rollout_ref.model.lora_adapter_path', beside(adapter)],
        ['actor_rollout_ref.model.lora_rank', scalar(config.loraRank)],
        ['actor_rollout_ref.model.lora_alpha', scalar(config.loraAlpha)],
        ['actor_rollout_ref.model.target_modules', `'[${config.loraTargets.join(',')}]'`],
        ...(towers ? [['actor_rollout_ref.model.exclude_modules', `'.*visual.*'`] as const] : []),
      ]
    : [];
  return [
    ...lora,
    ['actor_rollout_ref.rollout.name', 'vllm'],
    ['actor_rollout_ref.rollout.tensor_model_parallel_size', '1'],
    ['actor_rollout_ref.rollout.load_format', 'safetensors'],
    ['actor_rollout_ref.rollout.n', scalar(config.groupSize)],
    ['actor_rollout_ref.rollout.temperature', scalar(config.temperature)],
    ['actor_rollout_ref.rollout.top_p', scalar(config.topP)],
    ['actor_rollout_ref.rollout.top_k', scalar(config.topK > 0 ? config.topK : -1)],
  ];
}

function optimizerSettings(config: Config, step: number): Setting[] {
  const key = (name: string) => `actor_rollout_ref.actor.optim.${name}`;
  return [
    [key('lr'), scalar(config.learningRate)],
    [key('lr_warmup_steps'), scalar(Math.max(0, config.warmupSteps - step))],
    [key('lr_scheduler_type'), config.schedule === 'constant' ? 'constant' : 'cosine'],
    [key('betas'), `'[${scalar(config.adamBeta1)},${scalar(config.adamBeta2)}]'`],
    [key('weight_decay'), scalar(config.weightDecay)],
    ['actor_rollout_ref.actor.grad_clip', scalar(config.maxGradNorm > 0 ? config.maxGradNorm : 1e9)],
  ];
}

function actorSettings(config: Config): Setting[] {
  const key = (name: string) => `actor_rollout_ref.actor.${name}`;
  const aggregation = LOSSES[config.lossType].verl;
  return [
    [key('use_dynamic_bsz'), 'True'],
    [key('ppo_mini_batch_size'), scalar(config.promptsPerStep)],
    [key('ppo_epochs'), scalar(config.numIterations)],
    [key('clip_ratio_low'), scalar(config.epsilon)],
    [key('clip_ratio_high'), scalar(config.epsilonHigh ?? config.epsilon)],
    // verl always clips twice; where the run does not, so far out that nothing meets it.
    [key('clip_ratio_c'), scalar(Math.max(config.dualClip ?? 1e9, 1.001))],
    [key('use_kl_loss'), python(config.beta > 0)],
    [key('kl_loss_coef'), scalar(config.beta)],
    [key('kl_loss_type'), 'low_var_kl'],
    [key('entropy_coeff'), scalar(config.entropyCoef)],
    ...(config.importanceSamplingLevel === 'sequence'
      ? [[key('policy_loss.loss_mode'), 'gspo'] as const]
      : []),
    ...(aggregation ? [[key('loss_agg_mode'), aggregation] as const] : []),
  ];
}

const python = (value: boolean): string => (value ? 'True' : 'False');
