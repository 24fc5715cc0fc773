import { expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import { builtInPanel } from '../../src/rewards/built-in.ts';
import type { RewardSource } from '../../src/rewards/contract.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import { type Callable, calledOn } from '../../src/sandbox/inside/functions.ts';
import { stripTypes } from '../../src/sandbox/inside/strip-types.ts';
import { nodeLines, ownRewardFiles, ownRewardsPython } from '../../src/worker/export/own-rewards.ts';
import namedRewardsPy from '../../src/worker/export/python/named_rewards.py?raw';
import textOnlyPy from '../../src/worker/export/python/text_only.py?raw';
import verlRewardPy from '../../src/worker/export/python/verl_reward.py?raw';
import { contentsOf } from '../reference/bytes-of.ts';
import { readInPython } from '../setup/python.ts';
import { rewardBatch } from '../setup/reward-batch.ts';

const own = (name: string, source: string, over: Partial<RewardSource> = {}): RewardSource => ({
  ...{ name, language: 'py', source, completions: 'messages', hash: '0'.repeat(64), ...over },
});

const TYPED = `interface Given { completions: { content: string }[][]; level: number[]; trainer_state: { global_step: number } }
type Logs = Record<'log_metric' | 'log_extra', (name: string, value: unknown) => void>;
export const idle = () => [];
export default async function page({ completions, level, trainer_state, log_metric, log_extra }: Given & Logs): Promise<(number | null)[]> {
  await new Promise((later) => setTimeout(later, 1));
  console.log('never on standard output');
  log_metric('step', trainer_state?.global_step);
  log_extra('é', completions.map(([{ content }]) => content.toUpperCase()));
  return completions.map(([{ content }], at) => (content === 'none' ? null : content.length / 3 + (level?.[at] ?? 0)));
}`;
/** What a program tries that wants out; 1 for each that is stopped. */
const ESCAPES = `const ways = [
  () => import('node:fs'),
  () => new Function('return import("node:net")')(),
  () => Promise.resolve('return import("node:net")').then(Function).then((run) => run()),
  () => fetch('http://127.0.0.1:9/'),
  () => require('fs'),
  () => process.getBuiltinModule('fs').readFileSync('/etc/hostname'),
  () => globalThis.constructor.constructor('return process')().exit(0),
  () => new WebSocket('ws://127.0.0.1:9/'),
];
export const stopped = ({ completions }) => Promise.all(ways.map(async (way) => { try { await way(); return 0; } catch { return 1; } }))
  .then((found) => completions.map(() => found.reduce((sum, one) => sum + one, 0)));`;

/** After TRL; of texts, async and named by its file; typed; one in JavaScript that fails, one that never ends; and one that is not used. */
const SOURCES = [
  own(
    'level',
    'def level(completions, level=None, **_):\n    return [float(len(c[0]["content"])) for c in completions]\n',
  ),
  own(
    'later',
    'import math\n\n\nasync def scored(completions, **_):\n    return [math.sqrt(len(text)) for text in completions]\n',
    {
      function: 'scored',
      completions: 'text',
    },
  ),
  own('page', TYPED, { language: 'ts' }),
  own('stopped', ESCAPES, { language: 'js', completions: 'text' }),
  own('fails', 'export default ({ completions }) =>\n  completions.map((text) => JSON.parse(text));', {
    ...{ language: 'js', completions: 'text' },
  }),
  own('ends', 'export const ends = ({ completions }) => { for (;;); };', { language: 'js' }),
  own('idle', 'def idle(): ...'),
];
const CONFIG = parseConfig({
  rewards: ['format', 'page', 'level', 'later', 'stopped', 'fails', 'ends'],
  rewardWeights: [1, 2, 3, 4, 5, 6, 7],
  rewardSources: SOURCES,
  rewardTimeLimit: 60,
});
const TEXTS = ['a', 'none', 'bbb'];

/** What the page's sandbox gives: the same call, of the same text. */
async function scoredHere() {
  vi.spyOn(console, 'log').mockReturnValue();
  const { code } = stripTypes({ name: 'page.ts', language: 'ts', text: TYPED });
  const module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { default: Callable };
  return calledOn(module.default, JSON.stringify(rewardBatch(TEXTS, { level: [1, 2, 0.5] })), false);
}

it('programs score in the bundle as they do in the studio, called as TRL and verl call them', async () => {
  const files = await contentsOf(await ownRewardFiles(CONFIG));
  const written = SOURCES.slice(0, -1).map(({ name, language }) => `own_rewards/${name}.${language}`);
  expect(Object.keys(files)).toEqual([...written, 'own_rewards/page.mjs', 'own_rewards/reward-runner.mjs']);
  for (const [at, path] of written.entries())
    expect(Buffer.from(files[path]!).toString()).toBe(SOURCES[at]!.source);
  const inBundle = Object.entries(files).map(([path, bytes]) => [`handoff/${path}`, bytes]);
  const found = readInPython('own_rewards.py', {
    ...(Object.fromEntries(inBundle) as Record<string, Uint8Array>),
    'handoff/rewards.py': rewardsPython() + ownRewardsPython(CONFIG),
    'handoff/settings.json': JSON.stringify({ studio: CONFIG }),
    'names.json': JSON.stringify({ texts: TEXTS, names: CONFIG.rewards.slice(1) }),
  });
  const here = await scoredHere();
  expect(here.values).toEqual([4 / 3, null, 1.5]);
  expect(found).toEqual({
    level: [false, [1, 4, 3], 3],
    later: [true, [1, 2, Math.sqrt(3)], Math.sqrt(3)],
    page: [false, here.values, 1],
    stopped: [false, [8, 8, 8], 8],
    fails: expect.stringMatching(
      /^RuntimeError: The reward fails failed: fails\.js:2: SyntaxError: Unexpected token/,
    ),
    ends: 'RuntimeError: The reward ends gave no scores within 0.5 s.',
    logged: { metrics: here.metrics, extras: here.extras },
    again: here.values,
  });
});

/** What stands for something in Python, in the exported files or beside them. */
const TAKEN = {
  py: ['print', 'math', 'len', 'class', 'Path', 'rewards', 'os', 'globals', '__name__', 'FUNCTIONS'],
  ts: ['re', 'json', 'SCORES', 'lambda', '_own', 'reward_runner', 'size'],
};

it('rewards are called what they are called, whatever Python, rewards.py or a launcher means by it', async () => {
  const sources = {
    // Beside it lie what it needs, what it calls and its test.
    py: 'import math\nimport re as print\n\n\ndef test_it(completions=()): ...\n\n\ndef half(text):\n    return math.ldexp(len(text), -1)\n\n\ndef scored(completions, **_):\n    return [half(text) for text in completions]\n',
    ts: 'export const scored = ({ completions }: { completions: string[] }) => completions.map((text) => text.length);',
  };
  const rewardSources = (['py', 'ts'] as const).flatMap((language) =>
    TAKEN[language].map((name) => own(name, sources[language], { language, completions: 'text' })),
  );
  const builtIns = ['symbolic_math', 'multiple_choice', 'rouge_l'] as const;
  const rewards = [...rewardSources.map(({ name }) => name), ...builtIns];
  const config = parseConfig({ rewards, rewardSources, rewardTimeLimit: 60 });
  const files = Object.entries(await contentsOf(await ownRewardFiles(config)));
  const launchers = { named_rewards: namedRewardsPy, text_only: textOnlyPy, 'verl/reward': verlRewardPy };
  const found = readInPython('reward_names.py', {
    ...Object.fromEntries(files.map(([path, bytes]) => [`handoff/${path}`, bytes])),
    ...Object.fromEntries(Object.entries(launchers).map(([name, text]) => [`handoff/${name}.py`, text])),
    'handoff/rewards.py': rewardsPython() + ownRewardsPython(config),
    'handoff/settings.json': JSON.stringify({ studio: config, rewards, reward_weights: [] }),
    'names.json': JSON.stringify(rewards),
  });
  const texts = ['3', 'bbb'];
  const batch = { ...rewardBatch(texts), labels: texts };
  const [halves, lengths] = [texts.map(({ length }) => length / 2), texts.map(({ length }) => length)];
  const { values } = await builtInPanel(builtIns, config).score(batch);
  const scores: Record<string, (number | null)[]> = {
    ...Object.fromEntries(TAKEN.py.map((name) => [name, halves])),
    ...Object.fromEntries(TAKEN.ts.map((name) => [name, lengths])),
    ...Object.fromEntries(builtIns.map((name, at) => [name, values.map((each) => each[at]!)])),
  };
  expect(found).toEqual({
    ...{ named_rewards: scores, text_only: scores, rewards: scores },
    'by name': ['print', 'class', 'size'],
    verl: expect.objectContaining({
      score: rewards.reduce((sum, name) => sum + (scores[name]![1] ?? 0), 0),
      ...{ class: 1.5, re: 3, symbolic_math: 0 },
    }),
  });
});

it('what needs Node is said, and nothing of it where nothing does', () => {
  expect(nodeLines(CONFIG)[0]).toBe('## Rewards that run in Node: `page`, `stopped`, `fails`, `ends`');
  const python = parseConfig({ ...CONFIG, rewards: ['level'], rewardWeights: [] });
  expect(nodeLines(python)).toEqual([]);
  expect(ownRewardsPython(python)).not.toContain('subprocess');
  expect(ownRewardsPython(parseConfig({}))).toBe('');
});
