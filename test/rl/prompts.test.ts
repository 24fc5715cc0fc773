/** Each row asks its own question, on every family; what a run cannot ask it leaves out by name. */
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import type { Example } from '../../src/data/types.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { prepareExample } from '../../src/rl/prepare.ts';
import { runPrompts } from '../../src/rl/prompts.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';

const MODELS: readonly [string, () => Promise<FileTree>][] = [
  ['HumanOmni', () => treeFromDisk('public/demo/model')],
  ['Qwen2-VL', () => qwen2VlTree('published')],
];

async function rows(...items: readonly object[]): Promise<readonly Example[]> {
  const data = await readDataset(
    treeFromMemory('d', { 'd.json': JSON.stringify(items), 'a.mp4': 'x', 'b.mp4': 'x' }),
    { seed: 1 },
  );
  return data.examples;
}

describe.each(MODELS)('%s', (_, tree) => {
  it('asks two questions about one clip in two prompts, and rows that ask alike in one', async () => {
    const { text } = await openModel(await tree());
    const examples = await rows(
      { video: 'a.mp4', question: 'Who is sad?', label: 'sad' },
      { video: 'a.mp4', question: 'Who is calm?', label: 'calm' },
      { video: 'b.mp4', label: 'sad' },
    );
    expect(examples.map(({ id }) => id)).toEqual(['a.mp4', 'a.mp4#2', 'b.mp4']);
    const asked = parseConfig({ promptPreset: 'sft-label', question: 'Who is sad?' });
    const prompts = runPrompts(text, asked, ['video'], examples);
    const [one, two, three] = examples.map((example) => prompts.of(example));
    const ids = [one, two, three].map((prompt) => [
      ...prompt!.tokensOf([{ grid: [1, 4, 4], sliceSeconds: 1 }]).ids,
    ]);
    expect(ids[0]).not.toEqual(ids[1]);
    expect(text.tokenizer.decode(ids[1]!)).toContain('Who is calm?');
    expect(three).toBe(one);
    const clipParts = { features: async () => ({}), shown: [{ grid: [1, 4, 4] as const, sliceSeconds: 1 }] };
    const questions = examples.map(
      (example) => prepareExample(text, prompts.of(example), example, clipParts).question,
    );
    expect(questions).toEqual([undefined, 'Who is calm?', undefined]);
    const shared = text.promptOf(asked, ['video']).tokensOf([{ grid: [1, 4, 4], sliceSeconds: 1 }]);
    expect(ids[0]).toEqual([...shared.ids]);
    // What steers the gate is the row's own text, where there is a gate.
    expect(one!.gateIds.length > 0).toBe(prompts.gateTexts.texts === 2);
  });

  it('puts the media before the first question of a chat', async () => {
    const { text } = await openModel(await tree());
    const [example] = await rows({ video: 'a.mp4', question: 'And now?', label: 'sad' });
    const turns = [
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: 'She.' },
    ] as const;
    const said = { ...example!, turns, system: 'Be brief.' };
    const asked = parseConfig({ promptPreset: 'sft-label' });
    const prompt = runPrompts(text, asked, ['video'], [said]).of(said);
    const { rendered } = prompt;
    const places = ['Be brief.', 'video', 'Who?', 'She.', 'And now?'].map((part) => rendered.indexOf(part));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(prompt.content).toBe('And now?');
  });

  it('overwrites the questions of rows where the preset is published so', async () => {
    const { text } = await openModel(await tree());
    const examples = await rows(
      { video: 'a.mp4', question: 'Who is sad?', label: 'sad' },
      { video: 'b.mp4', question: 'Who is calm?', label: 'calm' },
    );
    const prompts = runPrompts(text, parseConfig({ promptPreset: 'r1-omni' }), ['video'], examples);
    expect(prompts.of(examples[0]!)).toBe(prompts.of(examples[1]!));
  });
});

describe('rows that cannot be asked', () => {
  it('are left out by name, each with its reason, and do not end the run', async () => {
    const { text } = await openModel(await treeFromDisk('public/demo/model'));
    const examples = await rows(
      { video: 'a.mp4', question: 'How many?', label: '2', problem_type: 'numerical' },
      { video: 'a.mp4', question: 'Which?', label: 'A', problem_type: 'riddle' },
    );
    const asked = parseConfig({ promptPreset: 'video-r1' });
    const prompts = runPrompts(text, asked, ['video'], examples);
    expect(examples.map(prompts.asks)).toEqual([true, false]);
    expect(prompts.leftOut).toMatchObject([{ id: 'a.mp4#2', refused: { message: /"riddle"/ } }]);
    expect(() => prompts.of(examples[1]!)).toThrow('riddle');
    expect(prompts.longest).toBe(prompts.of(examples[0]!).longest);
  });

  it('are those whose prompt is too long, by the settings or by the device, unless it holds none', async () => {
    const { text } = await openModel(await treeFromDisk('test/golden/qwen-text/qwen3-tiny/model'));
    const question = (words: number): string => `${'very '.repeat(words)}long?`;
    const data = await readDataset(
      treeFromMemory('q', {
        'q.jsonl': [1, 40, 5].map((n) => JSON.stringify({ question: question(n), answer: 'x' })).join('\n'),
      }),
      { seed: 1 },
    );
    const asked = parseConfig({ promptPreset: 'sft-label' });
    const ask = (limits: object) => runPrompts(text, asked, [], data.examples, limits);
    const lengths = data.examples.map((example) => ask({}).of(example).longest);
    const most = lengths[2]!;
    for (const limits of [{ set: most }, { held: most }, { set: most, held: 10_000 }]) {
      const prompts = ask(limits);
      expect(prompts.leftOut).toEqual([{ id: 'q.jsonl:2', tokens: lengths[1] }]);
      expect([prompts.longest, prompts.asks(data.examples[1]!)]).toEqual([most, false]);
      // It can still be looked at.
      expect(prompts.of(data.examples[1]!).longest).toBe(lengths[1]);
    }
    expect(ask({ held: 1 }).leftOut).toEqual([]);
    expect(ask({ set: 1 }).leftOut).toHaveLength(3);
  });
});
