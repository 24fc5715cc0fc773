import { type FileTree, readJsonIfThere, readTextIfThere } from '../io/files/files.ts';

type Json = Readonly<Record<string, unknown>>;

/** How Qwen2 cuts text before merging: contractions, words, single digits, punctuation, line ends, spaces. */
const SPLIT_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * The contents of a `tokenizer.json` made from a Qwen2 folder's `vocab.json`, `merges.txt` and added tokens (those of
 * tokenizer_config's `added_tokens_decoder`, else of `added_tokens.json`); undefined when either file is missing.
 */
export async function readQwenVocabulary(folder: FileTree, config: Json): Promise<Json | undefined> {
  const model = await readMerges(folder);
  if (!model) return undefined;
  const listed = (await readJsonIfThere(folder, 'added_tokens.json')) ?? {};
  return {
    version: '1.0',
    added_tokens: describedTokens(config.added_tokens_decoder) ?? plainTokens(listed),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model,
  };
}

/** The byte-level BPE model of `vocab.json` and `merges.txt`; undefined when either file is missing. */
export async function readMerges(folder: FileTree): Promise<Json | undefined> {
  const vocab = await readJsonIfThere(folder, 'vocab.json');
  const merges = await readTextIfThere(folder, 'merges.txt');
  if (!vocab || merges === undefined) return undefined;
  return {
    type: 'BPE',
    unk_token: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab,
    merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
  };
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

export function addedToken(id: number, content: string, special: boolean): AddedToken {
  return { id, content, special, single_word: false, lstrip: false, rstrip: false, normalized: false };
}

/** {id: {content, special}} of tokenizer_config.json. */
function describedTokens(value: unknown): AddedToken[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value as Json).flatMap(([id, token]) => {
    if (typeof token !== 'object' || token === null) return [];
    const { content, special } = token as Json;
    return typeof content === 'string' ? [addedToken(Number(id), content, special !== false)] : [];
  });
}

/** {content: id} of added_tokens.json; all of Qwen2's are special. */
function plainTokens(value: Json): AddedToken[] {
  return Object.entries(value).flatMap(([content, id]) =>
    typeof id === 'number' ? [addedToken(id, content, true)] : [],
  );
}
