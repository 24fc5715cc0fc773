/**
 * A person's rewards in their frames, on a page with nothing else: what they give, and that nothing gets out. The policies are the
 * page's own, once as headers and once as a server has them that knows of none.
 */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RewardPage, type RewardPageServer, serveRewardPage } from '../../src/cli/node/reward-browser.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import { REWARD_NAMES } from '../../src/rewards/index.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import { expectAlike, mixedCalls } from '../rewards/mixed-calls.ts';
import { type Chromium, launchChromium, servePage } from '../setup/chromium.ts';
import { rewardBatch as batch } from '../setup/reward-batch.ts';
import { command } from './command.ts';
import { makeFolder, smallDataset } from './folders.ts';
import { dropFolder, reach, settled, show, storedSteps } from './page.ts';
import { unmeasured } from './told.ts';

/** Python starts twice, on a busy machine in a minute each time. */
const PYTHON_MS = 300_000;
const long = () => AbortSignal.timeout(60_000);
const within = (milliseconds: number) => AbortSignal.timeout(milliseconds);

let chromium: Chromium;
let server: RewardPageServer;
let page: Page;
let rewards: RewardPage;
/** Whatever reaches it came out of a sandbox. */
let outside: Server;
const reached: string[] = [];
let target: string;

function noteSent(url: string, failure?: string): void {
  if (url.includes(target) && failure !== 'csp') reached.push(`${url} ${failure ?? ''}`);
}

const open = (language: 'js' | 'ts' | 'py', text: string, completions: 'text' | 'messages' = 'text') =>
  rewards.openSource({ name: 'mine', language, source: text, completions });

beforeAll(async () => {
  outside = createServer((request, response) => {
    reached.push(request.url ?? '');
    response
      .writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/javascript' })
      .end('1');
  });
  outside.on('upgrade', (request) => reached.push(request.url ?? ''));
  await new Promise<void>((listening) => outside.listen(0, '127.0.0.1', listening));
  target = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
  server = await serveRewardPage();
  chromium = await launchChromium();
  // Of what the policy stops the browser tells, too; a request has left when it is answered, or fails for another reason.
  chromium.context.on('requestfailed', (request) => noteSent(request.url(), request.failure()?.errorText));
  chromium.context.on('requestfinished', (request) => noteSent(request.url()));
  page = await chromium.context.newPage();
  rewards = await RewardPage.open(page, server.url);
});

afterAll(async () => {
  await chromium?.close();
  server?.close();
  outside?.closeAllConnections();
  outside?.close();
});

/** Ways out, tried by a worker that nothing has been taken from: each says what came of it. */
const WAYS_OUT = `
onmessage = async ({ ports: [port] }) => {
  const nested = () => new Promise((done, failed) => {
    const code = "fetch('http://TARGET/nested').then(() => postMessage('out'), () => postMessage('stopped'))";
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = failed;
  });
  const xhr = () => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.onload = () => done('out');
    request.onerror = () => done('stopped');
    request.open('GET', 'http://TARGET/xhr');
    request.send();
  });
  const stream = (source) => new Promise((done) => {
    source.onopen = () => done('out');
    source.onerror = () => done('stopped');
  });
  const ways = {
    fetch: () => fetch('http://TARGET/fetch', { mode: 'no-cors' }).then(() => 'out'),
    keepalive: () => fetch('http://TARGET/keepalive', { mode: 'no-cors', method: 'POST', keepalive: true }).then(() => 'out'),
    xhr,
    socket: () => stream(new WebSocket('ws://TARGET/socket')),
    events: () => stream(new EventSource('http://TARGET/events')),
    scripts: () => importScripts('http://TARGET/scripts') ?? 'out',
    module: () => import('http://TARGET/module').then(() => 'out'),
    data: () => import('data:text/javascript,export default 1').then(() => 'out'),
    page: () => fetch('PAGE').then(() => 'out'),
    nested,
    database: () => new Promise((done) => { indexedDB.open('a').onsuccess = () => done('out'); }),
    caches: () => caches.open('a').then(() => 'out'),
    files: () => navigator.storage.getDirectory().then(() => 'out'),
    beacon: () => navigator.sendBeacon('http://TARGET/beacon') ?? 'out',
    parent: () => parent.document ?? 'out',
  };
  new BroadcastChannel('studio').postMessage('out');
  const came = {};
  for (const [name, way] of Object.entries(ways)) {
    try { came[name] = await way(); } catch { came[name] = 'stopped'; }
  }
  port.postMessage(came);
};`;

async function tryWaysOut(url: string): Promise<{ came: Record<string, string>; heard: unknown[] }> {
  const bare = await chromium.context.newPage();
  await bare.goto(url);
  const code = WAYS_OUT.replaceAll('TARGET', target).replaceAll('PAGE', url);
  const found = await bare.evaluate(async (attack) => {
    const heard: unknown[] = [];
    new BroadcastChannel('studio').onmessage = ({ data }) => heard.push(data);
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.src = 'sandbox.html';
    await new Promise((loaded) => {
      frame.onload = loaded;
      document.body.append(frame);
    });
    const { port1, port2 } = new MessageChannel();
    frame.contentWindow!.postMessage(attack, '*', [port2]);
    const came = await new Promise<Record<string, string>>((said) => {
      port1.onmessage = ({ data }) => said(data);
    });
    return { came, heard };
  }, code);
  await bare.close();
  return found;
}

test('no way leads out of a frame, with the policy as headers or as the page has it', async () => {
  const plain = await serveRewardPage({ sendsHeaders: false });
  for (const url of [server.url, plain.url]) {
    const { came, heard } = await tryWaysOut(url);
    expect(Object.keys(came)).toHaveLength(15);
    expect(new Set(Object.values(came))).toEqual(new Set(['stopped']));
    expect(heard).toEqual([]);
  }
  plain.close();
  expect(reached).toEqual([]);
});

test('a page that is opened by itself runs nothing', async () => {
  const alone = await chromium.context.newPage();
  await alone.goto(`${server.url}sandbox.html`);
  const started: string[] = [];
  alone.on('worker', (worker) => started.push(worker.url()));
  await alone.evaluate(() => postMessage('self', '*', [new MessageChannel().port1]));
  await alone.evaluate(() => new Promise((later) => setTimeout(later, 100)));
  await alone.close();
  expect(started).toEqual([]);
});

test('types are taken away, names are TRL’s, and what is logged comes along', async () => {
  const { id, functions, chosen } = await open(
    'ts',
    `interface Given { completions: { content: string }[][]; solution: string[] }
export default function ({ completions, solution, log_metric, log_extra, ...rest }: Given & Record<string, any>): (number | null)[] {
  log_metric('seen', completions.length);
  log_extra('keys', completions.map(() => Object.keys(rest).sort().join()));
  return completions.map(([{ content }], at) => (solution[at] === null ? null : Number(content === solution[at])));
}
export const second = async ({ completion_ids }: { completion_ids: number[][] }) => completion_ids.map((ids) => ids.length);`,
    'messages',
  );
  expect(functions).toEqual(['mine', 'second']);
  expect(chosen).toEqual({ value: 'mine' });
  const given = batch(['a', 'b', 'c'], { solution: ['a', 'x', null] });
  expect(await rewards.score(id, 'mine', given, long())).toEqual({
    values: [1, 0, null],
    metrics: { seen: 3 },
    extras: { keys: Array(3).fill('completion_ids,prompts,trainer_state') },
  });
  expect((await rewards.score(id, 'second', given, long())).values).toEqual([1, 1, 1]);
  await rewards.close(id);
});

test('an error names line, column and completion of the source as it was written', async () => {
  const text = `type Text = string;
export default ({ completions }: { completions: Text[] }): number[] =>
  completions.map((text: Text): number => { const found: unknown = JSON.parse(text); return Number(found); });
export const words = ({ completions }) => completions;
`;
  const { id } = await open('ts', text);
  const failed = rewards.score(id, 'mine', batch(['1', 'no']), long());
  await expect(failed).rejects.toMatchObject({
    line: 3,
    column: text.split('\n')[2]!.indexOf('parse') + 1,
    completion: 1,
  });
  await expect(failed).rejects.toThrow(/^mine\.ts:3:\d+: SyntaxError: .*\(completion 2 of 2\)$/);
  await expect(rewards.score(id, 'words', batch(['1', '2']), long())).rejects.toThrow(
    /found string for completion 1 of 2/,
  );
  await rewards.close(id);
  await expect(open('js', 'const a = 1;\nexport default (x => ;')).rejects.toMatchObject({
    line: 2,
    column: 22,
  });
  await expect(open('js', "import x from 'https://example.org/x.js';")).rejects.toMatchObject({
    hint: expect.stringContaining('put what it needs into the file'),
  });
});

test('tests beside a function say which of them fail, and where', async () => {
  const { id, tests } = await open(
    'js',
    `export default ({ completions }) => completions.map((text) => text.length);
export function testLength() { assert.equal(1, 1); }
export const tests = {
  fails() {
    assert.equal([1], [2]);
  },
  ends: () => { for (;;); },
};`,
  );
  expect(tests).toEqual(['testLength', 'fails', 'ends']);
  const results = await rewards.check(id);
  expect(results.map(({ name, ok }) => [name, ok])).toEqual([
    ['testLength', true],
    ['fails', false],
    ['ends', false],
  ]);
  expect(results[1]).toMatchObject({ message: 'AssertionError: found [1], expected [2]', line: 5 });
  expect(results[2]!.message).toBe(
    'mine.js: It took longer than the 2 s that it may, and was ended. That is for a test: give it fewer answers. In a run the rewardTimeLimit counts.',
  );
  expect((await rewards.score(id, 'mine', batch(['abc']), long())).values).toEqual([3]);
  await rewards.close(id);
});

test('a loop without end is ended, the page goes on meanwhile, and the next batch is scored', async () => {
  const { id } = await open(
    'js',
    `export default ({ completions }) => {
    if (completions[0] === 'loop') for (;;);
    return completions.map(() => 1);
  }`,
  );
  const ticking = page.evaluate(
    () =>
      new Promise<number>((done) => {
        let ticks = 0;
        const timer = setInterval(() => ticks++, 10);
        setTimeout(() => {
          clearInterval(timer);
          done(ticks);
        }, 900);
      }),
  );
  await expect(rewards.score(id, 'mine', batch(['loop']), within(1000))).rejects.toThrow(
    /ended before it had answered/,
  );
  expect(await ticking).toBeGreaterThan(5);
  await rewards.ready(id);
  expect((await rewards.score(id, 'mine', batch(['a']), long())).values).toEqual([1]);
  await rewards.close(id);
});

test('memory without end ends the worker or the call, and not the page', async () => {
  const { id } = await open(
    'js',
    `const held = [];
export default ({ completions }) => {
  if (completions[0] === 'blocks') for (let at = 0; at < 64; at++) held.push(new Uint8Array(2 ** 31));
  if (completions[0] === 'objects') for (;;) held.push({ at: held.length });
  return completions.map(() => 1);
}`,
  );
  await rewards
    .score(id, 'mine', batch(['blocks']), within(2000))
    .catch((error: unknown) => expect(error).toBeInstanceOf(Error));
  await expect(rewards.score(id, 'mine', batch(['objects']), within(500))).rejects.toThrow(
    /RangeError|ended before it had answered/,
  );
  await rewards.ready(id);
  expect((await rewards.score(id, 'mine', batch(['a']), long())).values).toEqual([1]);
  await rewards.close(id);
});

test('messages without end are cut off', async () => {
  const { id } = await open(
    'js',
    `const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
let port;
Object.defineProperty(MessageEvent.prototype, 'data', { get() { port = this.currentTarget; return get.call(this); } });
export default ({ completions }) => {
  for (let at = 0; at < 100_000; at++) port.postMessage({ at });
  return completions.map(() => 1);
}`,
  );
  await rewards.score(id, 'mine', batch(['first']), long()).catch(() => undefined);
  await expect(rewards.score(id, 'mine', batch(['a']), long())).rejects.toThrow(/nobody asked for/);
  await rewards.close(id);
});

test('what one function changes, another does not see', async () => {
  const other = await open(
    'js',
    'export default ({ completions }) => completions.map((text) => text.length);',
  );
  const { id } = await open(
    'js',
    `export default ({ completions }) => {
  Array.prototype.map = () => [9];
  JSON.stringify = () => '{"id":1,"value":[]}';
  Object.prototype.length = 7;
  return completions.map(() => 1);
}`,
  );
  await rewards.score(id, 'mine', batch(['a']), long()).catch(() => undefined);
  expect((await rewards.score(other.id, 'mine', batch(['abc', '']), long())).values).toEqual([3, 0]);
  await rewards.close(id);
  await rewards.close(other.id);
});

test('timers end with their batch, and what could go on beside it is not there', async () => {
  const { id } = await open(
    'js',
    `let ticks = 0;
const doors = ['Worker', 'BroadcastChannel', 'indexedDB', 'caches', 'fetch', 'importScripts', 'postMessage', 'close',
  'XMLHttpRequest', 'WebSocket', 'EventSource', 'navigator', 'location'];
export default ({ log_extra }) => {
  log_extra('ticks', [ticks]);
  log_extra('doors', [doors.filter((name) => name in globalThis).join()]);
  setInterval(() => ticks++, 1);
  return [1];
}`,
  );
  await rewards.score(id, 'mine', batch(['a']), long());
  await page.evaluate(() => new Promise((later) => setTimeout(later, 100)));
  const { extras } = await rewards.score(id, 'mine', batch(['a']), long());
  expect(extras).toEqual({ ticks: [0], doors: [''] });
  await rewards.close(id);
});

const PYTHON = `import asyncio, json, re

def mine(completions, **kwargs):
    if completions[0] == "loop":
        while True:
            pass
    return [float(len(text)) for text in completions]

def exact(completions):
    return [0.0 for _ in completions]

def numpy_needed(completions, **kwargs):
    import numpy
    return [0.0]

def ways_out(completions, log_extra, **kwargs):
    import js, pyodide_js
    from pyodide.code import run_js
    came = {}
    def tried(name, way):
        try:
            came[name] = repr(way())
        except BaseException as error:
            came[name] = "stopped"
    tried("fetch", lambda: js.fetch("http://TARGET/python"))
    tried("run", lambda: run_js("fetch('http://TARGET/run')"))
    tried("scripts", lambda: js.importScripts("http://TARGET/scripts"))
    tried("parent", lambda: js.parent.document)
    tried("post", lambda: js.postMessage("out"))
    tried("worker", lambda: js.Worker.new("http://TARGET/worker"))
    tried("storage", lambda: js.indexedDB.open("a"))
    def asked():
        from urllib.request import urlopen
        return urlopen("http://TARGET/urllib").read()
    tried("urllib", asked)
    def fetched():
        from pyodide.http import open_url
        return open_url("http://TARGET/open_url")
    tried("open_url", fetched)
    def socket():
        import socket
        return socket.create_connection(("127.0.0.1", 1), timeout=0.2)
    tried("socket", socket)
    log_extra("came", [json.dumps(came)])
    return [float(len(came))]

async def imports(completions, **kwargs):
    from pyodide.code import run_js
    try:
        await run_js("import('http://TARGET/import')")
        return [1.0]
    except BaseException:
        return [0.0]

def test_good():
    assert mine(["ab"]) == [2.0]

def test_bad():
    assert mine(["ab"]) == [3.0]
`;

test(
  'Python is called as TRL calls it, contained, and started anew after a loop',
  async () => {
    const { id, functions, tests } = await open('py', PYTHON.replaceAll('TARGET', target));
    expect(functions).toEqual(['mine', 'exact', 'numpy_needed', 'ways_out', 'imports']);
    expect(tests).toEqual(['test_good', 'test_bad']);
    const one = batch(['abc']);
    expect((await rewards.score(id, 'mine', batch(['abc', '']), long())).values).toEqual([3, 0]);
    await expect(rewards.score(id, 'exact', one, long())).rejects.toMatchObject({
      message: expect.stringContaining("exact() got an unexpected keyword argument 'prompts'"),
      hint: expect.stringContaining('**kwargs'),
    });
    await expect(rewards.score(id, 'numpy_needed', one, long())).rejects.toMatchObject({
      line: 13,
      hint: expect.stringContaining('numpy'),
    });
    const { extras } = await rewards.score(id, 'ways_out', one, long());
    const came = JSON.parse(extras!.came![0] as string) as Record<string, string>;
    expect(Object.keys(came)).toHaveLength(10);
    expect(new Set(Object.values(came))).toEqual(new Set(['stopped']));
    expect((await rewards.score(id, 'imports', one, long())).values).toEqual([0]);
    expect(await rewards.check(id)).toEqual([
      { name: 'test_good', ok: true },
      {
        name: 'test_bad',
        ok: false,
        message: 'AssertionError: assert mine(["ab"]) == [3.0]',
        line: expect.any(Number),
      },
    ]);
    await expect(rewards.score(id, 'mine', batch(['loop']), within(1000))).rejects.toThrow(
      /ended before it had answered/,
    );
    await rewards.ready(id);
    expect((await rewards.score(id, 'mine', one, long())).values).toEqual([3]);
    expect(reached).toEqual([]);
  },
  PYTHON_MS,
);

/** Scores whole calls of every built-in reward, each written as one completion. */
const TWINS = `

def twins(completions, log_extra, **kwargs):
    log_extra("scores", [_every_score(json.loads(call)) for call in completions])
    return [0.0] * len(completions)

def _every_score(call):
    _SETTINGS["studio"] = call["settings"]
    cases = call["cases"]
    names = {name for case in cases for name in case["row"]}
    columns = {name: [case["row"].get(name) for case in cases] for name in names}
    known = {"solution": [case["label"] for case in cases], "completion_ids": [case["ids"] for case in cases]}
    texts = [case["text"] for case in cases]
    return {name: globals()[name](texts, **columns, **known) for name in SCORES}
`;
const BATCHES = 5;

test(
  'the exported rewards score 2,000 mixed texts in the browser’s Python as the studio does',
  async () => {
    const calls = mixedCalls();
    expect(calls.flatMap(({ cases }) => cases)).toHaveLength(2000);
    const { id, functions } = await open('py', rewardsPython() + TWINS);
    expect(functions).toEqual([...REWARD_NAMES, 'twins']);
    const found: unknown[] = [];
    const size = calls.length / BATCHES;
    for (let start = 0; start < calls.length; start += size) {
      const texts = calls.slice(start, start + size).map((call) => JSON.stringify(call));
      const { extras } = await rewards.score(id, 'twins', batch(texts), long());
      found.push(...extras!.scores!);
    }
    await expectAlike(calls, found as Parameters<typeof expectAlike>[1]);
    await rewards.close(id);
  },
  PYTHON_MS,
);

/** A reward with a test that expects this of a text of four letters. */
const shortness = (expected: number) => `interface Given { completions: { content: string }[][] }
export function shortness({ completions }: Given) {
  return completions.map(([{ content }]) => 1 / content.length);
}
export function testShortness() {
  assert.equal(shortness({ completions: [[{ content: 'four' }]] }), [${expected}]);
}`;

/** Records of the runs in the browser's storage; runs in the page. */
async function storedConfigs(): Promise<unknown[]> {
  const runs = await (await navigator.storage.getDirectory()).getDirectoryHandle('runs');
  const found: unknown[] = [];
  for await (const folder of runs.values()) {
    const record = await (folder as FileSystemDirectoryHandle).getFileHandle('config.json');
    found.push(JSON.parse(await (await record.getFile()).text()).config);
  }
  return found;
}

/** Pastes a text, as a person does; runs in the page. */
function paste(element: Element, text: string): void {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}

test('a reward is written and tested on the page, trains there, and stands in the record of the run', async () => {
  const served = await servePage();
  const studio = await chromium.context.newPage();
  const errors: string[] = [];
  studio.on('pageerror', (error) => errors.push(error.message));
  studio.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const at = (name: string) => studio.getByTestId(name);
  await studio.goto(served.url);
  await settled(studio);
  await show(studio, 'train');
  for (const [field, value] of Object.entries({ steps: '2', promptsPerStep: '1', groupSize: '2' }))
    await at(`field-${field}`).fill(value);
  await at('own-rewards').click();
  await at('new-reward').click();
  await at('verdict-line').filter({ hasText: '1 test passed' }).waitFor();
  const write = async (text: string) => {
    await at('code').press('ControlOrMeta+a');
    await at('code').evaluate(paste, text);
  };
  await write(shortness(0.5));
  await at('verdict-line').filter({ hasText: '1 of 1 test failed' }).waitFor();
  expect(await at('reward-test').textContent()).toContain(
    'line 6: AssertionError: found [0.25], expected [0.5]',
  );
  expect(await studio.locator('.cm-lintRange-error').count()).toBeGreaterThan(0);
  await write(shortness(0.25));
  await at('verdict-line').filter({ hasText: '1 test passed' }).waitFor();
  await at('accept-reward').click();
  await at('accepted').filter({ hasText: 'among the rewards of the next run' }).waitFor();
  await at('step').click();
  await reach(studio, 'paused');
  const mean = at('chart-rewards-by-part').locator('td[data-metric="rewards/shortness/mean"]');
  expect(Number(await mean.textContent())).toBeGreaterThan(0);
  const source = shortness(0.25);
  const hash = createHash('sha256').update(source).digest('hex');
  expect(await studio.evaluate(storedConfigs)).toMatchObject([
    { rewards: expect.arrayContaining(['shortness']), rewardSources: [{ name: 'shortness', source, hash }] },
  ]);
  await at('versions').click();
  const version = await at('version').textContent();
  expect(version).toContain(hash.slice(0, 8));
  expect(version).toContain('used by the run on this page');

  // What a key changes while the run rests leaves the focus where it is, or hands it on.
  await write(`${shortness(0.25)}\n// once more`);
  await at('verdict-line').filter({ hasText: '1 test passed' }).waitFor();
  await at('accept-reward').press('Enter');
  const older = at('version')
    .filter({ hasText: hash.slice(0, 8) })
    .getByTestId('take-version');
  await older.press('Enter');
  await older.filter({ hasText: 'In the editor' }).waitFor();
  expect(await older.evaluate((one) => one === document.activeElement)).toBe(true);
  const mend = at('mend-shortness');
  await mend.press('Enter');
  await mend.waitFor({ state: 'detached' });
  expect(await studio.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
  expect(errors).toEqual([]);
  await studio.close();
  await served.close();
});

const LIKES = `def likes(completions, **kwargs):
    return [float("happy" in message[0]["content"]) for message in completions]
`;
const FEW = { steps: 10, promptsPerStep: 1, groupSize: 4 };

test(
  'a Python file trains the same on the page, with clips dropped on the demo, and by the command with its preset',
  async () => {
    const [data, program] = [smallDataset('few'), makeFolder('program')];
    program.add('likes.py', LIKES);
    const flags = Object.entries(FEW).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const inputs = ['--model', join(projectRoot(), 'public/demo/model'), '--data', data.path];
    const reward = ['--reward', join(program.path, 'likes.py')];
    const byCommand = command('train', ...inputs, '--preset', 'demo', ...flags, ...reward);
    const served = await servePage();
    const studio = await chromium.context.newPage();
    const at = (name: string) => studio.getByTestId(name);
    await studio.goto(served.url);
    await settled(studio);
    await dropFolder(studio, 'data', data.path);
    await at('data-summary').filter({ hasText: '6 clips' }).waitFor();
    await show(studio, 'train');
    await at('own-rewards').click();
    await at('reward-language').selectOption('py');
    await at('new-reward').click();
    await at('code').press('ControlOrMeta+a');
    await at('code').evaluate(paste, LIKES);
    await at('verdict-line').filter({ hasText: 'The file can be used' }).waitFor();
    await at('accept-reward').click();
    await at('all-settings').click();
    for (const name of ['accuracy', 'format']) await at(`reward-${name}`).uncheck();
    for (const [key, value] of Object.entries(FEW)) await at(`all-field-${key}`).fill(String(value));
    await at('start').click();
    await reach(studio, 'finished');
    const steps = await studio.evaluate(storedSteps);
    const told = (await byCommand)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const others = told.filter(({ type }) => type === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: FEW.steps }, (_, at) => at + 1));
    expect(
      others.map(({ type: _, stage: __, seconds: ___, step, ...metrics }) => [step, unmeasured(metrics)]),
    ).toEqual(steps.map(({ step, metrics }) => [step, unmeasured(metrics)]));
    expect(steps.every(({ metrics }) => metrics.reward === metrics['rewards/likes/mean'])).toBe(true);
    await studio.close();
    await served.close();
    for (const folder of [data, program]) folder.remove();
  },
  // The command runs beside the page.
  2 * PYTHON_MS,
);
