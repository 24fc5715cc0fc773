import { describe, expect, it } from 'vitest';
import { batchesOf } from '../../src/classifiers/classifier.ts';
import { isClassifierFolder } from '../../src/classifiers/files.ts';
import { openClassifier } from '../../src/classifiers/open.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { readJson, treeFromMemory } from '../../src/io/files/files.ts';
import { caseOf, changed } from './cases.ts';

const open = async (name: string, config: Readonly<Record<string, unknown>>) =>
  openClassifier(await changed(name, { 'config.json': config }));

it('is told by the class of what lies nearest to the top of a folder', async () => {
  const folder = (files: Record<string, unknown>) =>
    treeFromMemory(
      'folder',
      Object.fromEntries(Object.entries(files).map(([path, json]) => [path, JSON.stringify(json)])),
    );
  const named = (name: string) => ({ model_type: 'bert', architectures: [name] });
  const scorer = named('BertForSequenceClassification');
  expect(await isClassifierFolder(await caseOf('bert'))).toBe(true);
  expect(await isClassifierFolder(folder({ 'a/config.json': scorer }))).toBe(true);
  const inside = { 'config.json': named('BertForMaskedLM'), 'bert/config.json': scorer };
  expect(await isClassifierFolder(folder(inside))).toBe(false);
  expect(await isClassifierFolder(folder({ 'config.json': { model_type: 'bert' } }))).toBe(false);
  expect(await isClassifierFolder(treeFromMemory('folder', { 'config.json': '{' }))).toBe(false);
});

describe('a classifier that is not built here', () => {
  it.each([
    ['bert', { model_type: 'deberta-v2' }, /"model_type" is "deberta-v2", expected bert, roberta/],
    [
      'bert',
      { architectures: ['BertForMaskedLM'] },
      /found BertForMaskedLM, which has no classification head/,
    ],
    [
      'bert',
      { architectures: ['RobertaForSequenceClassification'] },
      /expected BertForSequenceClassification/,
    ],
    ['bert', { hidden_act: 'mish' }, /"hidden_act" is "mish", expected gelu/],
    ['distilbert', { activation: 'mish' }, /"activation" is "mish"/],
    ['bert', { position_embedding_type: 'relative_key' }, /"position_embedding_type" is "relative_key"/],
    ['roberta', { is_decoder: true }, /"is_decoder" is true: a causal encoder/],
    ['bert', { hidden_size: 33 }, /4 attention heads do not divide a width of 33/],
    ['bert', { num_attention_heads: 1, hidden_size: 256 }, /a head has 256 columns, expected at most 128/],
    ['bert', { num_hidden_layers: 3 }, /bert\.encoder\.layer\.2\.attention\.self\.query\.weight" is missing/],
    ['roberta', { id2label: { 0: 'a' } }, /names 1 labels, but the head gives 28/],
    ['bert', { id2label: { joy: 0 } }, /"id2label" has nothing for label 0; expected a name for each number/],
    ['bert', { id2label: { 0: null } }, /"id2label" has null for label 0/],
    [
      'qwen2',
      { layer_types: ['full_attention', 'sliding_attention'] },
      /"layer_types" is "sliding_attention"/,
    ],
    ['qwen2', { quantization_config: { bits: 4 } }, /quantised in the files/],
  ])('is refused by name: %s %o', async (name, config, message) => {
    await expect(open(name, config)).rejects.toThrow(message);
  });

  it('is refused where its head or its tokenizer is missing, or the folder holds none', async () => {
    const bare = await treeFromDisk('test/golden/qwen-text/qwen3-tiny/model');
    await expect(openClassifier(bare)).rejects.toThrow(/found Qwen3ForCausalLM, which has no classification/);
    const said = {
      ...(await readJson(bare, 'config.json')),
      architectures: ['Qwen3ForSequenceClassification'],
    };
    const files = treeFromMemory('m', { 'config.json': JSON.stringify(said) }).files;
    const headless = {
      ...bare,
      files: [...bare.files.filter(({ path }) => path !== 'config.json'), ...files],
    };
    await expect(openClassifier(headless)).rejects.toThrow(/"score\.weight" is missing/);
    const mute = await changed('roberta', { 'tokenizer.json': null });
    await expect(openClassifier(mute)).rejects.toThrow(/tokenizer\.json is missing, and so is vocab\.json/);
    await expect(openClassifier(treeFromMemory('m', {}))).rejects.toThrow(/found no config\.json/);
  });
});

describe('an opened classifier', () => {
  it('has the labels of its config, the shortest of all limits, and a template where it brings one', async () => {
    const roberta = await openClassifier(await caseOf('roberta'));
    expect(roberta.labels).toHaveLength(28);
    expect(roberta.labels[27]).toBe('LABEL_27');
    const bert = await open('bert', { id2label: { 0: 'joy' } });
    expect([bert.labels, bert.mostTokens, bert.template]).toEqual([['joy'], 64, undefined]);
    const short = await changed('bert', { 'tokenizer_config.json': { model_max_length: 40 } });
    expect((await openClassifier(short)).mostTokens).toBe(40);
    const qwen = await openClassifier(await caseOf('qwen2'));
    expect(qwen.mostTokens).toBe(2048);
    expect(qwen.template?.render([{ role: 'user', content: 'hi' }], false)).toContain('<|im_start|>user\nhi');
  });
});

describe('batches', () => {
  it('hold texts in order up to 1,024 tokens and 64 texts, a longer one alone, an empty one in none', () => {
    expect(batchesOf([600, 0, 424, 1, 3000, 2])).toEqual([[0, 2], [3], [4], [5]]);
    expect(batchesOf(Array<number>(65).fill(1)).map(({ length }) => length)).toEqual([64, 1]);
    expect(batchesOf([])).toEqual([]);
  });
});
