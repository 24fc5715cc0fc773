import type { Config, ConfigKey } from '../protocol/config.ts';

/** What the form has for training alone, and changes often before a run; how answers are scored comes with the question. */
const OF_TRAINING: readonly ConfigKey[] = [
  ...(['evalMetric', 'evalEvery', 'evalOnStart'] as const),
  ...(['stage', 'startFrom', 'promptsPerStep', 'groupSize', 'loraRank', 'loraAlpha', 'loraTargets'] as const),
  ...(['beta', 'trainDecoder', 'trainProjectors', 'trainGate', 'trainBert'] as const),
];

/** Whether weights that were loaded to be measured under the one settings are measured alike under the others. */
export function measuresAlike(one: Config, other: Config): boolean {
  const measuring = (config: Config): string =>
    JSON.stringify({ ...config, ...Object.fromEntries(OF_TRAINING.map((key) => [key, null])) });
  return measuring(one) === measuring(other);
}
