import type { FileTree } from '../io/files/files.ts';
import { sha256 } from '../io/sealed/hash.ts';
import { InputError } from '../math/errors.ts';
import { type Config, knownRewards } from '../protocol/config.ts';
import { builtIn } from '../rewards/built-in.ts';
import type { RewardFunction, RewardModel, RewardRunner, RewardSource } from '../rewards/contract.ts';
import { isRewardName } from '../rewards/index.ts';
import { RewardPanel } from '../rewards/panel.ts';
import type { ThinkingJudge } from './thinking-judge.ts';

/** What runs rewards that are not built in; absent where nothing does. */
export interface RewardOpeners {
  /** Reads the thinking of answers in an evaluation; absent where no model of the run tells its labels apart. */
  readonly judge?: ThinkingJudge | undefined;
  readonly runner?: RewardRunner | undefined;
  readonly openModel?: ((model: RewardModel) => Promise<RewardFunction>) | undefined;
  /** The files of a model that is open, for an export. */
  readonly modelFiles?: ((model: RewardModel) => FileTree | undefined) | undefined;
}

/** Makes a run's rewards ready. @throws InputError naming the one that cannot be, and why */
export async function openRewards(config: Config, openers: RewardOpeners): Promise<RewardPanel> {
  const opened: RewardFunction[] = [];
  try {
    for (const name of config.rewards) opened.push(await openReward(name, config, openers));
  } catch (error) {
    for (const each of opened) each.close?.();
    throw error;
  }
  return new RewardPanel(opened, config.rewardTimeLimit);
}

async function openReward(name: string, config: Config, openers: RewardOpeners): Promise<RewardFunction> {
  if (isRewardName(name)) return builtIn(name, config);
  const source = config.rewardSources.find((each) => each.name === name);
  if (source) return openSource(source, openers);
  const model = config.rewardModels.find((each) => each.name === name);
  if (model) return openModel(model, openers);
  throw new InputError(`There is no reward "${name}"; expected some of ${knownRewards(config).join(', ')}.`, {
    hint: 'Choose one of these, or add a reward of that name.',
  });
}

/** Opens the programs among a run's rewards, and lets go of them. @throws InputError for one that cannot be used */
export async function checkSources(
  { rewards, rewardSources }: Pick<Config, 'rewards' | 'rewardSources'>,
  runner: RewardRunner,
): Promise<void> {
  for (const source of rewardSources)
    if (rewards.includes(source.name)) (await openSource(source, { runner })).close?.();
}

/** The settings with another program of that name. @throws InputError where the run has none */
export function withSource(config: Config, source: RewardSource): Config {
  const { rewards, rewardSources } = config;
  const own = rewardSources.filter(({ name }) => rewards.includes(name)).map(({ name }) => name);
  if (!own.includes(source.name)) {
    throw new InputError(
      `No program of this run is the reward ${source.name}; its own are ${own.join(', ') || 'none'}.`,
      { hint: 'Start a run with it.' },
    );
  }
  return {
    ...config,
    rewardSources: rewardSources.map((each) => (each.name === source.name ? source : each)),
  };
}

/** Makes a program ready. @throws InputError where it is not as it was added, or nothing runs it */
export async function openSource(source: RewardSource, { runner }: RewardOpeners): Promise<RewardFunction> {
  const { name } = source;
  if (!runner) {
    throw new InputError(`The reward ${name} is a program of its own, and nothing here runs one.`, {
      hint: 'Choose built-in rewards.',
    });
  }
  const hash = await sha256(source.source);
  if (hash !== source.hash) {
    throw new InputError(
      `The program of the reward ${name} has the SHA-256 ${hash}; expected ${source.hash}, with which it was added.`,
      { hint: 'It was changed since: add it again.' },
    );
  }
  return runner.open(source);
}

function openModel(model: RewardModel, openers: RewardOpeners): Promise<RewardFunction> {
  if (openers.openModel) return openers.openModel(model);
  throw new InputError(`The reward ${model.name} is a model, and nothing here runs one.`, {
    hint: 'Choose built-in rewards.',
  });
}
