/** Ids of classifiers' tokenizers: those of tokenizer.json are recorded (test/classifiers/parity.test.ts); here what else a folder may say. */
import { describe, expect, it } from 'vitest';
import { type FileTree, readJson } from '../../src/io/files/files.ts';
import { loadClassifierTokenizer, type TokenizerKind } from '../../src/text/classifier-tokenizer.ts';
import { caseOf, changed } from '../classifiers/cases.ts';

interface Recorded {
  readonly rows: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const rowsOf = async (name: string) =>
  ((await readJson(await caseOf(name), 'case.json')) as unknown as Recorded).rows;

async function idsOf(tree: FileTree, kind: TokenizerKind, text: string, most = 64): Promise<number[]> {
  return (await loadClassifierTokenizer(tree, kind)).encode(text, { most, special: true });
}

describe('the tokenizer of a classifier', () => {
  it('is the same from vocab.txt alone', async () => {
    const tree = await changed('bert', { 'tokenizer.json': null });
    const { encode } = await loadClassifierTokenizer(tree, 'wordpiece');
    for (const { text, ids } of await rowsOf('bert'))
      expect(encode(text, { most: 64, special: true })).toEqual(ids);
  });

  it('is the same from vocab.json and merges.txt', async () => {
    const json = (await readJson(await changed('roberta', {}), 'tokenizer.json')) as {
      model: { vocab: Record<string, number>; merges: string[][] };
      added_tokens: { id: number; content: string }[];
    };
    const vocab = { ...json.model.vocab };
    for (const { id, content } of json.added_tokens) vocab[content] = id;
    const merges = json.model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
    const files = {
      'vocab.json': JSON.stringify(vocab),
      'merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
    };
    const tree = await changed('roberta', { 'tokenizer.json': null, ...files });
    const { encode } = await loadClassifierTokenizer(tree, 'roberta');
    for (const { text, ids } of await rowsOf('roberta'))
      expect(encode(text, { most: 64, special: true })).toEqual(ids);
    const lame = await changed('roberta', { 'tokenizer.json': null, ...files, 'vocab.json': '{"a": 0}' });
    await expect(loadClassifierTokenizer(lame, 'roberta')).rejects.toThrow(/no <\/?s>, which stands around/);
  });

  it('keeps letters as they are where tokenizer_config.json says so, and not where another class is named', async () => {
    const cased = await changed('bert', { 'tokenizer_config.json': { do_lower_case: false } });
    const plain = await changed('bert', {});
    const small = await idsOf(plain, 'wordpiece', 'she looks calm.');
    expect(await idsOf(plain, 'wordpiece', 'She LOOKS calm.')).toEqual(small);
    expect(await idsOf(cased, 'wordpiece', 'She LOOKS calm.')).not.toEqual(small);
    const named = { do_lower_case: false, tokenizer_class: 'PreTrainedTokenizerFast' };
    const other = await changed('bert', { 'tokenizer_config.json': named });
    expect(await idsOf(other, 'wordpiece', 'She LOOKS calm.')).toEqual(small);
  });

  it('puts a blank in front where RoBERTa is told to', async () => {
    const named = { tokenizer_class: 'RobertaTokenizer', add_prefix_space: true };
    const tree = await changed('roberta', { 'tokenizer_config.json': named });
    const plain = await changed('roberta', {});
    expect(await idsOf(tree, 'roberta', 'voice')).toEqual(await idsOf(plain, 'roberta', ' voice'));
  });

  it('cuts a text within its special tokens, at the end or where told at the beginning', async () => {
    const [{ text, ids }] = (await rowsOf('bert')) as [Recorded['rows'][number]];
    const plain = await changed('bert', {});
    expect(await idsOf(plain, 'wordpiece', text, 6)).toEqual([...ids.slice(0, 5), 3]);
    const left = await changed('bert', { 'tokenizer_config.json': { truncation_side: 'left' } });
    expect(await idsOf(left, 'wordpiece', text, 6)).toEqual([2, ...ids.slice(-5)]);
    expect(await idsOf(plain, 'wordpiece', text, 1)).toEqual([2, 3]);
  });

  it('recognises special tokens in a text, and puts none around it where told', async () => {
    const { encode } = await loadClassifierTokenizer(await changed('bert', {}), 'wordpiece');
    expect(encode('a[SEP]a', { most: 64, special: true })).toEqual([2, 12, 3, 12, 3]);
    expect(encode('a', { most: 64, special: false })).toEqual([12]);
  });

  it('sets far ideographs apart and makes Σ small without regard to its place, as the published code does', async () => {
    const { encode } = await loadClassifierTokenizer(await changed('bert', {}), 'wordpiece');
    const ids = (text: string) => encode(text, { most: 64, special: false });
    expect(ids('a𠀀a')).toEqual([12, 1, 12]);
    expect(ids('aΣ')).toEqual(ids('aσ'));
  });
});
