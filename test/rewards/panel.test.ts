import { describe, expect, it, test } from 'vitest';
import { builtInPanel } from '../../src/rewards/built-in.ts';
import { MOST_CHARACTERS, MOST_COLUMNS, MOST_METRICS } from '../../src/rewards/check-return.ts';
import type { RewardBatch, RewardFunction, RewardReturn, TrainerState } from '../../src/rewards/contract.ts';
import { RewardPanel } from '../../src/rewards/panel.ts';
import { SETTINGS } from './cases.ts';

const STATE: TrainerState = {
  ...{ global_step: 3, max_steps: 9, epoch: 0.5, num_input_tokens_seen: 40 },
  ...({ is_local_process_zero: true, is_world_process_zero: true } as const),
};

/** A call about these completions, each to its own label. */
function batchOf(completions: readonly string[], labels: readonly (string | null)[] = []): RewardBatch {
  return {
    prompts: completions.map(() => 'Which?'),
    completions,
    completion_ids: completions.map((text) => Array.from(text, (_, at) => at)),
    columns: {},
    labels: completions.map((_, at) => labels[at] ?? null),
    trainer_state: STATE,
  };
}

const TWO = batchOf(['a', 'bb']);

const named = (name: string, score: RewardFunction['score']): RewardFunction => ({ name, score });
const returning = (name: string, returned: unknown): RewardFunction =>
  named(name, () => returned as RewardReturn);
const panelOf = (...functions: RewardFunction[]) => new RewardPanel(functions, 0.05);

/** What is said of a function that returns this for two completions. */
async function failureOf(returned: unknown): Promise<string | undefined> {
  const { values, troubles } = await panelOf(returning('mine', returned)).score(TWO);
  if (troubles.length > 0) expect([values, troubles[0]!.isScored]).toEqual([[[null], [null]], false]);
  return troubles[0]?.message;
}

test('values stand by completion in the order of the functions, of sync and async ones alike', async () => {
  const slow = named('slow', async ({ completions }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { values: completions.map((text) => text.length) };
  });
  const { values, troubles } = await panelOf(slow, returning('some', { values: [null, Number.NaN] })).score(
    TWO,
  );
  expect(values).toEqual([
    [1, null],
    [2, null],
  ]);
  expect(troubles).toEqual([]);
});

test('all functions run side by side', async () => {
  let together = 0;
  let most = 0;
  const one = (name: string) =>
    named(name, async () => {
      most = Math.max(most, ++together);
      await new Promise((resolve) => setTimeout(resolve, 5));
      together--;
      return { values: [0, 0] };
    });
  await panelOf(one('a'), one('b'), one('c')).score(TWO);
  expect(most).toBe(3);
});

test('built-in rewards obey the contract', async () => {
  const panel = builtInPanel(['format', 'soft_overlong', 'accuracy'], {
    ...SETTINGS,
    maxCompletionLength: 5,
  });
  const { values } = await panel.score(batchOf(['happy', 'sad'], ['happy', null]));
  expect(values).toEqual([
    [0, -1, 1],
    [0, 0, null],
  ]);
  expect(() => builtInPanel(['mine'], SETTINGS)).toThrow('There is no built-in reward "mine".');
});

test('a function is handed the batch as it is', async () => {
  let seen: RewardBatch | undefined;
  const batch = { ...TWO, columns: { options: [['x', 'y'], null] } };
  const keeping = named('mine', (given) => {
    seen = given;
    return { values: [0, 0] };
  });
  await panelOf(keeping).score(batch);
  expect(JSON.parse(JSON.stringify(seen))).toEqual(batch);
});

describe('scores that cannot be used score nothing, and it is said why', () => {
  it.each<[unknown, string]>([
    [{ values: [1] }, 'The reward mine returned 1 scores for 2 completions; expected one for each.'],
    [{ values: [1, 2, 3] }, 'The reward mine returned 3 scores for 2 completions'],
    [{ values: null }, 'The reward mine returned null; expected a list of 2 scores.'],
    [undefined, 'The reward mine returned nothing; expected a list of 2 scores.'],
    [
      { values: [1, '2'] },
      'The reward mine returned "2" for completion 2 of 2; expected a finite number or null.',
    ],
    [{ values: [Number.POSITIVE_INFINITY, 1] }, 'The reward mine returned Infinity for completion 1 of 2'],
    [{ values: [{}, 1] }, 'The reward mine returned {} for completion 1 of 2'],
  ])('%j', async (returned, message) => expect(await failureOf(returned)).toContain(message));

  it('and booleans are points', async () => {
    const { values } = await panelOf(returning('mine', { values: [true, false] })).score(TWO);
    expect(values).toEqual([[1], [0]]);
  });
});

test('what a function throws is its own failure, and the others score', async () => {
  const broken = named('broken', () => {
    throw new TypeError('x is undefined');
  });
  const rejects = named('rejects', () => Promise.reject('no'));
  const { values, troubles } = await panelOf(broken, returning('whole', { values: [1, 2] }), rejects).score(
    TWO,
  );
  expect(values).toEqual([
    [null, 1, null],
    [null, 2, null],
  ]);
  expect(troubles.map(({ reward, message }) => [reward, message])).toEqual([
    ['broken', 'The reward broken failed: x is undefined'],
    ['rejects', 'The reward rejects failed: no'],
  ]);
});

test('a function that takes too long is told to stop, and the step goes on; parts of the studio take their time', async () => {
  let stopped = false;
  const hangs = named('hangs', (_, stop) => {
    stop.addEventListener('abort', () => {
      stopped = true;
    });
    return new Promise(() => undefined);
  });
  const slow: RewardFunction = {
    name: 'slow',
    untimed: true,
    score: () => new Promise((resolve) => setTimeout(() => resolve({ values: [1, 1] }), 100)),
  };
  const { values, troubles, seconds } = await panelOf(hangs, slow).score(TWO);
  expect(seconds.hangs).toBeGreaterThan(0.04);
  expect(seconds.slow).toBeGreaterThan(0.09);
  expect(values).toEqual([
    [null, 1],
    [null, 1],
  ]);
  expect(troubles).toEqual([
    {
      reward: 'hangs',
      message: 'The reward hangs gave no scores within 0.05 s, the rewardTimeLimit.',
      isScored: false,
    },
  ]);
  expect(stopped).toBe(true);
});

test('whoever waits no longer ends the functions that are at work', async () => {
  const stop = new AbortController();
  const ended = named(
    'ended',
    (_, { aborted: before }) =>
      new Promise((_resolve, reject) => {
        expect(before).toBe(false);
        stop.signal.addEventListener('abort', () => reject(new Error('It was ended.')));
        stop.abort();
      }),
  );
  const { values, troubles } = await panelOf(ended).score(TWO, stop.signal);
  expect([values, troubles[0]!.message]).toEqual([
    [[null], [null]],
    'The reward ended failed: It was ended.',
  ]);
});

describe('what functions log', () => {
  const logging = (name: string, logs: Omit<RewardReturn, 'values'>) =>
    returning(name, { values: [1, 1], ...logs });

  it('is the mean of a metric over the functions that log it', async () => {
    const a = logging('a', { metrics: { share: 1, own: 5 } });
    const b = logging('b', { metrics: { share: 0 } });
    expect((await panelOf(a, b).score(TWO)).metrics).toEqual({ share: 0.5, own: 5 });
  });

  it('is a column with a value for each completion; of the second function of that column it bears its name', async () => {
    const a = logging('a', { extras: { read: ['x', { deep: [1] }], seen: [true, undefined] } });
    const b = logging('b', { extras: { read: [1, Number.NaN] } });
    expect((await panelOf(a, b).score(TWO)).extras).toEqual([
      { read: 'x', seen: true, 'b/read': 1 },
      { read: '{"deep":[1]}', seen: null, 'b/read': 'NaN' },
    ]);
  });

  it('has bounds, which cost no score', async () => {
    const many = (count: number, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, value]));
    const extras = { ...many(MOST_COLUMNS, ['x'.repeat(9999), 1]), more: [1, 2] };
    const found = await panelOf(
      logging('a', { extras: extras as RewardReturn['extras'] & object }),
      logging('b', { metrics: { wrong: Number.NaN, ['x'.repeat(65)]: 1 }, extras: { short: [1] } }),
    ).score(TWO);
    expect(found.values).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(Object.keys(found.extras[0]!)).toHaveLength(MOST_COLUMNS);
    expect(found.extras[0]!.n0).toBe(`${'x'.repeat(MOST_CHARACTERS)}…`);
    expect(found.metrics).toEqual({});
    expect(found.troubles.map(({ isScored }) => isScored)).toEqual([true, true]);
    expect(found.troubles[0]!.message).toContain(
      `log_extra was given ${MOST_COLUMNS + 1} names; ${MOST_COLUMNS} are kept.`,
    );
    expect(found.troubles[1]!.message).toContain('log_metric("wrong") is NaN; expected a finite number.');
    expect(found.troubles[1]!.message).toContain('log_extra("short") has 1 values for 2 completions');
    expect(found.troubles[1]!.message).toContain('a name has 1 to 64 characters');
  });

  it('has so many metrics in a run, whatever later steps name theirs', async () => {
    let step = 0;
    const panel = panelOf(named('a', () => ({ values: [1, 1], metrics: { [`step ${step++}`]: 1 } })));
    const found = [];
    for (let at = 0; at <= MOST_METRICS; at++) found.push(await panel.score(TWO));
    expect(found.map(({ metrics }) => Object.keys(metrics).length)).toEqual([
      ...Array(MOST_METRICS).fill(1),
      0,
    ]);
    expect(found.at(-1)!.troubles).toEqual([
      {
        reward: 'a',
        message: `log_metric("step ${MOST_METRICS}") is left out: a run has at most ${MOST_METRICS} logged metrics.`,
        isScored: true,
      },
    ]);
  });
});

test('a panel lets go of its functions', () => {
  const closed: string[] = [];
  const one = (name: string) => ({ ...returning(name, {}), close: () => closed.push(name) });
  panelOf(one('a'), one('b'))[Symbol.dispose]();
  expect(closed).toEqual(['a', 'b']);
});

test('what runs a function is made ready before its time begins; what it cannot be is told with the next move', async () => {
  const order: string[] = [];
  const slow = {
    name: 'slow',
    ready: async () => {
      await new Promise((later) => setTimeout(later, 60));
      order.push('ready');
    },
    score: () => {
      order.push('scored');
      return { values: [1, 1] };
    },
  };
  const broken = {
    ...returning('broken', {}),
    ready: () => Promise.reject(Object.assign(new Error('It is gone.'), { hint: 'Add it again.' })),
  };
  const { values, troubles } = await new RewardPanel([slow, broken], 0.05).score(TWO);
  expect(order).toEqual(['ready', 'scored']);
  expect(values).toEqual([
    [1, null],
    [1, null],
  ]);
  expect(troubles.map(({ message }) => message)).toEqual([
    'The reward broken failed: It is gone. Add it again.',
  ]);
});
