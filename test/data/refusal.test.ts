import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { demandExamples, demandModelFolder } from '../../src/data/refusal.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { zipOf } from './archives.ts';

const clip = new Uint8Array([1, 2, 3]);
type Contents = Record<string, string | Uint8Array<ArrayBuffer>>;

async function refusal(contents: Contents): Promise<InputError> {
  const tree = treeFromMemory('given', contents);
  const data = await readDataset(tree, { seed: 1 });
  try {
    demandExamples(data, tree);
  } catch (error) {
    if (error instanceof InputError) return error;
  }
  throw new Error('It was not refused.');
}

describe('a folder without a labelled clip is refused', () => {
  it.each<[string, Contents, RegExp, RegExp]>([
    ['empty', {}, /given is empty; expected clips/, /Hidden files and links/],
    [
      'an archive',
      { 'set.rar': clip },
      /found 1 file \(\.rar\), expected clips and their labels/,
      /Unpack set\.rar/,
    ],
    ['a picture', { 'a.png': clip }, /found 1 clip, but nothing that says/, /\.json, \.jsonl, \.csv/],
    ['clips alone', { 'a.mp4': clip, 'b.mp4': clip }, /found 2 clips, but nothing/, /folder per label/],
    ['broken JSON', { 'd.json': '[{', 'a.mp4': clip }, /its list cannot be read\. d\.json is not JSON/, /./],
    [
      'a header that says nothing',
      { 'd.csv': 'foo,bar\n1,2\n', 'a.mp4': clip },
      /its list cannot be read\. d\.csv: the header .* names no path or no label column/,
      /./,
    ],
    [
      'a list of other clips',
      { 'd.csv': 'path,label\nx.mp4,sad\n', 'a.mp4': clip },
      /none of 1 row can be used\. d\.csv row 2: The clip x\.mp4 is not in the folder/,
      /holds the clips too/,
    ],
    [
      'a list whose clips lie in an archive',
      { 'd.csv': 'path,label\nx.mp4,sad\n', 'clips.tar.gz': clip },
      /x\.mp4 is not in the folder/,
      /Unpack clips\.tar\.gz/,
    ],
    [
      'a list of clips of types that are not read',
      { 'd.csv': 'path,label\na.wma,happy\nb.amr,sad\n', 'a.wma': clip, 'b.amr': clip },
      /The clip a\.wma is a \.wma, a type that is not read/,
      /ffmpeg/,
    ],
    [
      'a model',
      { 'config.json': '{}', 'model.safetensors': clip, 'tokenizer.json': '{}' },
      /is a model's folder \(3 files/,
      /Model screen/,
    ],
    [
      'something else',
      { 'a.pdf': clip },
      /found 1 file \(\.pdf\), expected clips/,
      /both the clips and their JSON/,
    ],
  ])('%s', async (_, contents, message, hint) => {
    const error = await refusal(contents);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('an archive that holds nothing but an archive, by its name', async () => {
    const inner = await zipOf({ 'a.mp4': clip });
    const tree = treeFromMemory('given', { 'set.zip': await zipOf({ 'inner.zip': inner }) });
    const data = await readDataset(tree, { seed: 1 });
    expect(() => demandExamples(data, data.opened ?? tree)).toThrow(/inner\.zip is an archive within/);
  });

  it.each<[string, Contents, string]>([
    [
      'clips alone',
      { 'x/a.mp4': clip },
      'labels.csv: a first line "path,label,speaker,split", then "x/a.mp4,happy,A,train"',
    ],
    [
      'a list of JSON',
      { 'd.json': '[{', 'a.mp4': clip },
      'd.json: [{"path":"a.mp4","label":"happy","speaker":"A","split":"train"}]',
    ],
    ['no clip', { 'a.pdf': clip }, 'questions.jsonl: {"question":"What is 2 + 3?","answer":"5"}'],
    [
      'a table without clips',
      { 'q.csv': 'x,y\n1,2\n' },
      'q.csv: a first line "question,answer", then "What is 2 + 3?,5"',
    ],
  ])('%s: with the nearest format by an example', async (_, contents, example) => {
    expect((await refusal(contents)).hint).toContain(`Nearest format, as an example of ${example}`);
  });

  it('by an example that is read', async () => {
    const { hint = '' } = await refusal({ 'a.mp4': clip, 'b.mp4': clip });
    const lines = [...hint.matchAll(/"([^"]*)"/g)].map(([, line]) => line);
    const data = await readDataset(
      treeFromMemory('given', { 'a.mp4': clip, 'labels.csv': lines.join('\n') }),
      { seed: 1 },
    );
    expect(data.examples).toMatchObject([{ id: 'a.mp4', label: 'happy', speaker: 'A', split: 'train' }]);
  });

  it('with all that is wrong in its details', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `gone${i}.mp4,sad`);
    const error = await refusal({ 'd.csv': ['path,label', ...rows].join('\n'), 'a.mp4': clip });
    expect(error.details?.split('\n')).toHaveLength(21);
    expect(error.details).toMatch(/and 10 more$/);
  });
});

describe('a folder that is no model', () => {
  it.each<[string, Contents, RegExp, RegExp]>([
    ['empty', {}, /given is empty; expected a model: config\.json/, /Hidden files/],
    ['clips', { 'a.mp4': clip, 'd.csv': 'path,label' }, /found 1 clip, no config\.json/, /Data screen/],
    ['an archive', { 'model.zip': clip }, /found 1 file \(\.zip\), no config\.json/, /Unpack model\.zip/],
    ['weights alone', { 'model.safetensors': clip }, /no config\.json/, /with its config\.json/],
  ])('%s is refused', (_, contents, message, hint) => {
    const act = () => demandModelFolder(treeFromMemory('given', contents));
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
  });

  it('passes with a config in a folder of its own', () => {
    demandModelFolder(treeFromMemory('given', { 'model/config.json': '{}' }));
  });
});
