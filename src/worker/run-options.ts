import type { Example } from '../data/types.ts';
import type { Config } from '../protocol/config.ts';
import type { PolicyOptions } from '../rl/policy.ts';
import { answerIds, preparePrompt } from '../rl/prepare.ts';
import type { OpenModel } from './model.ts';

/** What a run's settings ask of the model; `maxPositions`: its longest sequence in tokens. */
export function policyOptions(config: Config, maxPositions: number): PolicyOptions {
  const {
    loraRank,
    loraAlpha,
    loraTargets,
    frozenWeights,
    trainDecoder,
    trainProjectors,
    trainGate,
    trainBert,
    beta,
    seed,
  } = config;
  return {
    trainDecoder,
    trainProjectors,
    trainGate,
    trainBert,
    ...(loraRank > 0 ? { lora: { rank: loraRank, alpha: loraAlpha, targets: loraTargets } } : {}),
    frozenWeights,
    reference: config.stage === 'grpo' && beta !== 0,
    seed,
    maxPositions,
  };
}

/** Tokens of the longest answer that supervised training will learn; 1 for training by rewards. */
export function longestAnswerOf(
  { text, counts }: Pick<OpenModel, 'text' | 'counts'>,
  config: Config,
  examples: readonly Example[],
): number {
  if (config.stage !== 'sft') return 1;
  const prompt = preparePrompt(text, config, counts);
  const train = examples.filter(({ split }) => split === 'train');
  return train.reduce((most, example) => Math.max(most, answerIds(text, prompt, example).length), 1);
}
