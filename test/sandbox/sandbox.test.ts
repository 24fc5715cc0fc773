import { describe, expect, test } from 'vitest';
import { Exchange } from '../../src/sandbox/exchange.ts';
import type { Line } from '../../src/sandbox/line.ts';
import { OpenedSource, SourceBench } from '../../src/sandbox/reward.ts';
import type { SandboxHost } from '../../src/sandbox/sandbox.ts';
import type { Numbered } from '../../src/sandbox/wire.ts';
import { rewardBatch } from '../setup/reward-batch.ts';

type Says = (data: unknown) => void;

/** A worker that does as it is told; `acts` get each request after the first two, which it answers as it should. */
class PretendedWorkers {
  readonly requests: Numbered[] = [];
  started = 0;
  ended = 0;

  host(act: (request: Numbered, says: Says) => void, functions: unknown = ['mine']): SandboxHost {
    const start = (): Line => {
      let says: Says = () => undefined;
      this.started++;
      return {
        post: (request) => {
          this.requests.push(request);
          const { id, kind } = request;
          if (kind === 'load' || kind === 'ping') says(JSON.stringify({ id, value: null }));
          else if (kind === 'open' && request.source.text === 'bad')
            says(JSON.stringify({ id, fault: { message: 'SyntaxError: no', line: 2, column: 3 } }));
          else if (kind === 'open') says(JSON.stringify({ id, value: { functions, tests: ['test'] } }));
          else act(request, says);
        },
        listen(listener) {
          says = listener;
          queueMicrotask(() => says('{"id":0,"value":null}'));
        },
        end: () => this.ended++,
      };
    };
    return {
      start,
      python: async () => ({ module: '', wasm: new ArrayBuffer(0), library: new ArrayBuffer(0) }),
    };
  }
}

const source = (language: 'js' | 'py' = 'js') => ({
  name: 'mine',
  language,
  source: '',
  completions: 'text' as const,
});
const soon = () => AbortSignal.timeout(50);
const answered = (value: unknown) => (request: Numbered, says: Says) =>
  says(JSON.stringify({ id: request.id, value }));
const scored = (values: unknown, more = {}) => answered({ values, metrics: {}, extras: {}, ...more });

async function scoreOf(act: (request: Numbered, says: Says) => void, texts = ['a', 'b']) {
  const workers = new PretendedWorkers();
  const opened = await OpenedSource.open(source(), workers.host(act));
  const result = await opened.score('mine', rewardBatch(texts), soon()).catch((error: Error) => error);
  return { workers, opened, result };
}

describe('a worker in a sandbox', () => {
  test('is asked for one batch after the other, with what a function is given and nothing else', async () => {
    const { workers, opened, result } = await scoreOf(scored([1, null], { metrics: { a: 1 } }));
    expect(result).toEqual({ values: [1, null], metrics: { a: 1 }, extras: {} });
    await Promise.all([1, 2].map(() => opened.score('mine', rewardBatch(['a', 'b']), soon())));
    const batches = workers.requests.filter((request) => request.kind === 'score');
    expect(batches).toHaveLength(3);
    expect(Object.keys(JSON.parse(batches[0]!.batch) as object)).toEqual([
      ...['prompts', 'completions', 'completion_ids', 'columns', 'trainer_state'],
    ]);
    expect(workers).toMatchObject({ started: 1, ended: 0 });
  });

  test('is ended when its time is up, and started anew for the next batch', async () => {
    let silent = true;
    const { workers, opened, result } = await scoreOf(
      (request, says) => silent || scored([1, 1])(request, says),
    );
    expect(String(result)).toMatch(/mine\.js: It was ended before it had answered/);
    expect(workers).toMatchObject({ started: 2, ended: 1 });
    silent = false;
    expect((await opened.score('mine', rewardBatch(['a', 'b']), soon())).values).toEqual([1, 1]);
    expect(workers.started).toBe(2);
  });

  test('that has a time limit says which, and what to do', async () => {
    const silent: Line = { post: () => undefined, listen: () => undefined, end: () => undefined };
    const asked = new Exchange(silent).ask({ kind: 'ping' }, { seconds: 0.01, hint: 'Do less.' });
    await expect(asked).rejects.toThrow(
      'It took longer than the 0.01 s that it may, and was ended. Do less.',
    );
  });

  test.each<[string, (request: Numbered, says: Says) => void, RegExp]>([
    ['sends what is no answer', (_, says) => says({ id: 1 }), /nobody asked for/],
    ['sends what is no JSON', (_, says) => says('{'), /nobody asked for/],
    [
      'answers what was not asked, again and again',
      (_, says) => Array.from({ length: 20 }, () => says('{"id":99,"value":1}')),
      /nobody asked for/,
    ],
    [
      'answers more than anyone could read',
      (_, says) => says('x'.repeat((16 << 20) + 1)),
      /mine\.js: It answered with 16777217 characters, more than 16777216/,
    ],
  ])('is ended when it %s', async (_, act, message) => {
    const { workers, result } = await scoreOf(act);
    expect(String(result)).toMatch(message);
    expect(workers.ended).toBe(1);
  });

  test('that goes on talking after its answer is ended', async () => {
    const { workers } = await scoreOf((request, says) => {
      scored([1, 1])(request, says);
      for (let at = 0; at < 20; at++) says('{"id":7,"value":null}');
    });
    expect(workers.ended).toBe(1);
  });

  test.each([
    ['too few values', scored([1]), /found 1, expected 2/],
    ['a text', scored([1, { is: 'str' }]), /found str for completion 2 of 2/],
    ['no list', scored({ is: 'NoneType' }), /found NoneType, expected a list of 2/],
    ['a list of something else', scored([1, [1]]), /something else than was asked for/],
    ['something else', answered('x'), /something else than was asked for/],
  ])('gives %s: its scores are refused', async (_, act, message) => {
    expect(String((await scoreOf(act)).result)).toMatch(message);
  });

  test('is asked one by one which completion it fails on', async () => {
    const { result } = await scoreOf(
      (request, says) => {
        const bad = request.kind === 'score' && request.batch.includes('"bad"');
        const fault = { message: 'Error: no', line: 2, column: 3 };
        says(
          JSON.stringify(
            bad
              ? { id: request.id, fault }
              : { id: request.id, value: { values: [1], metrics: {}, extras: {} } },
          ),
        );
      },
      ['a', 'bad', 'c'],
    );
    expect(result).toMatchObject({
      message: 'mine.js:2:3: Error: no (completion 2 of 3)',
      line: 2,
      column: 3,
      completion: 1,
    });
  });

  test('is blamed on no completion that it fails on in another way', async () => {
    const { result } = await scoreOf(
      (request, says) => {
        const many =
          request.kind === 'score' && request.batch.includes('"b"') && request.batch.includes('"a"');
        const fault = { message: many ? 'Error: of all' : 'IndexError: of one', line: 2, column: 3 };
        says(JSON.stringify({ id: request.id, fault }));
      },
      ['a', 'b'],
    );
    expect(result).toMatchObject({ message: 'mine.js:2:3: Error: of all', completion: undefined });
  });

  test('is ended after the end of its Python', async () => {
    const { workers } = await scoreOf((request, says) =>
      says(JSON.stringify({ id: request.id, fault: { message: 'Python ended', fatal: true } })),
    );
    expect(workers.ended).toBe(1);
  });

  test('gets Pyodide’s files for Python only', async () => {
    const workers = new PretendedWorkers();
    await OpenedSource.open(source('py'), workers.host(scored([])));
    await OpenedSource.open(source('js'), workers.host(scored([])));
    const loads = workers.requests.filter((request) => request.kind === 'load');
    expect(loads.map((request) => 'python' in request)).toEqual([true, false]);
  });
});

describe('the function of a file', () => {
  const chosen = async (functions: string[], asked?: string) => {
    const opened = await OpenedSource.open(source(), new PretendedWorkers().host(scored([]), functions));
    return opened.chosen({ name: 'mine', function: asked });
  };

  test('is the one that is named, of the reward’s name, or the only one', async () => {
    expect(await chosen(['a', 'b'], 'b')).toBe('b');
    expect(await chosen(['a', 'mine'])).toBe('mine');
    expect(await chosen(['a'])).toBe('a');
    await expect(chosen(['a', 'b'])).rejects.toThrow('found no function mine; it has a, b');
    await expect(chosen([], 'c')).rejects.toThrow('it has none that can be a reward');
  });

  test('is one of so many as can be chosen from', async () => {
    const host = new PretendedWorkers().host(
      scored([]),
      Array.from({ length: 101 }, (_, at) => `f${at}`),
    );
    const opening = OpenedSource.open(source(), host);
    await expect(opening).rejects.toThrow(
      'The file has 101 functions that can be rewards; expected at most 100',
    );
  });

  test('is of a file whose own name errors say', async () => {
    const named = { ...source(), name: 'second', file: 'rewards.js' };
    const host = new PretendedWorkers().host(scored([]), ['a', 'b']);
    const opened = await OpenedSource.open(named, host);
    expect(() => opened.chosen(named)).toThrow('rewards.js: found no function second; it has a, b');
    const opening = OpenedSource.open({ ...named, source: 'bad' }, host);
    await expect(opening).rejects.toThrow('rewards.js:2:3: SyntaxError: no');
  });

  test('has names that can be read', async () => {
    const host = new PretendedWorkers().host(scored([]), [1, 2]);
    await expect(OpenedSource.open(source(), host)).rejects.toThrow(/something else than was asked for/);
  });
});

test('a test that fails says what and where; one that ends well is well', async () => {
  const workers = new PretendedWorkers();
  const host = workers.host((request, says) =>
    says(JSON.stringify({ id: request.id, fault: { message: 'AssertionError: no', line: 4 } })),
  );
  const opened = await OpenedSource.open(source(), host);
  expect(await opened.check()).toEqual([{ name: 'test', ok: false, message: 'AssertionError: no', line: 4 }]);
});

describe('a bench', () => {
  const version = (text: string) => ({ ...source(), source: text });

  test('opens versions of a file in one worker, whether they can be read or not', async () => {
    const workers = new PretendedWorkers();
    const bench = new SourceBench(workers.host(answered(null)), 'js');
    await expect(bench.open(version('bad'))).rejects.toMatchObject({ line: 2, column: 3 });
    const good = await bench.open(version('good'));
    expect(good.functions).toEqual(['mine']);
    expect(await good.check()).toEqual([{ name: 'test', ok: true }]);
    await expect(bench.open(version('bad'))).rejects.toThrow('mine.js:2:3: SyntaxError: no');
    expect(workers).toMatchObject({ started: 1, ended: 0 });
    bench.close();
    expect(workers.ended).toBe(1);
  });

  test('goes on in another worker where the one before was ended', async () => {
    const workers = new PretendedWorkers();
    const bench = new SourceBench(
      workers.host((_, says) => says('{')),
      'js',
    );
    const opened = await bench.open(version('first'));
    expect(await opened.check()).toMatchObject([{ name: 'test', ok: false }]);
    expect((await bench.open(version('second'))).functions).toEqual(['mine']);
    expect(workers).toMatchObject({ started: 2, ended: 1 });
  });
});
