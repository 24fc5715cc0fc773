import { describe, expect, it } from 'vitest';
import { bertTokenizerFromVocab } from '../../src/text/bert-tokenizer.ts';
import { buildPrompt } from '../../src/text/prompt.ts';
import { referenceWordPiece } from '../reference/bpe.ts';
import { bertVocabulary } from './published.ts';

const tokenizer = bertTokenizerFromVocab(`${bertVocabulary.join('\n')}\n`);
const reference = referenceWordPiece(bertVocabulary);
const BOTH = { video: true, audio: true };

it('the vocabulary is the published one', () => {
  const at = (...ids: number[]) => ids.map((id) => bertVocabulary[id]);
  expect(bertVocabulary.length).toBe(30522);
  expect(new Set(bertVocabulary).size).toBe(30522);
  expect(at(0, 1, 99, 100, 101, 102, 103)).toEqual([
    ...['[PAD]', '[unused0]', '[unused98]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ]);
  expect(at(999, 1996, 2015, 7592, 30521)).toEqual(['!', 'the', '##s', 'hello', '##～']);
});

describe('WordPiece', () => {
  it.each([
    ['hello world', [101, 7592, 2088, 102]],
    ['Hello, WORLD!', [101, 7592, 1010, 2088, 999, 102]],
    ['embeddings', [101, 7861, 8270, 4667, 2015, 102]],
    ['tokenization', [101, 19204, 3989, 102]],
    ['<think>', [101, 1026, 2228, 1028, 102]],
    ['', [101, 102]],
  ])('%j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  it.each(['r1-omni', 'inference', 'sft', 'sft-label', 'eval', 'canonical'] as const)(
    'of the gate text of %s is that of the slow reference',
    (preset) => {
      const { gateText } = buildPrompt(preset, { media: BOTH });
      const ids = tokenizer.encode(gateText);
      expect(ids).toEqual(reference(gateText));
      expect(ids).not.toContain(100);
    },
  );

  it('drops accents, keeps Han signs apart, and calls what it does not know [UNK]', () => {
    for (const text of ['Café déjà-vu (2024) 3.5%', '她很高兴 ok', 'naïve $5 <|x|> a_b', '🙂 x'])
      expect(tokenizer.encode(text), text).toEqual(reference(text));
    expect(tokenizer.encode('🙂')).toEqual([101, 100, 102]);
  });

  it('does not care how the gate text breaks its lines', () => {
    expect(tokenizer.encode('happy\nsad')).toEqual(tokenizer.encode('happy  sad'));
  });
});
