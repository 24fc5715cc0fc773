import { CONFIG_KEYS, type ConfigKey, fieldOf, isConfigKey } from '../../protocol/config.ts';

/** Names that are no words of a sentence, longest first. */
const CAMEL = CONFIG_KEYS.filter((key) => /[A-Z]/.test(key)).sort((a, b) => b.length - a.length);
/** One in quotation marks is what somebody wrote. */
const NAMES = new RegExp(`(?<!")\\b(?:${CAMEL.join('|')})\\b`, 'g');

/** A message with settings called as the form calls them: commands know `learningRate`, the page "Learning rate". */
export function inLabels(message: string): string {
  const first = /^\w+(?= (?:is|has) )/.exec(message)?.[0];
  const label = (key: string) => `“${fieldOf(key as ConfigKey).label}”`;
  const rest = first && isConfigKey(first) ? message.slice(first.length) : message;
  const named = rest.replaceAll(NAMES, label);
  return rest === message ? named : label(first!) + named;
}
