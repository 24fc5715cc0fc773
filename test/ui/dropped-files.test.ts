import { describe, expect, it } from 'vitest';
import type { SourceFile } from '../../src/protocol/messages.ts';
import { filesOfDrop, sortFiles } from '../../src/ui/data/dropped-files.ts';
import { planFiles } from '../../src/ui/data/open-files.ts';

const sources = (...paths: string[]): SourceFile[] =>
  paths.map((path) => ({ path, file: new File([], path) }));
const paths = (files: readonly SourceFile[]) => files.map(({ path }) => path);

const MODEL = ['m/config.json', 'm/model.safetensors', 'm/tokenizer.json'];
const CLIPS = ['set/a.mp4', 'set/data.json'];

describe('sortFiles', () => {
  it.each([
    ['clips alone', CLIPS, [], CLIPS],
    ['a model alone', MODEL, MODEL, []],
    ['both', [...MODEL, ...CLIPS], MODEL, CLIPS],
    ['a model and clips of a rarer type', [...MODEL, 'set/a.AVI'], MODEL, ['set/a.AVI']],
    [
      'towers apart',
      [...MODEL, 'm/siglip/config.json', 'bert/vocab.txt'],
      [...MODEL, 'm/siglip/config.json', 'bert/vocab.txt'],
      [],
    ],
    [
      'a model chosen file by file',
      ['config.json', 'model.safetensors'],
      ['config.json', 'model.safetensors'],
      [],
    ],
    [
      'an adapter beside clips',
      ['lora/adapter_config.json', 'lora/adapter_model.safetensors', 'set/a.wav'],
      ['lora/adapter_config.json', 'lora/adapter_model.safetensors'],
      ['set/a.wav'],
    ],
    [
      'weights without a config',
      ['m/model.safetensors', 'set/a.wav'],
      [],
      ['m/model.safetensors', 'set/a.wav'],
    ],
  ])('%s', (_, files, model, data) => {
    const sorted = sortFiles(sources(...files));
    expect([paths(sorted.model), paths(sorted.data)]).toEqual([model, data]);
  });

  it('leaves files that look like neither to the screen they were given to', () => {
    expect(paths(planFiles(sources('x/pytorch_model.bin'), 'model').model)).toEqual(['x/pytorch_model.bin']);
    expect(paths(planFiles(sources('x/pytorch_model.bin'), 'data').data)).toEqual(['x/pytorch_model.bin']);
    for (const clip of ['x/a.opus', 'x/a.FLAC', 'x/a.webp', 'x/a.avi']) {
      expect(paths(planFiles(sources(clip), 'model').data)).toEqual([clip]);
    }
  });
});

describe('filesOfDrop', () => {
  it('takes every entry before its first await: the browser forgets them after', async () => {
    let alive = true;
    const entry = (name: string) => ({
      isDirectory: false,
      name,
      fullPath: `/${name}`,
      file: (found: (file: File) => void) => found(new File(['x'], name)),
    });
    const item = (name: string) => ({ kind: 'file', webkitGetAsEntry: () => (alive ? entry(name) : null) });
    const items = [item('a.mp4'), item('b.mp4'), item('.DS_Store')];
    const reading = filesOfDrop({ items } as unknown as DataTransfer);
    alive = false;
    expect(paths(await reading)).toEqual(['a.mp4', 'b.mp4']);
  });

  it('passes on a file that cannot be read', async () => {
    const file = (_: unknown, fail: (error: Error) => void) => fail(new Error('gone'));
    const entry = { isDirectory: false, name: 'a.mp4', fullPath: '/a.mp4', file };
    const items = [{ kind: 'file', webkitGetAsEntry: () => entry }];
    await expect(filesOfDrop({ items } as unknown as DataTransfer)).rejects.toThrow('gone');
  });
});
