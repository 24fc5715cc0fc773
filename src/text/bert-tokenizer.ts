import { type FileTree, readJsonIfThere, readTextIfThere, subtree } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import type { LargestToken } from './check-tokenizer.ts';
import { Tokenizer, tokenContent } from './tokenizer.ts';

const MAX_TOKENS = 512;

/** The gate's WordPiece tokenizer: lower-casing, [CLS] text [SEP], at most 512 ids (BERT's positions). */
export interface BertTokenizer {
  /** The token with the largest id. */
  readonly largest: LargestToken;
  encode(text: string): number[];
}

/** From a BERT folder: `tokenizer.json` when there, else `vocab.txt` with bert-base-uncased's rules. */
export async function loadBertTokenizer(folder: FileTree): Promise<BertTokenizer> {
  const config = (await readJsonIfThere(folder, 'tokenizer_config.json')) ?? {};
  const json = await readJsonIfThere(folder, 'tokenizer.json');
  if (json) return truncating(new Tokenizer(json, config));
  const vocab = await readTextIfThere(folder, 'vocab.txt');
  if (vocab !== undefined) return bertTokenizerFromVocab(vocab, config);
  throw new InputError(`${folder.name}: neither tokenizer.json nor vocab.txt for the gate's text.`, {
    hint: "Put bert-base-uncased's vocab.txt into the folder.",
  });
}

/** From BERT's own folder, else from a `vocab.txt` anywhere in what was dropped. */
export async function findGateTokenizer(tree: FileTree, bertFolder?: FileTree): Promise<BertTokenizer> {
  if (bertFolder) return loadBertTokenizer(bertFolder);
  const vocab = tree.files.find(({ path }) => path === 'vocab.txt' || path.endsWith('/vocab.txt'));
  if (vocab) {
    const text = (await readTextIfThere(tree, vocab.path)) ?? '';
    return bertTokenizerFromVocab(text, await bertConfig(tree, vocab.path));
  }
  throw new InputError(
    `${tree.name}: no vocab.txt for the gate's text, neither beside config.json nor in a folder of BERT.`,
    {
      hint: "Put bert-base-uncased's vocab.txt into a folder bert beside the model's files.",
    },
  );
}

/** tokenizer_config.json beside the vocabulary, unless it is the decoder's. */
async function bertConfig(tree: FileTree, vocabPath: string): Promise<Record<string, unknown>> {
  const folder = subtree(tree, vocabPath.slice(0, -'vocab.txt'.length));
  if (!folder || (await readTextIfThere(folder, 'tokenizer.json')) !== undefined) return {};
  return (await readJsonIfThere(folder, 'tokenizer_config.json')) ?? {};
}

/** From the text of `vocab.txt`, one token a line, its line number the id. `do_lower_case: false` in the config keeps case. */
export function bertTokenizerFromVocab(
  vocabText: string,
  config: Readonly<Record<string, unknown>> = {},
): BertTokenizer {
  return truncating(new Tokenizer(wordPieceJson(vocabText, config), config));
}

/** The contents of the `tokenizer.json` that transformers makes of a `vocab.txt` and its tokenizer_config.json. */
export function wordPieceJson(
  vocabText: string,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const tokens = vocabText.split(/\r?\n/);
  if (tokens.at(-1) === '') tokens.pop();
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const named = (key: string, usual: string): string => tokenContent(config[key]) ?? usual;
  const [unk, cls, sep] = [
    named('unk_token', '[UNK]'),
    named('cls_token', '[CLS]'),
    named('sep_token', '[SEP]'),
  ];
  const special = [named('pad_token', '[PAD]'), unk, cls, sep, named('mask_token', '[MASK]')];
  for (const token of [unk, cls, sep]) {
    if (!Object.hasOwn(vocab, token)) {
      throw new InputError(`vocab.txt: no ${token} among its ${tokens.length} lines.`, {
        hint: 'Use the vocab.txt of the published model (bert-base-uncased has 30,522 lines).',
      });
    }
  }
  return {
    version: '1.0',
    added_tokens: special
      .filter((token) => Object.hasOwn(vocab, token))
      .map((token) => addedToken(token, vocab[token]!)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: [cls, vocab[cls]], sep: [sep, vocab[sep]] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

function addedToken(content: string, id: number) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** Over 512 ids the text is cut from its end and the closing [SEP] stays. */
function truncating(tokenizer: Tokenizer): BertTokenizer {
  return {
    largest: tokenizer.largest,
    encode(text) {
      const ids = tokenizer.encode(text, true);
      return ids.length <= MAX_TOKENS ? ids : [...ids.slice(0, MAX_TOKENS - 1), ids.at(-1)!];
    },
  };
}
