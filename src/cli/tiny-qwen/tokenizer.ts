/** The tokenizer of a small Qwen2.5 or Qwen3: the published form, with merges for common words only. */
import { CHAT_TEMPLATE } from '../demo/architecture.ts';
import { publishedBpe, SPECIAL_TOKENS, type TokenizerJson } from '../demo/bpe.ts';
import type { NamedIds, TinyFamily } from './architecture.ts';

/** Words that begin a line or stand behind a mark of their own. */
const FIRST =
  'system user assistant think answer Answer Question What How Is The Which Write Say Yes No yes no true false happy sad angry neutral red green blue';
/** What becomes one token word by word: within a line each word with the space before it. */
const CORPUS = [
  ...FIRST.split(' '),
  'You are a helpful assistant.',
  'a the of and to in is that it was for on with as be this have from or by not but all when there can an your which if do how many much you',
  'a one two three four five six seven eight nine ten zero more less than sum number word letter color emotion answer question think step',
  'a Answer What How first then so because true false yes no happy sad angry neutral red green blue cat dog left right up down small large',
  '<think>\n</think>\n<answer>\n</answer>\n<think></think>\n\n<answer></answer> <answer> <think>',
  'a? a. a, a: a; a! a = a + a - a * a / a ( a ) a\n\na \n',
] as const;

const special = (content: string) => ({ content, special: true });
const plain = (content: string) => ({ content, special: false });

/** Tokens beside the vocabulary; Qwen3 has its marks of thinking there. */
const ADDED = {
  'qwen2.5': SPECIAL_TOKENS.map(special),
  qwen3: [...SPECIAL_TOKENS.map(special), ...['<think>', '</think>'].map(plain)],
} as const;

export interface TinyTokenizer extends NamedIds {
  readonly tokenizer: TokenizerJson;
  /** tokenizer_config.json */
  readonly config: Readonly<Record<string, unknown>>;
  /** Ids that the tokenizer knows: 0 to this one, itself not among them. */
  readonly tokens: number;
}

export function tinyTokenizer(family: TinyFamily): TinyTokenizer {
  const tokenizer = publishedBpe(CORPUS, ADDED[family]);
  const { added_tokens: added } = tokenizer;
  const idOf = (token: (typeof SPECIAL_TOKENS)[number]): number =>
    added.find(({ content }) => content === token)!.id;
  const config = {
    add_bos_token: false,
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
    additional_special_tokens: ['<|im_start|>', '<|im_end|>'],
    bos_token: null,
    chat_template: CHAT_TEMPLATE,
    clean_up_tokenization_spaces: false,
    eos_token: '<|im_end|>',
    errors: 'replace',
    pad_token: '<|endoftext|>',
    split_special_tokens: false,
    tokenizer_class: 'Qwen2Tokenizer',
    unk_token: null,
  };
  const tokens = added[added.length - 1]!.id + 1;
  return { tokenizer, config, tokens, padId: idOf('<|endoftext|>'), endId: idOf('<|im_end|>') };
}
