import type { Example } from '../data/types.ts';
import type { Config } from '../protocol/config.ts';
import type { PolicyOptions } from '../rl/policy.ts';
import { answerIds, preparePrompt } from '../rl/prepare.ts';
import { type Start, startFrom } from '../rl/start-weights.ts';
import type { OpenModel } from './model.ts';

/** The adapter that these settings train. */
function loraOf({ loraRank, loraAlpha, loraTargets }: Config): PolicyOptions['lora'] {
  return loraRank > 0 ? { rank: loraRank, alpha: loraAlpha, targets: loraTargets } : undefined;
}

/** How a run with these settings starts from what another left; undefined: from the published weights. */
export async function startOf(
  { files, left }: Pick<OpenModel, 'files' | 'left'>,
  config: Config,
): Promise<Start | undefined> {
  return left && startFrom(files, left, loraOf(config));
}

/** What a run's settings ask of the model; `maxPositions`: its longest sequence in tokens. */
export function policyOptions(config: Config, maxPositions: number, start?: Start): PolicyOptions {
  const lora = loraOf(config);
  const adapter = start?.adapter;
  const { frozenWeights, trainDecoder, trainProjectors, trainGate, trainBert, beta, seed } = config;
  return {
    trainDecoder,
    trainProjectors,
    trainGate,
    trainBert,
    ...(lora ? { lora } : {}),
    ...(adapter ? { adapter, referenceHasAdapter: true } : {}),
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
