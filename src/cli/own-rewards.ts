/** Rewards of one's own on the command line: `--reward FILE[:FUNCTION]`, as often as there are some. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { InputError } from '../math/errors.ts';
import { type Config, knownRewards } from '../protocol/config.ts';
import { lengthProblem, REWARD_NAME, REWARD_NAME_WORDS } from '../protocol/config-rewards.ts';

type RewardSource = Config['rewardSources'][number];

export const OWN_REWARDS_USAGE = `  --reward FILE[:FUNCTION]  a reward of your own, as TRL calls one: FILE.py, FILE.ts or FILE.js; may be given several times.
                Without FUNCTION it is called as the only function of FILE.py, or as the file. Beside it count those that
                --rewards names. It runs without network and files, for at most --rewardTimeLimit
  --rewardCompletions messages|text  what --reward functions get as a completion: chats of one message, as TRL
                has them of chats, or texts (messages)
`;

const LANGUAGES = { py: 'py', ts: 'ts', mts: 'ts', js: 'js', mjs: 'js' } as const;

/** Words of `--reward` and `--rewardCompletions`. */
export interface OwnRewards {
  readonly words: string[];
  completions: RewardSource['completions'];
}

/** Takes a flag that is about own rewards, with the word after it. @throws InputError */
export function takeRewardFlag(own: OwnRewards, flag: string, word: string | undefined): boolean {
  if (flag !== '--reward' && flag !== '--rewardCompletions') return false;
  if (word === undefined || word.startsWith('--'))
    throw new InputError(`${flag} needs a word after it.`, { hint: OWN_REWARDS_USAGE });
  if (flag === '--reward') own.words.push(word);
  else if (word === 'messages' || word === 'text') own.completions = word;
  else {
    throw new InputError(`${flag} is "${word}"; expected messages or text.`, { hint: OWN_REWARDS_USAGE });
  }
  return true;
}

/** The settings with the own rewards in them. @throws InputError for a file that cannot be read */
export function withOwnRewards(values: Partial<Config>, { words, completions }: OwnRewards): Partial<Config> {
  if (words.length === 0) return values;
  const found = words.map((word) => sourceOf(word, (ofFile) => values.rewards?.includes(ofFile) === true));
  // Functions of the same name in several files are told apart by their files.
  const isTwice = (name: string) => found.filter((each) => each.name === name).length > 1;
  const sources = found.map((each, at) => ({
    ...(isTwice(each.name) ? sourceOf(words[at]!, () => true) : each),
    completions,
  }));
  demandOwnNames(words, sources);
  const names = [...(values.rewards ?? []), ...sources.map(({ name }) => name)];
  return { ...values, rewardSources: sources, rewards: [...new Set(names)] };
}

/** @throws InputError where one is called as another reward is */
function demandOwnNames(words: readonly string[], sources: readonly { readonly name: string }[]): void {
  const taken = new Map(BUILT_IN.map((name) => [name, name]));
  for (const [at, { name }] of sources.entries()) {
    const other = taken.get(name);
    if (other !== undefined) {
      const whose = other === name ? 'is built in' : `is that of --reward ${other}`;
      throw new InputError(`--reward ${words[at]} is the reward "${name}", a name that ${whose}.`, {
        hint: 'Rename the file or its function, or name another of its functions after a colon: rewards.py:length.',
      });
    }
    taken.set(name, words[at]!);
  }
}

const BUILT_IN = knownRewards({ rewardSources: [], rewardModels: [] });

/** The only function of a Python file that can be a reward, as far as its lines tell; TRL logs a function by this name. */
function onlyFunction(source: string): string | undefined {
  const names = [...source.matchAll(/^(?:async[ \t]+)?def[ \t]+([^\s([]+)/gm)].map(([, name]) => name!);
  const [only, ...more] = names.filter((name) => !name.startsWith('_') && !name.startsWith('test_'));
  return more.length === 0 ? only : undefined;
}

/** What a file without a named function is called: as its only function, where that can be a name, or as the file. */
function nameOf(ending: string, source: string, ofFile: string): string {
  const only = ending === 'py' ? onlyFunction(source) : undefined;
  return only !== undefined && REWARD_NAME.test(only) && !BUILT_IN.includes(only) ? only : ofFile;
}

/** `isAsFile`: whether a file without a named function is to be called as the file. */
function sourceOf(word: string, isAsFile: (ofFile: string) => boolean): Omit<RewardSource, 'completions'> {
  const [, path, ending, asked] = /^(.*\.(py|m?ts|m?js))(?::([^:/\\]+))?$/.exec(word) ?? [];
  if (!path || !ending) {
    throw new InputError(`--reward is "${word}"; expected a file that ends in .py, .ts or .js.`, {
      hint: 'Name one of its functions after a colon: rewards.py:length.',
    });
  }
  const source = readSource(path);
  const tooLong = lengthProblem(source);
  if (tooLong !== undefined) throw new InputError(`--reward ${path}: ${tooLong}`);
  const stem = basename(path).replace(/\.\w+$/, '');
  const ofFile = stem.replace(/\W/g, '_').replace(/^(?=\d)/, '_');
  const name = asked ?? (isAsFile(ofFile) ? ofFile : nameOf(ending, source, ofFile));
  if (!REWARD_NAME.test(name)) {
    throw new InputError(
      `--reward ${word}: "${name}" cannot be a reward's name; expected ${REWARD_NAME_WORDS}.`,
      { hint: `Rename the ${asked === undefined ? 'file' : 'function'}.` },
    );
  }
  return {
    name,
    language: LANGUAGES[ending as keyof typeof LANGUAGES],
    file: basename(path),
    source,
    ...(asked === undefined ? {} : { function: asked }),
    hash: createHash('sha256').update(source).digest('hex'),
  };
}

function readSource(path: string): string {
  try {
    return readFileSync(resolve(path), 'utf8');
  } catch (cause) {
    throw new InputError(`--reward: ${path} cannot be read.`, { hint: 'Is it there, and a file?', cause });
  }
}
