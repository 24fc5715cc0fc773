/** The command `inspect`: what it says of data and of models, and how it ends. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inspected } from '../../src/cli/node/inspected.ts';
import { demandAnswers, openedLines, takeReadingFlag, Unanswered } from '../../src/cli/reading-flags.ts';
import { readDataset } from '../../src/data/read.ts';
import { summarise } from '../../src/data/summary.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';

const scratch = mkdtempSync(join(tmpdir(), 'inspect-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const NOTHING = { columns: {}, answers: {} };

function folder(name: string, files: Record<string, string>): string {
  for (const [path, content] of Object.entries(files)) {
    const at = join(scratch, name, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
  }
  return join(scratch, name);
}

async function onDisk({ name, files }: FileTree): Promise<string> {
  for (const { path, blob } of files) {
    const at = join(scratch, name, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, new Uint8Array(await (await blob()).arrayBuffer()));
  }
  return join(scratch, name);
}

function inspect(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['src/cli/launch.mjs', 'inspect', ...args], { encoding: 'utf8' });
}

const asked = () =>
  folder('asked', {
    'a.mp4': 'x',
    'b.mp4': 'x',
    'sub/c.mp4': 'x',
    'list.csv':
      'path,label,emotion,speaker,split\na.mp4,0,happy,A,train\nb.mp4,0,sad,B,val\nsub/c.mp4,1,sad,B,test\nd.mp4,1,sad,B,test\n',
  });

describe('the command', () => {
  it('takes one file in place of a folder of data, but not of a model', () => {
    const file = join(folder('one', { 'sums.jsonl': '{"question":"1+1","answer":"2"}\n' }), 'sums.jsonl');
    const { status, stdout } = inspect('--data', file, '--json');
    expect([status, JSON.parse(stdout).data.rows]).toEqual([0, 1]);
    expect(inspect('--model', file).stderr).toMatch(/there is no such folder/);
  });

  it('prints one object with every example, and ends with 2 where something is asked', () => {
    const { status, stdout } = inspect('--data', asked(), '--json');
    const { data, model } = JSON.parse(stdout);
    expect([status, model]).toEqual([2, undefined]);
    expect(data.asks).toMatchObject([
      {
        what: 'label',
        choices: [
          { choice: 'emotion', rows: 4 },
          { choice: 'label', rows: 4 },
        ],
      },
    ]);
    expect(data.examples[2]).toEqual({
      ...{ id: 'sub/c.mp4', question: null, answer: 'sad', label: 'sad', split: 'test', speaker: 'B' },
      media: [{ kind: 'video', path: 'sub/c.mp4', start: null, end: null }],
    });
    expect(data.labels).toEqual([
      { label: 'sad', count: 2 },
      { label: 'happy', count: 1 },
    ]);
    expect(data.columns).toEqual({ media: 'path', answer: 'emotion', split: 'split', speaker: 'speaker' });
    expect(data.issues).toMatchObject([{ file: 'list.csv', row: 5, reason: 'clip missing', note: false }]);
  });

  it('ends with 0 once it is answered, in words without --json', () => {
    const { status, stdout } = inspect(
      '--data',
      asked(),
      '--answer',
      'label=emotion',
      '--columns',
      'media=path',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/4 rows, 3 examples/);
    expect(stdout).toMatch(/answered: label=emotion/);
    expect(stdout).toMatch(/left out: 1\n {2}list\.csv row 5/);
  });

  it('ends with 1 where nothing can be read, and says why', () => {
    const { status, stdout } = inspect('--data', folder('none', { 'notes.pdf': 'x' }), '--json');
    expect([status, JSON.parse(stdout).data.problem]).toEqual([1, expect.stringMatching(/expected clips/)]);
    const wrong = inspect('--data', asked(), '--columns', 'answer=mood', '--json');
    expect([wrong.status, JSON.parse(wrong.stdout).data.problem]).toEqual([
      1,
      expect.stringMatching(/"mood".*list\.csv has path, label, emotion/),
    ]);
  });
});

describe('a model', () => {
  const model = (name: string): string => {
    const to = join(scratch, name);
    cpSync('test/golden/qwen-text/qwen2_5-tiny/model', to, { recursive: true });
    return to;
  };

  it('is told by its files: folder, weights, head, what ends an answer', async () => {
    const found = await inspected({ model: model('plain'), ...NOTHING });
    expect(found.data).toBeUndefined();
    expect(found.model).toMatchObject({
      ...{ name: 'plain', family: 'Qwen2', main: '.', others: [], adapter: null, unused: [], problem: null },
      weights: ['model.safetensors'],
      tied: true,
    });
    expect(found.model!.endIds.length).toBeGreaterThan(0);
  });

  it('nearest to the top is taken, with what lies beside it told: checkpoints, shards of before, an adapter', async () => {
    const at = model('trained');
    cpSync(at, join(scratch, 'copy'), { recursive: true });
    cpSync(join(scratch, 'copy'), join(at, 'checkpoint-100'), { recursive: true });
    folder('trained', {
      'model.safetensors.index.json': '{"weight_map": {"x": "model-00001-of-00001.safetensors"}}',
      'model-00001-of-00001.safetensors': 'old',
      'optimizer.pt': 'x',
    });
    mkdirSync(join(at, 'adapter'));
    writeFileSync(join(at, 'adapter', 'adapter_config.json'), '{"base_model_name_or_path": "Qwen"}');
    const { model: found } = await inspected({ model: at, ...NOTHING });
    expect(found).toMatchObject({
      ...{ main: '.', others: ['checkpoint-100'], weights: ['model.safetensors'] },
      adapter: { path: 'adapter', base: 'Qwen' },
    });
    expect(found!.unused).toEqual(
      expect.arrayContaining([
        'checkpoint-100/model.safetensors',
        'model-00001-of-00001.safetensors',
        'model.safetensors.index.json',
        'optimizer.pt',
      ]),
    );
    expect(found!.notes.join(' ')).toMatch(/model\.safetensors was read/);
  });

  it.each([
    ['qwen2-vl-tiny', 'a.wav', /Qwen2-?VL/i],
    ['omni-tiny', 'a.mp4"; "b.mp4', /HumanOmni/],
  ])(
    '%s: the rows that it does not take are issues, each by file, row and reason',
    async (name, media, family) => {
      const paths = media.split('"; "');
      const rows = [
        { video: 'c.mp4', label: 'sad' },
        paths.length > 1 ? { videos: paths, label: 'glad' } : { audio: media, label: 'glad' },
      ];
      const data = folder(`rows-${name}`, {
        'rows.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
        'c.mp4': 'x',
        ...Object.fromEntries(paths.map((path) => [path, 'x'])),
      });
      const model =
        name === 'omni-tiny' ? join('test/golden', name) : await onDisk(await qwen2VlTree('newer'));
      const found = await inspected({ data, model, ...NOTHING });
      expect([found.model!.family, found.model!.problem]).toEqual([expect.stringMatching(family), null]);
      expect(found.data!.issues).toMatchObject([
        {
          ...{ file: 'rows.jsonl', row: 2, reason: 'not for this model', note: false },
          message: expect.stringMatching(new RegExp(`^${paths.join(', ')}: `)),
        },
      ]);
      expect(found.data!.examples).toHaveLength(2);
    },
  );

  it('that cannot be opened, or not with the data, has a problem', async () => {
    const empty = folder('no-model', { 'config.json': '{"model_type": "bert"}' });
    expect((await inspected({ model: empty, ...NOTHING })).model).toMatchObject({
      family: null,
      problem: expect.stringMatching(/no checkpoint of a known family/),
    });
    const both = await inspected({ model: model('text'), data: asked(), ...NOTHING });
    expect(both.model).toMatchObject({
      family: 'Qwen2',
      problem: expect.stringMatching(/sees and hears nothing/),
    });
  });
});

it('flags of reading are taken, or refused by name', () => {
  const flags = { columns: {}, answers: {} };
  expect(takeReadingFlag(flags, '--columns', 'answer=a=b, media=clip')).toBe(true);
  expect(takeReadingFlag(flags, '--answer', 'list=x/y.json')).toBe(true);
  expect(takeReadingFlag(flags, '--data', 'x')).toBe(false);
  expect(flags).toEqual({ columns: { answer: 'a=b', media: 'clip' }, answers: { list: 'x/y.json' } });
  expect(() => takeReadingFlag(flags, '--columns', 'anser=x')).toThrow(
    /"anser" is no role; expected one of media/,
  );
  expect(() => takeReadingFlag(flags, '--columns', 'answer')).toThrow(/"answer", expected a name/);
  expect(() => takeReadingFlag(flags, '--answer', undefined)).toThrow(/needs a value/);
});

it('train says what was left out apart from notes, and refuses what is asked with the flags that answer it', async () => {
  const summary = summarise(await readDataset(await treeFromDisk(asked()), { seed: 1 }));
  expect(openedLines(summary)).toEqual([
    '3 clips, 1 left out',
    '  list.csv: media: path, answer: emotion, split: split, speaker: speaker (of path, label, emotion, speaker, split)',
    expect.stringMatching(/^ {2}list\.csv row 5: The clip d\.mp4/),
  ]);
  const refused = () => demandAnswers(summary);
  expect(refused).toThrow(Unanswered);
  expect(refused).toThrow(
    expect.objectContaining({
      hint: expect.stringMatching(/--answer label=emotion {2}4 rows, for example happy, sad/),
    }),
  );
  const answered = await readDataset(await treeFromDisk(asked()), { seed: 1, answers: { label: 'emotion' } });
  demandAnswers(summarise(answered));
});
