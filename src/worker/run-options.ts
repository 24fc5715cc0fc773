import type { Example } from '../data/types.ts';
import type { FamilyName } from '../families/shared/model-files.ts';
import { InputError } from '../math/errors.ts';
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

/**
 * What a run's settings ask of the model; `maxPositions`: how far the positions of its longest sequence reach. Qwen2-VL and
 * Qwen2.5-VL have none of the parts between towers and decoder, so that their switches say nothing there. @throws InputError when nothing would train
 */
export function policyOptions(
  family: FamilyName,
  config: Config,
  maxPositions: number,
  start?: Start,
): PolicyOptions {
  const lora = loraOf(config);
  const adapter = start?.adapter;
  const { frozenWeights, trainDecoder, beta, seed } = config;
  const between = family === 'HumanOmni';
  if (!between && !lora && !trainDecoder) {
    throw new InputError(`Nothing trains: of a ${family} only the decoder can, and it is switched off.`, {
      hint: 'Set loraRank above 0, or switch trainDecoder on.',
    });
  }
  return {
    trainDecoder,
    trainProjectors: between && config.trainProjectors,
    trainGate: between && config.trainGate,
    trainBert: between && config.trainBert,
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
