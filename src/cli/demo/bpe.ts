/** Trains small byte-level BPE tokenizers on a few lines of text, in the format of Qwen2's tokenizer.json. */

/** Qwen2's pre-tokenizer, as published. */
const SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** The same for JavaScript, whose regular expressions have no inline flags. */
const SPLIT_JS =
  /'s|'t|'re|'ve|'m|'ll|'d|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/giu;

export const SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;

/** GPT-2's printable stand-ins for the 256 bytes. */
function byteAlphabet(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

type Pair = readonly [string, string];

function mostFrequentPair(
  words: ReadonlyMap<string, { symbols: string[]; count: number }>,
): Pair | undefined {
  const counts = new Map<string, number>();
  for (const { symbols, count } of words.values()) {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const key = `${symbols[i]} ${symbols[i + 1]}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  const best = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0];
  return best && (best[0].split(' ') as unknown as Pair);
}

function mergePair(symbols: readonly string[], [left, right]: Pair): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      merged.push(left + right);
      i++;
    } else merged.push(symbols[i]!);
  }
  return merged;
}

/** tokenizer.json whose merges turn every pre-token of `corpus` into one token. */
export function trainBpe(corpus: readonly string[]): Record<string, unknown> {
  const alphabet = byteAlphabet();
  const words = new Map<string, { symbols: string[]; count: number }>();
  for (const [piece] of corpus.flatMap((line) => [...line.matchAll(SPLIT_JS)])) {
    const known = words.get(piece);
    if (known) known.count++;
    else {
      const symbols = [...new TextEncoder().encode(piece)].map((byte) => alphabet[byte]!);
      words.set(piece, { symbols, count: 1 });
    }
  }
  const merges: Pair[] = [];
  for (let pair = mostFrequentPair(words); pair; pair = mostFrequentPair(words)) {
    merges.push(pair);
    for (const word of words.values()) word.symbols = mergePair(word.symbols, pair);
  }
  const tokens = [...SPECIAL_TOKENS, ...alphabet, ...merges.map(([left, right]) => left + right)];
  const vocab = Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
  return tokenizerJson(vocab, merges);
}

/** A token beside the vocabulary, as tokenizer.json lists it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** How bytes become text again, as published. */
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };

/** What the parts of a tokenizer.json are that others look into. */
export interface TokenizerJson extends Readonly<Record<string, unknown>> {
  readonly added_tokens: readonly AddedToken[];
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
}

/** Bytes come first, in the order of their letters. */
const placeOf = (piece: string, id: number): number =>
  piece.length === 1 ? piece.codePointAt(0)! : LETTERS + id;
/** The bytes' letters are below this code point. */
const LETTERS = 1 << 16;

/**
 * The same in the order of the published one: bytes and merged pieces from 0 on, then the added tokens. Where `pieces` is more than the
 * corpus gives, stand-ins that no text becomes fill the vocabulary up.
 */
export function publishedBpe(
  corpus: readonly string[],
  added: readonly { readonly content: string; readonly special: boolean }[],
  pieces = 0,
): TokenizerJson {
  const trained = trainBpe(corpus) as unknown as TokenizerJson;
  const special: readonly string[] = SPECIAL_TOKENS;
  const found = Object.entries(trained.model.vocab)
    .filter(([piece]) => !special.includes(piece))
    .sort((a, b) => placeOf(...a) - placeOf(...b))
    .map(([piece]) => piece);
  const missing = Math.max(0, pieces - found.length);
  const all = [...found, ...Array.from({ length: missing }, (_, index) => `w${index}`)];
  const [form] = trained.added_tokens;
  return {
    ...trained,
    added_tokens: added.map((token, index) => ({ ...form!, ...token, id: all.length + index })),
    post_processor: BYTE_LEVEL,
    decoder: BYTE_LEVEL,
    model: { ...trained.model, vocab: Object.fromEntries(all.map((piece, id) => [piece, id])) },
  };
}

function tokenizerJson(vocab: Record<string, number>, merges: readonly Pair[]): Record<string, unknown> {
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content) => ({ id: vocab[content], content, ...special })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false },
        byteLevel,
      ],
    },
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

/** A WordPiece vocabulary (vocab.txt) that has every word of `corpus` and every letter. */
export function wordPieceVocab(corpus: readonly string[]): string {
  const words = new Set(corpus.flatMap((line) => line.toLowerCase().match(/[a-z]+|[^\sa-z]/g) ?? []));
  const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
  const tokens = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...words,
    ...letters,
    ...letters.map((l) => `##${l}`),
  ];
  return `${[...new Set(tokens)].join('\n')}\n`;
}
