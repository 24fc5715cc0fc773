/** A run's own rewards in the bundle: their programs exactly as they ran, and what calls them from Python. */
import { type FileToWrite, textFile } from '../../io/writing/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { isRewardName } from '../../rewards/index.ts';
import assertTs from '../../sandbox/inside/assert.ts?raw';
import bareTs from '../../sandbox/inside/bare.ts?raw';
import functionsTs from '../../sandbox/inside/functions.ts?raw';
import nodeRunnerTs from '../../sandbox/inside/node-runner.ts?raw';
import ownNodePy from './python/own_node.py?raw';
import ownPythonPy from './python/own_python.py?raw';

/** The programs that the run's rewards name. */
const usedSources = ({ rewards, rewardSources }: Config): RewardSource[] =>
  rewardSources.filter(({ name }) => rewards.includes(name));

const isPython = ({ language }: RewardSource): boolean => language === 'py';

/** Whether the run has programs of its own. */
export const callsOwn = (config: Config): boolean => usedSources(config).length > 0;

/** Whether some of them need Node. */
const needsNode = (config: Config): boolean => usedSources(config).some((source) => !isPython(source));

/** What Node runs of a program: the file itself, or of TypeScript what is left without its types. */
const programOf = ({ name, language }: RewardSource): string =>
  `${name}.${language === 'ts' ? 'mjs' : language}`;

/** `own_rewards/…`: each program as it was written; beside those in TypeScript what Node runs, and what runs it there. */
export async function ownRewardFiles(config: Config): Promise<FileToWrite[]> {
  const sources = usedSources(config);
  const files = sources.map(({ name, language, source }) => [`${name}.${language}`, source]);
  if (needsNode(config)) {
    const { stripTypes } = await import('../../sandbox/inside/strip-types.ts');
    const plain = (name: string, text: string): string => stripTypes({ name, language: 'ts', text }).code;
    const typed = sources.filter(({ language }) => language === 'ts');
    files.push(...typed.map((each) => [programOf(each), plain(each.name, each.source)]));
    files.push(['reward_runner.mjs', runner((text) => plain('reward_runner', text))]);
  }
  return files.map(([path, text]) => textFile(`own_rewards/${path}`, text!));
}

const RUNNER_HEAD =
  '// What rewards.py starts in Node for a reward in TypeScript or JavaScript; the last part reads batches and answers them.';

/** reward_runner.mjs: the sandbox's own way of calling a function, in one file of plain JavaScript. */
function runner(plain: (text: string) => string): string {
  const parts = [assertTs, bareTs, functionsTs, nodeRunnerTs].map((text) =>
    plain(text)
      .replaceAll(/^import .*;$/gm, '')
      .replaceAll(/^export /gm, '')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim(),
  );
  return `${[RUNNER_HEAD, ...parts].join('\n\n')}\n`;
}

/** The settings with those rewards alone that other trainers can call, each with its weight. */
export function withPortableRewards(config: Config): Config {
  const own = usedSources(config).map(({ name }) => name);
  const kept = config.rewards.map((name) => isRewardName(name) || own.includes(name));
  return {
    ...config,
    rewards: config.rewards.filter((_, at) => kept[at]),
    rewardWeights: config.rewardWeights.filter((_, at) => kept[at]),
  };
}

/** Which rewards stay behind, a sentence each. */
export function leftRewards(config: Config): string[] {
  const { rewards } = withPortableRewards(config);
  return config.rewards
    .filter((name) => !rewards.includes(name))
    .map((name) => `The reward ${name} is a model of the studio and is left out.`);
}

/** What README.md says of programs that run in Node; nothing without any. */
export function nodeLines(config: Config): string[] {
  const names = usedSources(config).flatMap((source) => (isPython(source) ? [] : [`\`${source.name}\``]));
  if (names.length === 0) return [];
  return [
    `## Rewards that run in Node: ${names.join(', ')}`,
    '',
    '`rewards.py` starts a process of Node (20.16 or newer, on the path or named by `NODE`) for each and keeps it; batches go there as lines',
    'of JSON. `own_rewards/` has what was written, beside TypeScript the same without its types, and `reward_runner.mjs`, which calls it. A batch',
    'that takes longer than `rewardTimeLimit` of `settings.json`, or fails, ends the training with the line of the file.',
    "Node's permission model lets such a program read `own_rewards/` and no other file, and start nothing. It keeps programs off the network",
    'from Node 25 on; before, whatever reaches it is taken away, which is no wall against a program that means to get around it.',
    '',
  ];
}

const python = (value: string | undefined): string => (value === undefined ? 'None' : JSON.stringify(value));

/** What rewards.py says of them, behind the built-in ones; '' without any. */
export function ownRewardsPython(config: Config): string {
  if (!callsOwn(config)) return '';
  const calls = usedSources(config).map((source) => `${source.name} = ${callOf(source)}\n`);
  return `${ownPythonPy}${needsNode(config) ? ownNodePy : ''}\n\n${calls.join('')}`;
}

function callOf(source: RewardSource): string {
  const { name, language, function: called, completions } = source;
  if (isPython(source))
    return `_own("${name}", ${python(called)}, ${completions === 'text' ? 'True' : 'False'})`;
  const given = [name, programOf(source), `${name}.${language}`, called ?? '', completions];
  return `_in_node(${given.map(python).join(', ')})`;
}
