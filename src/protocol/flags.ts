/** The config as command-line flags: `--groupSize 8`, `--num_generations=8`, `--trainDecoder`, `--no-trainDecoder`. */
import { InputError } from '../math/errors.ts';
import {
  CONFIG_KEYS,
  type Config,
  type ConfigKey,
  checkField,
  defaultConfig,
  diffConfig,
  fieldOf,
  parseConfig,
} from './config.ts';
import { isPresetName, PRESET_NAMES, PRESETS, type Preset, type PresetName } from './presets.ts';

export interface ParsedFlags {
  /** Settings named on the command line, over those of `--preset` if given. */
  values: Partial<Config>;
  /** That of `--preset`. */
  preset?: PresetName;
  /** Arguments that are no settings, in order, untouched: the command decides about them. */
  rest: string[];
}

/**
 * Takes the settings out of an argument list. Names may be written as in the table, in kebab or snake case, or by
 * TRL's name.
 * @throws InputError naming the flag, what was found and what is expected.
 */
export function parseFlags(argv: readonly string[]): ParsedFlags {
  const values: Record<string, unknown> = {};
  const rest: string[] = [];
  let preset: PresetName | undefined;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const [name, inline] = splitFlag(argument);
    if (name === 'preset') {
      preset = presetName(inline ?? argv[++i]);
      continue;
    }
    const key = name === undefined ? undefined : keyOfFlag(name);
    if (name === undefined || key === undefined) {
      rest.push(argument);
      continue;
    }
    const next = argv[i + 1];
    const isFlag = fieldOf(key).kind === 'flag';
    const takesNext =
      inline === undefined && (!isFlag || (!isNegated(name, key) && (next === 'true' || next === 'false')));
    const word = inline ?? (takesNext ? argv[++i] : isNegated(name, key) ? 'false' : 'true');
    values[key] = checkedValue(key, word);
  }
  const named = { ...(preset && PRESETS[preset].values), ...(values as Partial<Config>) };
  return { values: named, ...(preset ? { preset } : {}), rest };
}

/** The flags that turn the defaults into this config; `parseConfig(parseFlags(toFlags(c)).values)` equals c. */
export function toFlags(config: Config): string[] {
  return diffConfig(defaultConfig(), config).flatMap(({ key, to }) => [`--${key}`, wordOf(key, to)]);
}

/** One line per setting for `--help`: flag, what it is where it is not named, expectation, meaning. */
export function flagsHelp(unnamed: Config = defaultConfig()): string {
  const row = (key: ConfigKey) => {
    const field = fieldOf(key);
    const about = Object.entries(field.about ?? {}).map(([word, meaning]) => ` ${word}: ${meaning}`);
    return `  --${key} (${wordOf(key, unnamed[key]) || 'none'})  ${field.help}${about.join('')} Expects ${field.expected}.`;
  };
  return [
    '  --preset NAME  A named set of settings:',
    ...PRESET_NAMES.map(presetLine),
    ...CONFIG_KEYS.map(row),
  ].join('\n');
}

/** A preset in the help: what it is, and the paper that it comes from. */
function presetLine(name: PresetName): string {
  const { label, help, source }: Preset = PRESETS[name];
  const paper = source ? ` (arXiv ${source.paper})` : '';
  return `    ${name.padEnd(12)}  ${label}${paper}: ${help}`;
}

/** What is said of a preset before a run with it. */
export function presetSaid(name: PresetName): string {
  const { label, source, lacks = [], leaves = [] }: Preset = PRESETS[name];
  const paper = source ? `, arXiv ${source.paper}, ${source.where}` : '';
  const list = (words: string, things: readonly string[]) =>
    things.length > 0 ? `; ${words}: ${things.join('; ')}` : '';
  return `preset ${label}${paper}${list('not here', lacks)}${list('left as it is', leaves)}`;
}

/** A complete config from flags alone. */
export function configFromFlags(argv: readonly string[]): { config: Config; rest: string[] } {
  const { values, rest } = parseFlags(argv);
  return { config: parseConfig(values), rest };
}

const plain = (word: string) => word.toLowerCase().replaceAll(/[-_]/g, '');

const KEY_BY_NAME = new Map<string, ConfigKey>();
for (const key of CONFIG_KEYS) {
  const trl = fieldOf(key).trl?.split(' ')[0];
  if (trl !== undefined && trl.length > 1) KEY_BY_NAME.set(plain(trl), key);
}
for (const key of CONFIG_KEYS) KEY_BY_NAME.set(plain(key), key);

function splitFlag(argument: string): [name?: string, inline?: string] {
  if (!argument.startsWith('--') || argument === '--') return [];
  const equals = argument.indexOf('=');
  return equals < 0 ? [argument.slice(2)] : [argument.slice(2, equals), argument.slice(equals + 1)];
}

function keyOfFlag(name: string): ConfigKey | undefined {
  const key = KEY_BY_NAME.get(plain(name));
  if (key !== undefined || !name.startsWith('no-')) return key;
  const negated = KEY_BY_NAME.get(plain(name.slice(3)));
  return negated !== undefined && fieldOf(negated).kind === 'flag' ? negated : undefined;
}

function isNegated(name: string, key: ConfigKey): boolean {
  return name.startsWith('no-') && KEY_BY_NAME.get(plain(name)) !== key;
}

function presetName(name: string | undefined): PresetName {
  if (name !== undefined && isPresetName(name)) return name;
  throw new InputError(`--preset is "${name ?? ''}"; expected one of ${PRESET_NAMES.join(', ')}.`);
}

function checkedValue(key: ConfigKey, word: string | undefined): unknown {
  const value = word === undefined ? undefined : readWord(key, word);
  const problem = checkField(key, value);
  if (problem) throw new InputError(`--${problem.message}`);
  return value;
}

/** Reads a word as its field's kind says; a word that does not fit stays a word and fails the check with its text. */
function readWord(key: ConfigKey, word: string): unknown {
  const field = fieldOf(key);
  if (field.nullable && word === 'null') return null;
  switch (field.kind) {
    case 'int':
    case 'float':
      return numberOrWord(word);
    case 'flag':
      return word === 'true' ? true : word === 'false' ? false : word;
    case 'list':
      return parts(word);
    case 'numbers':
      return parts(word).map(numberOrWord);
    case 'choice':
    case 'text':
      return word;
    case 'structure':
      return structureOrWord(word);
    default:
      return field.kind satisfies never;
  }
}

function parts(word: string): string[] {
  return word.split(',').flatMap((part) => part.trim() || []);
}

function numberOrWord(word: string): number | string {
  const value = Number(word);
  return word.trim() === '' || Number.isNaN(value) ? word : value;
}

function structureOrWord(word: string): unknown {
  try {
    return JSON.parse(word) as unknown;
  } catch {
    return word;
  }
}

function wordOf(key: ConfigKey, value: unknown): string {
  if (fieldOf(key).kind === 'structure') return JSON.stringify(value);
  return Array.isArray(value) ? value.join(',') : String(value);
}
