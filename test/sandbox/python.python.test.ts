/** Pyodide, called as in a sandbox, beside CPython, called as TRL calls a reward function. */
import { loadPyodide } from 'pyodide';
import { beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/sandbox/inside/failure.ts';
import { PythonRoom } from '../../src/sandbox/inside/python.ts';
import type { WireFault } from '../../src/sandbox/wire.ts';
import { readInPython } from '../setup/python.ts';
import { rewardBatch } from '../setup/reward-batch.ts';

const BATCH = rewardBatch(['<think>so</think><answer>4</answer>', 'It is \\boxed{4}.', 'é\n', ''], {
  ground_truth: ['4', '4', 'x', null],
  task: ['maths', 'maths', 'prose', 'prose'],
});

interface Reference {
  readonly source: string;
  readonly scores: Readonly<Record<string, unknown>>;
}

let room: PythonRoom;
const open = (text: string, completions: 'text' | 'messages' = 'messages') =>
  room.open({ name: 'reward.py', language: 'py', text, completions });

/** Python starts in a few seconds, and on a busy machine in minutes. */
const START_MS = 300_000;
beforeAll(async () => {
  room = new PythonRoom(await loadPyodide());
}, START_MS);

async function faultOf(run: () => Promise<unknown>): Promise<WireFault> {
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error.fault;
  throw new Error(`expected a failure, found ${String(error)}`);
}

test('functions written for TRL give what CPython gives', async () => {
  const batch = JSON.stringify(BATCH);
  const reference = readInPython('trl_rewards.py', { 'batch.json': batch }) as Reference;
  const { functions } = await open(reference.source);
  expect(functions).toEqual(Object.keys(reference.scores));
  expect(functions).toHaveLength(8);
  for (const name of functions)
    expect([name, await room.score(name, batch)]).toEqual([name, reference.scores[name]]);
});

describe('what goes wrong', () => {
  const score = async (text: string, completions: 'text' | 'messages' = 'text') => {
    const { functions } = await open(text, completions);
    return room.score(functions.at(-1)!, JSON.stringify(BATCH));
  };

  test('has its line and column, with the calls in the file above it', async () => {
    const text =
      'def deep(text):\n    return 1 / len(text)\n\ndef f(completions, **kwargs):\n    return [deep(t) for t in completions]\n';
    expect(await faultOf(() => score(text))).toMatchObject({
      ...{ message: 'ZeroDivisionError: division by zero', line: 2, column: 12 },
      trace: expect.stringMatching(/line 5, in f[\s\S]*line 2, in deep/),
    });
    expect(await faultOf(() => open('def f(:\n'))).toMatchObject({
      line: 1,
      column: 7,
      message: expect.stringMatching(/^SyntaxError: /),
    });
    expect(await faultOf(() => open('x = 1\nraise SystemExit(3)\n'))).toMatchObject({
      line: 2,
      message: 'SystemExit: 3',
    });
  });

  test('is TRL’s own where a function does not take what TRL passes', async () => {
    expect(await faultOf(() => score('def f(completions):\n    return []\n'))).toMatchObject({
      message: "TypeError: f() got an unexpected keyword argument 'ground_truth'",
      hint: expect.stringContaining('**kwargs for the rest'),
    });
    expect(await faultOf(() => score('import numpy\n'))).toMatchObject({
      message: "ModuleNotFoundError: No module named 'numpy'",
      hint: expect.stringContaining('numpy is not part of it'),
    });
  });

  test('is a value that is no number, by its type', async () => {
    const body = 'def f(completions, **kwargs):\n    return ';
    const values = async (text: string) => ((await score(body + text)) as { values: unknown }).values;
    expect(await values('[float("nan"), None, float("inf"), "1"]')).toEqual([
      null,
      null,
      { is: 'inf' },
      { is: 'str' },
    ]);
    expect(await values('None')).toEqual({ is: 'NoneType' });
    expect(await values('[1] * 5')).toEqual({ is: '5 values' });
    expect(await values('iter(int, 1)')).toEqual({ is: 'more than 4 values' });
    expect(await values('"1234"')).toEqual({ is: 'str' });
  });
});

test('a test fails by what it asserts, a coroutine too', async () => {
  const { functions, tests } = await open(
    'def f(completions, **kwargs):\n    return [1]\n\ndef test_a():\n    assert f([1]) == [1]\n\nasync def test_b():\n    assert f([1]) == [2], "no"\n\nfrom re import match\n',
  );
  expect([functions, tests]).toEqual([['f'], ['test_a', 'test_b']]);
  await room.test('test_a');
  expect(await faultOf(() => room.test('test_b'))).toMatchObject({ message: 'AssertionError: no', line: 8 });
});
