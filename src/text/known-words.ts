/** Words of a tokenizer that were taken apart before: a data set says the same few thousand of them again and again. */
import type { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';

/** Words kept; beyond it all are forgotten. */
const MOST_WORDS = 50_000;
/** Characters of a word that is kept. */
const LONGEST_WORD = 64;

/** A part of the library's pipeline that takes each text by itself. */
interface ByteLevel {
  readonly config?: { readonly use_regex?: boolean; readonly add_prefix_space?: boolean };
  pre_tokenize_text?(text: string): string[];
}
interface Sequence {
  readonly tokenizers?: readonly (ByteLevel | null)[];
}
interface Model {
  readonly config?: { readonly type?: string };
  encode(words: string[]): string[];
}

/**
 * Has the tokenizer remember words: their bytes where a byte-level step gets them from a split before it, and their tokens where
 * they are those of BPE. Each word is taken apart by itself in both, so what comes out is the same.
 */
export function withKnownWords(hub: HubTokenizer): void {
  const model = hub.model as Model | null;
  if (model?.config?.type === 'BPE') {
    const tokensOf = remembered((word) => encode([word]));
    const encode = model.encode.bind(model);
    model.encode = (words) => words.flatMap(tokensOf);
  }
  const steps = (hub.pre_tokenizer as Sequence | null)?.tokenizers ?? [];
  const last = steps.at(-1);
  const { use_regex: splits = true, add_prefix_space: adds = false } = last?.config ?? {};
  if (steps.length > 1 && last?.pre_tokenize_text && !splits && !adds)
    last.pre_tokenize_text = remembered(last.pre_tokenize_text.bind(last));
}

function remembered(take: (word: string) => string[]): (word: string) => string[] {
  const known = new Map<string, string[]>();
  return (word) => {
    const seen = known.get(word);
    if (seen) return seen;
    const made = take(word);
    if (word.length > LONGEST_WORD) return made;
    if (known.size >= MOST_WORDS) known.clear();
    known.set(word, made);
    return made;
  };
}
