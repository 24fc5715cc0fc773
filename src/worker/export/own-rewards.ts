/** A run's own rewards in the bundle: their programs exactly as they ran, and what calls them from Python. */
import { type FileToWrite, textFile } from '../../io/writing/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';
import { parseMapping } from '../../protocol/reward-models.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import assertTs from '../../sandbox/inside/assert.ts?raw';
import bareTs from '../../sandbox/inside/bare.ts?raw';
import functionsTs from '../../sandbox/inside/functions.ts?raw';
import nodeRunnerTs from '../../sandbox/inside/node-runner.ts?raw';
import ownModelPy from './python/own_model.py?raw';
import ownNodePy from './python/own_node.py?raw';
import ownPythonPy from './python/own_python.py?raw';
import { usedModels } from './reward-models.ts';

/** The programs that the run's rewards name. */
const usedSources = ({ rewards, rewardSources }: Config): RewardSource[] =>
  rewardSources.filter(({ name }) => rewards.includes(name));

const isPython = ({ language }: RewardSource): boolean => language === 'py';

/** Whether the run has programs of its own. */
export const callsOwn = (config: Config): boolean => usedSources(config).length > 0;

/** Whether rewards have names that the person chose, of programs or of models. */
export const namesOwn = (config: Config): boolean => callsOwn(config) || usedModels(config).length > 0;

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
    files.push([RUNNER, runner((text) => plain(RUNNER, text))]);
  }
  return files.map(([path, text]) => textFile(`own_rewards/${path}`, text!));
}

/** With a character that no reward's name has, so that no program is in its place. */
const RUNNER = 'reward-runner.mjs';
const RUNNER_HEAD =
  '// What rewards.py starts in Node for a reward in TypeScript or JavaScript; the last part reads batches and answers them.';

/** The sandbox's own way of calling a function, in one file of plain JavaScript. */
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

/** What README.md says of programs that run in Node; nothing without any. */
export function nodeLines(config: Config): string[] {
  const names = usedSources(config).flatMap((source) => (isPython(source) ? [] : [`\`${source.name}\``]));
  if (names.length === 0) return [];
  return [
    `## Rewards that run in Node: ${names.join(', ')}`,
    '',
    '`rewards.py` starts a process of Node (20.16 or newer, on the path or named by `NODE`) for each and keeps it; batches go there as lines',
    'of JSON. `own_rewards/` has what was written, beside TypeScript the same without its types, and `reward-runner.mjs`, which calls it. A batch',
    'that takes longer than `rewardTimeLimit` of `settings.json`, or fails, ends the training with the line of the file.',
    "Node's permission model lets such a program read `own_rewards/` and no other file, and start nothing. It keeps programs off the network",
    'from Node 25 on; before, whatever reaches it is taken away, which is no wall against a program that means to get around it.',
    '',
  ];
}

const python = (value: string | undefined): string => (value === undefined ? 'None' : JSON.stringify(value));

/** What rewards.py says of programs and models, behind the built-in rewards; '' without any. */
export function ownRewardsPython(config: Config): string {
  const [sources, models] = [usedSources(config), usedModels(config)];
  // Called without a name of the file's being given: a reward may have any.
  const calls = [
    ...sources.map((source) => `${callOf(source)}\n`),
    ...models.map(({ name, model, mapping }) => {
      const json = JSON.stringify(parseMapping(mapping));
      return `_model("${name}", ${python(model)}, json.loads(${python(json)}))\n`;
    }),
  ];
  if (calls.length === 0) return '';
  const parts = [ownPythonPy, needsNode(config) ? ownNodePy : '', models.length > 0 ? ownModelPy : ''];
  return `${parts.join('')}\n\n${calls.join('')}`;
}

function callOf(source: RewardSource): string {
  const { name, language, function: called, completions } = source;
  if (isPython(source))
    return `_own("${name}", ${python(called)}, ${completions === 'text' ? 'True' : 'False'})`;
  const given = [name, programOf(source), `${name}.${language}`, called ?? '', completions];
  return `_in_node(${given.map(python).join(', ')})`;
}
