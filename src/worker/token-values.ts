/** Token values as the page is told them, out of what is kept of an answer and the run's settings. */

import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import type { AnswerOf, CommandOf } from '../protocol/messages.ts';
import type { TokenValues } from '../protocol/token-values.ts';
import { type AnswerTokens, klTerms, type PassTokens } from '../rl/measure/token-values.ts';
import type { OnDevice } from './gpu/on-device.ts';
import type { RunShelf } from './runs/shelf.ts';
import type { KeptAnswer } from './runs/token-log.ts';

/** Of the run on the device where it is the one that is asked about, else of a stored one. It waits for no step. @throws InputError where there is none */
export async function findTokens(
  { step, answer, runId }: CommandOf<'tokenValues'>,
  { trained: run, kept }: Pick<OnDevice, 'trained' | 'kept'>,
  shelf: Pick<RunShelf, 'tokens'>,
): Promise<AnswerOf<'tokenValues'>> {
  if (run && (runId === undefined || runId === kept?.id)) {
    return shownTokens(await run.tokenLog.answer(step, answer), run.config);
  }
  if (runId === undefined) {
    throw new InputError('The run is not on the device any more, and it was not kept.', {
      hint: 'Values of tokens can be looked at while their run is on the device, or is kept on this one.',
    });
  }
  const found = await shelf.tokens(runId, step, answer);
  return shownTokens(found.kept, found.config);
}

function shownTokens({ tokens, answers, first }: KeptAnswer, config: Config): AnswerOf<'tokenValues'> {
  return {
    answers,
    ...(first === undefined ? {} : { first }),
    ...(tokens ? { values: valuesOf(tokens, config) } : {}),
  };
}

export function valuesOf({ ids, pieces, sampler, pass }: AnswerTokens, config: Config): TokenValues {
  const { lossType, importanceSamplingLevel: level, klEstimator, numIterations: iterations } = config;
  return {
    ...{ ids, pieces: [...pieces], sampler },
    ...(pass ? { pass: passValues(pass, config) } : {}),
    objective: { lossType, level, klEstimator, iterations },
  };
}

function passValues(pass: PassTokens, config: Config): TokenValues['pass'] {
  const { logProbs, entropies, mismatches, logRatios, references, clips } = pass;
  const ratios = logRatios ? logRatios.map(Math.exp) : new Float32Array(logProbs.length).fill(1);
  return {
    ...{ logProbs, entropies, mismatches, ratios },
    ...(references
      ? {
          references: references.map((reference, token) => logProbs[token]! + reference),
          differences: references,
          kl: klTerms(config, references, ratios),
        }
      : {}),
    ...(clips ? { clips } : {}),
  };
}
