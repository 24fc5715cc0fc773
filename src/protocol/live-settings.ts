/** Settings that a run under way takes from its next step on, and what stands against it. Pure. */
import { InputError } from '../math/errors.ts';
import { type Config, type ConfigKey, checkConfig, checkField } from './config.ts';
import { z } from './shapes.ts';

export const LIVE_KEYS = [
  'learningRate',
  'beta',
  'temperature',
  'maxCompletionLength',
  'rewardWeights',
] as const satisfies readonly ConfigKey[];
export type LiveKey = (typeof LIVE_KEYS)[number];
export type LiveValues = Partial<Pick<Config, LiveKey>>;

export const isLiveKey = (key: string): key is LiveKey => LIVE_KEYS.some((each) => each === key);

/** Some of them, each by itself as it has to be. */
export const liveValues = z.custom<LiveValues>(
  (found) =>
    typeof found === 'object' &&
    found !== null &&
    Object.entries(found).every(([key, value]) => isLiveKey(key) && checkField(key, value) === undefined),
  `expected some of ${LIVE_KEYS.join(', ')}`,
);

/** The settings of a run with others from its next step on. @throws InputError where it cannot go on with them */
export function liveConfig(running: Config, values: LiveValues): Config {
  if (running.beta === 0 && (values.beta ?? 0) !== 0) {
    throw new InputError(
      `beta is 0 in this run and was to become ${values.beta}: it was loaded without the reference that the drift is measured from; expected a run that began with beta above 0.`,
      { hint: 'Start a run of its own with it, from the weights that this one left.' },
    );
  }
  const config = { ...running, ...values };
  const [problem] = checkConfig(config);
  if (problem) throw new InputError(problem.message, { hint: problem.hint });
  return config;
}

/** Whether the run has to be loaded again for it: what lies on the device follows from these. */
export const needsLoading = (from: Config, to: Config): boolean =>
  from.maxCompletionLength !== to.maxCompletionLength || (from.beta === 0) !== (to.beta === 0);

/** What of the values differs from the run's. */
export function liveChanges(running: Config, values: LiveValues): LiveValues {
  const differ = LIVE_KEYS.filter(
    (key) => key in values && JSON.stringify(values[key]) !== JSON.stringify(running[key]),
  );
  return Object.fromEntries(differ.map((key) => [key, values[key]]));
}
