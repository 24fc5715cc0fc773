/**
 * Settings that travel: in an address and in a file. Only what differs from the defaults goes along. Programs and models of a
 * person's own stay where they are, whatever brings settings: a stranger's address must not bring a program. Pure.
 */
import { InputError } from '../math/errors.ts';
import { isRewardName } from '../rewards/index.ts';
import {
  CONFIG_KEYS,
  type Config,
  type ConfigKey,
  checkField,
  defaultConfig,
  diffConfig,
  fieldOf,
  isConfigKey,
} from './config.ts';

/** Settings that were found, and what was not taken of what was there, a sentence each. */
export interface FoundSettings {
  readonly values: Partial<Config>;
  readonly refused: readonly string[];
}

/** Says that a file holds settings, and how they are written. */
const FILE_KEY = 'omniGrpoStudioSettings';
const FILE_VERSION = 1;
/** Characters of an address that are read. */
const LONGEST_ADDRESS = 32_000;
/** Characters of a file that are read. */
export const LONGEST_FILE = 1_000_000;

/** What means nothing elsewhere: programs and models of one's own, and the run before. */
const STAYS: readonly ConfigKey[] = [
  ...CONFIG_KEYS.filter((key) => fieldOf(key).kind === 'structure'),
  'startFrom',
];

/** What of a config goes along. Rewards of one's own are left out with their weights. */
export function travelling(config: Config): Partial<Config> {
  const differ = diffConfig(defaultConfig(), config).filter(({ key }) => !STAYS.includes(key));
  const values: Partial<Config> = Object.fromEntries(differ.map(({ key, to }) => [key, to]));
  if (config.rewards.every(isRewardName)) return values;
  const { rewards: _, rewardWeights: __, ...rest } = values;
  const built = config.rewards.map((name, at) => [name, config.rewardWeights[at] ?? 1] as const);
  const left = built.filter(([name]) => isRewardName(name));
  if (left.length === 0) return rest;
  const weights = left.map(([, weight]) => weight);
  return {
    ...rest,
    rewards: left.map(([name]) => name),
    ...(weights.every((weight) => weight === 1) ? {} : { rewardWeights: weights }),
  };
}

/** Settings as a word of an address. */
export function toAddress(config: Config): string {
  const bytes = new TextEncoder().encode(JSON.stringify(travelling(config)));
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** What a word of an address brings. @throws InputError where it holds no settings at all */
export function fromAddress(word: string): FoundSettings {
  if (word.length > LONGEST_ADDRESS) {
    throw new InputError(
      `The settings of this address are ${word.length} characters long; expected at most ${LONGEST_ADDRESS}.`,
    );
  }
  let found: unknown;
  try {
    const letters = atob(word.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InputError('This address holds no settings that can be read.', {
      hint: 'Copy it again, whole: All settings → Copy an address.',
      cause,
    });
  }
  return soundSettings(found, 'This address');
}

/** The settings as a file for this studio. */
export const toFile = (config: Config): string =>
  `${JSON.stringify({ [FILE_KEY]: FILE_VERSION, settings: travelling(config) }, null, 2)}\n`;

export const isOwnFile = (found: object): found is { readonly settings: unknown } =>
  Object.hasOwn(found, FILE_KEY) && 'settings' in found;

/** A whole form out of what travelled: what was not said is the default. */
export function wholeForm(values: Partial<Config>): Partial<Config> {
  const usual = defaultConfig();
  const said = CONFIG_KEYS.filter((key) => !STAYS.includes(key));
  return Object.fromEntries(said.map((key) => [key, Object.hasOwn(values, key) ? values[key] : usual[key]]));
}

/** Each setting by itself; what is unknown or cannot be is named. @throws InputError where there are none */
export function soundSettings(found: unknown, where: string): FoundSettings {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new InputError(
      `${where} holds ${Array.isArray(found) ? 'a list' : typeof found}; expected settings.`,
    );
  }
  const refused: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(found)) {
    const reason = whyNot(key, value);
    if (reason === undefined) values[key] = value;
    else refused.push(reason);
  }
  return { values: values as Partial<Config>, refused };
}

/** Characters of a stranger's name that are repeated to the person. */
const MOST_OF_NAME = 40;

function whyNot(key: string, value: unknown): string | undefined {
  if (!isConfigKey(key)) return `${key.slice(0, MOST_OF_NAME)}: there is no such setting.`;
  if (STAYS.includes(key)) return `${key}: this stays on the device that it was set on.`;
  if (key === 'rewards' && Array.isArray(value) && !value.every((name) => isRewardName(String(name)))) {
    return 'rewards: some are not built in, and programs do not travel.';
  }
  return checkField(key, value)?.message;
}
