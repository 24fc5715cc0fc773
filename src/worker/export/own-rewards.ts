/** A run's own rewards in the bundle: their programs exactly as they ran. Those in Python score there, too. */
import { type FileToWrite, textFile } from '../../io/writing/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { isRewardName } from '../../rewards/index.ts';

/** The programs that the run's rewards name. */
const usedSources = ({ rewards, rewardSources }: Config): RewardSource[] =>
  rewardSources.filter(({ name }) => rewards.includes(name));

const pythonSources = (config: Config): RewardSource[] =>
  usedSources(config).filter(({ language }) => language === 'py');

/** Whether a program of the run's own scores elsewhere. */
export const callsOwn = (config: Config): boolean => pythonSources(config).length > 0;

export function ownRewardFiles(config: Config): FileToWrite[] {
  return usedSources(config).map(({ name, language, source }) =>
    textFile(`own_rewards/${name}.${language}`, source),
  );
}

/** The settings with those rewards alone that other trainers can call, each with its weight. */
export function withPortableRewards(config: Config): Config {
  const python = pythonSources(config).map(({ name }) => name);
  const kept = config.rewards.map((name) => isRewardName(name) || python.includes(name));
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
    .map((name) =>
      config.rewardModels.some((model) => model.name === name)
        ? `The reward ${name} is a model of the studio and is left out.`
        : `The reward ${name} is no program in Python and is left out; own_rewards/ has it.`,
    );
}

const OPEN = `
def _own(name, function, as_text):
    path = Path(__file__).with_name("own_rewards") / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"own_rewards_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own = [each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__]
    called = getattr(module, function or name, None) or next(each for each in own if inspect.isfunction(each))

    def texts(completions):
        return [text if isinstance(text, str) else text[0]["content"] for text in completions]

    def reward(completions, **columns):
        return called(completions=texts(completions) if as_text else completions, **columns)

    async def awaited(completions, **columns):
        return await reward(completions, **columns)

    def score(text, about):
        columns = {column: [value] for column, value in about.row.items()}
        columns.update(prompts=[""], completion_ids=[about.ids], solution=[about.label])
        columns["completions"] = [text] if as_text else [[{"role": "assistant", "content": text}]]
        found = called(**columns)
        return (asyncio.run(found) if inspect.isawaitable(found) else found)[0]

    SCORES[name] = score
    made = awaited if inspect.iscoroutinefunction(called) else reward
    made.__name__ = name
    return made
`;

const python = (value: string | undefined): string => (value === undefined ? 'None' : JSON.stringify(value));

/** What rewards.py says of them, behind the built-in ones; '' without any. */
export function ownRewardsPython(config: Config): string {
  const sources = pythonSources(config);
  if (!callsOwn(config)) return '';
  const lines = sources.map(
    ({ name, function: called, completions }) =>
      `${name} = _own("${name}", ${python(called)}, ${completions === 'text' ? 'True' : 'False'})`,
  );
  return `\n\nimport asyncio  # noqa: E402\nimport importlib.util  # noqa: E402\nimport inspect  # noqa: E402\n\n${OPEN}\n\n${lines.join('\n')}\n`;
}
