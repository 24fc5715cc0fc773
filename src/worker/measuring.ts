import type { Config } from '../protocol/config.ts';

/** Settings under which weights are measured without a run: as little as possible is set up for training. */
export function measuring(config: Config): Config {
  return {
    ...config,
    stage: 'grpo',
    startFrom: 'published',
    promptsPerStep: 1,
    groupSize: 2,
    loraRank: 1,
    loraTargets: ['q_proj'],
    beta: 0,
    trainDecoder: false,
    trainProjectors: false,
    trainGate: false,
    trainBert: false,
  };
}
