import type { Config } from '../protocol/config.ts';
import type { PolicyOptions } from '../rl/policy.ts';

/** What a run's settings ask of the model; `maxPositions`: its longest sequence in tokens. */
export function policyOptions(config: Config, maxPositions: number): PolicyOptions {
  const {
    loraRank,
    loraAlpha,
    loraTargets,
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
    reference: config.stage === 'grpo' && beta !== 0,
    seed,
    maxPositions,
  };
}
