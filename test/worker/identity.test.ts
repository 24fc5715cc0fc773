import { describe, expect, it } from 'vitest';
import type { Example } from '../../src/data/types.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import type { OpenModel } from '../../src/worker/inputs/model.ts';
import { checkSameInputs, dataIdentity, modelIdentity } from '../../src/worker/runs/identity.ts';
import type { RunDescription } from '../../src/worker/runs/records.ts';

async function model(scale: number, more: Record<string, string> = {}): Promise<FileTree> {
  const values = Float32Array.from({ length: 300_000 }, (_, i) => scale * Math.sin(i));
  const tensor = {
    name: 'w',
    dtype: 'F32',
    shape: [300, 1000],
    bytes: () => f32ToBytes('F32', values),
  } as const;
  return treeFromMemory('tiny', {
    'config.json': '{"layers": 2}',
    'model.safetensors': await writeSafetensors([tensor]),
    ...more,
  });
}

function data(label: string, content: string): { name: string; examples: Example[] } {
  const files = [{ path: 'a.mp4', blob: async () => new Blob([content]) }];
  const words = {
    label,
    question: null,
    writtenLabel: 'sad',
    speaker: null,
    answer: label,
    split: 'train' as const,
  };
  return {
    name: 'clips',
    examples: [{ id: 'a.mp4', media: [{ kind: 'video' as const, path: 'a.mp4', files }], ...words }],
  };
}

describe('the identity of a model', () => {
  it('is of its configs and weights, whatever lies beside them', async () => {
    const one = await modelIdentity(await model(1));
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(await modelIdentity(await model(1, { 'README.md': 'words', 'shot.png': '' }))).toBe(one);
    expect(await modelIdentity(await model(1, { 'config.json': '{"layers": 3}' }))).not.toBe(one);
  });

  it('tells a fine-tuned copy apart, whose header is the same', async () => {
    expect(await modelIdentity(await model(1.0001))).not.toBe(await modelIdentity(await model(1)));
  });
});

describe('the identity of a data set', () => {
  it('is of its rows and of the sizes of its files', async () => {
    const one = await dataIdentity(data('sad', '1234'));
    expect(await dataIdentity(data('sad', '4321'))).toBe(one);
    expect(await dataIdentity(data('happy', '1234'))).not.toBe(one);
    expect(await dataIdentity(data('sad', '12345'))).not.toBe(one);
  });

  it('is of the names of its columns, too, by which templates and rewards ask for them', async () => {
    const named = (...names: string[]) => {
      const { examples } = data('sad', '1');
      const columns = Object.fromEntries(names.map((column) => [column, 'x']));
      return dataIdentity({ examples: examples.map((example) => ({ ...example, columns })) });
    };
    const one = await named('label', 'note');
    expect(await named('note', 'label')).toBe(one);
    expect(await named('label', 'remark')).not.toBe(one);
  });
});

it('another model or other data are refused, each by its name', async () => {
  const run = {
    name: 'calm-fox',
    model: { name: 'tiny', identity: await modelIdentity(await model(1)) },
    data: { name: 'clips', identity: await dataIdentity(data('sad', '1')) },
  } as RunDescription;
  const open = (tree: FileTree, set: ReturnType<typeof data>) =>
    checkSameInputs(run, {
      model: { tree, files: { name: 'large' } } as OpenModel,
      data: { ...set, kind: 'clips', issues: [], rows: 1, format: 'JSON', division: '' },
    });
  await expect(open(await model(1), data('sad', '1'))).resolves.toBeUndefined();
  await expect(open(await model(2), data('sad', '1'))).rejects.toThrow(
    'trains the model "tiny"; the one that is open, "large", has other files',
  );
  await expect(open(await model(1), data('sad', '22'))).rejects.toMatchObject({
    message: expect.stringContaining('is on the data "clips"'),
    hint: expect.stringContaining('Open the data folder "clips"'),
  });
});
