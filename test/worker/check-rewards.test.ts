/** Programs are tried by a command of their own before anything is measured, and what is wrong with one is a line of the terminal. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeAlarm } from '../../src/protocol/alarms.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { decodeCommand, decodeEvent } from '../../src/protocol/decode.ts';
import type { Event } from '../../src/protocol/messages.ts';
import type { RewardSource } from '../../src/rewards/contract.ts';
import { watchReward } from '../../src/rl/health/health-rewards.ts';
import { CodeFault } from '../../src/sandbox/reward.ts';
import { failureEvent } from '../../src/worker/failure.ts';
import type { Servants } from '../../src/worker/handlers.ts';
import { obey } from '../../src/worker/obey.ts';

const source = (name: string): RewardSource => ({
  ...{ name, language: 'py', source: name, completions: 'text' },
  hash: createHash('sha256').update(name).digest('hex'),
});
const opened: string[] = [];
const runner = {
  async open({ name }: RewardSource) {
    opened.push(name);
    if (name === 'broken')
      throw new CodeFault('broken.py', { message: 'SyntaxError: no', hint: 'Mend it.', line: 2, column: 3 });
    return { name, score: () => ({ values: [] }), close: () => opened.push(`close ${name}`) };
  },
};

/** What the worker tells when it is asked to try these. */
async function told(...names: string[]): Promise<Event[]> {
  const config = parseConfig({
    rewards: ['format', ...names],
    rewardSources: [...names, 'idle'].map(source),
  });
  const command = decodeCommand(structuredClone({ type: 'checkRewards', requestId: 7, config }));
  const events: Event[] = [];
  try {
    await obey({ rewards: runner } as unknown as Servants, command, (event) => events.push(event));
  } catch (error) {
    events.push(decodeEvent(structuredClone(failureEvent(error, 7))));
  }
  return events;
}

it('tries the programs that count, and tells file, line and next move of one that cannot be opened', async () => {
  expect(await told('mine')).toEqual([]);
  expect(opened.splice(0)).toEqual(['mine', 'close mine']);
  expect(await told('mine', 'broken')).toEqual([
    expect.objectContaining({
      ...{ type: 'error', requestId: 7, fatal: false },
      ...{ message: 'broken.py:2:3: SyntaxError: no', hint: 'Mend it.' },
    }),
  ]);
  expect(opened.splice(0)).toEqual(['mine', 'close mine', 'broken']);
});

it('a reward that fails is one line: at which step, what, how often, who scores meanwhile, the next move', () => {
  const config = parseConfig({ rewards: ['format', 'mine'], rewardSources: [source('mine')] });
  const trouble = { reward: 'mine', message: 'mine.py:3:5: TypeError: no.', isScored: false };
  const look = { troubles: [trouble] } as unknown as Parameters<
    ReturnType<ReturnType<typeof watchReward>>
  >[0];
  const { message, evidence, hint } = watchReward('mine')(config)(look)!;
  expect(describeAlarm({ ...BARE, step: 4, message, evidence, hint })).toBe(
    'alarm at step 4: mine.py:3:5: TypeError: no. A batch was not scored by it. Its answers are scored by format alone. Mend mine, then go on.',
  );
});

const BARE = { kind: 'reward failed', metric: 'reward', pauses: false } as const;
