/** A run's reward models in the bundle: their files as they were opened, for transformers to load. */
import type { FileTree } from '../../io/files/files.ts';
import { type FileToWrite, inFolder } from '../../io/writing/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';
import type { RewardModel } from '../../rewards/contract.ts';
import { copyOf } from './handoff-data.ts';

/** What finds the files of a model that is open. */
export type ModelFiles = (model: RewardModel) => FileTree | undefined;

/** The models that the run's rewards name. */
export const usedModels = ({ rewards, rewardModels }: Config): RewardModel[] =>
  rewardModels.filter(({ name }) => rewards.includes(name));

/** Of a folder what a model is loaded from: neither an optimizer's state nor folders inside. */
const LOADED =
  /^(config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.(json|txt|jinja)$|^merges\.txt$|^(model|pytorch_model)[^/]*\.(safetensors|bin)(\.index\.json)?$/;

/** `reward_models/NAME/…` of every model that is open. */
export function rewardModelFiles(config: Config, filesOf: ModelFiles): FileToWrite[] {
  return usedModels(config).flatMap((model) => {
    const files = filesOf(model)?.files.filter(({ path }) => LOADED.test(path)) ?? [];
    return inFolder(`reward_models/${model.name}`, files.map(copyOf));
  });
}

/** What has to be put there: a sentence for each model whose files are not at hand. */
export function missingModels(config: Config, filesOf: ModelFiles): string[] {
  return usedModels(config)
    .filter((model) => filesOf(model) === undefined)
    .map(
      ({ name, model }) =>
        `The files of the reward model ${name} are not in this bundle: put config.json, tokenizer and weights of ${model} into reward_models/${name}/.`,
    );
}

/** What README.md says of reward models; nothing without any. */
export function modelLines(config: Config, missing: readonly string[]): string[] {
  const names = usedModels(config).map(({ name }) => `\`${name}\``);
  if (names.length === 0) return [];
  return [
    `## Rewards that are models: ${names.join(', ')}`,
    '',
    '`rewards.py` loads them from `reward_models/` by transformers (torch is needed) at their first call, in float32, and reads what they say as the studio did.',
    'A model that reads prompt and answer sees the prompt as TRL hands it over, tags of clips in it; verl hands over none, and it reads the answer alone.',
    ...missing,
    '',
  ];
}
