import { expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import type { RewardSource } from '../../src/rewards/contract.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import {
  leftRewards,
  ownRewardFiles,
  ownRewardsPython,
  withPortableRewards,
} from '../../src/worker/export/own-rewards.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import { readInPython } from '../setup/python.ts';

const own = (name: string, source: string, over: Partial<RewardSource> = {}): RewardSource => ({
  ...{ name, language: 'py', source, completions: 'messages', hash: '0'.repeat(64), ...over },
});

/** One after TRL, one of texts that is async and named by its file, one that only the page can run, and one that is not used. */
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
  own('page', 'export const page = () => [1];', { language: 'ts', completions: 'text' }),
  own('idle', 'def idle(): ...'),
];
const CONFIG = parseConfig({
  rewards: ['format', 'page', 'level', 'later'],
  rewardWeights: [1, 2, 3, 4],
  rewardSources: SOURCES,
});

it('programs in Python score in the bundle as TRL and verl call them', async () => {
  const files = await contentsOf(ownRewardFiles(CONFIG));
  expect(Object.keys(files)).toEqual(['own_rewards/level.py', 'own_rewards/later.py', 'own_rewards/page.ts']);
  expect(Buffer.from(files['own_rewards/level.py']!).toString()).toBe(SOURCES[0]!.source);
  const inBundle = Object.entries(files).map(([path, bytes]) => [`handoff/${path}`, bytes]);
  const found = readInPython('own_rewards.py', {
    ...(Object.fromEntries(inBundle) as Record<string, Uint8Array>),
    'handoff/rewards.py': rewardsPython() + ownRewardsPython(CONFIG),
    'names.json': JSON.stringify(['level', 'later']),
  });
  expect(found).toEqual({
    level: [false, [1, 3], 3],
    later: [true, [1, Math.sqrt(3)], Math.sqrt(3)],
  });
});

it('what no other trainer can call is left out with its weight, and said', () => {
  expect(withPortableRewards(CONFIG)).toMatchObject({
    rewards: ['format', 'level', 'later'],
    rewardWeights: [1, 3, 4],
  });
  expect(leftRewards(CONFIG)).toEqual([
    'The reward page is no program in Python and is left out; own_rewards/ has it.',
  ]);
  expect(ownRewardsPython(parseConfig({}))).toBe('');
});
