import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import type { FileTree } from '../io/files/files.ts';
import { readJsonIfThere } from '../io/files/files.ts';
import { whereItLies } from '../io/formats/trainer-checkpoint.ts';
import { InputError } from '../math/errors.ts';
import { checkTokenizerJson, type LargestToken } from './check-tokenizer.ts';
import { withKnownWords } from './known-words.ts';
import { readQwenVocabulary } from './qwen-vocabulary.ts';

type Json = Readonly<Record<string, unknown>>;

/** A tag of markup; not the media's placeholders, nor what other vocabularies call their beginning and end. */
const TAG = /^<\/?(?!(?:s|pad|unk|bos|eos|mask|cls|sep|image|video|audio)>)[A-Za-z][\w-]*>$/;
/** What tokenizer_config.json gives a role beside the text. */
const NAMED = ['bos_token', 'eos_token', 'pad_token', 'unk_token', 'cls_token', 'sep_token', 'mask_token'];

/**
 * Text ↔ token ids, from a published `tokenizer.json` and `tokenizer_config.json`. Encoding adds no special tokens of
 * its own, but recognises those written in the text; decoding skips special tokens unless told otherwise, but for tags such as
 * `<think>`, which are part of what is answered.
 */
export class Tokenizer {
  /** `tokenizer_config.json`, for the chat template. */
  readonly config: Json;
  readonly specialIds: ReadonlySet<number>;
  /** The token with the largest id: an embedding must have a row for it. */
  readonly largest: LargestToken;
  /** Special tokens that are no part of a text; those that stand for its tags are. */
  private readonly hiddenIds: ReadonlySet<number>;
  /** Characters of the longest text that is taken, by what its parts do. */
  private readonly mostText: number;
  private readonly hub: HubTokenizer;

  constructor(tokenizerJson: Json, config: Json) {
    this.config = config;
    const { largest, mostText } = checkTokenizerJson(tokenizerJson);
    this.largest = largest;
    this.mostText = mostText;
    try {
      this.hub = new HubTokenizer(
        { added_tokens: [], post_processor: null, decoder: null, ...tokenizerJson },
        config,
      );
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(`tokenizer.json cannot be used: ${reason}`, {
        hint: 'Copy tokenizer.json and tokenizer_config.json of the checkpoint again.',
        cause,
      });
    }
    withKnownWords(this.hub);
    const added = this.hub.get_added_tokens_decoder();
    const special = [...added.values()].filter((token) => token.special);
    this.specialIds = new Set(special.map((token) => token.id));
    const named = NAMED.map((key) => tokenContent(config[key]));
    const isTag = (content: string): boolean => TAG.test(content) && !named.includes(content);
    this.hiddenIds = new Set(special.filter(({ content }) => !isTag(content)).map((token) => token.id));
  }

  /** Reads both files from a model folder; without `tokenizer.json`, the older `vocab.json` and `merges.txt`. */
  static async load(folder: FileTree): Promise<Tokenizer> {
    const config = (await readJsonIfThere(folder, 'tokenizer_config.json')) ?? {};
    const json =
      (await readJsonIfThere(folder, 'tokenizer.json')) ?? (await readQwenVocabulary(folder, config));
    if (json) return new Tokenizer(json, config);
    throw new InputError(`${folder.name}: tokenizer.json is missing, and so are vocab.json and merges.txt.`, {
      hint: whereItLies(folder, 'tokenizer.json'),
    });
  }

  /** Token ids of `text`; `addSpecialTokens` lets the post-processor add its own ([CLS] … [SEP] of BERT). */
  encode(text: string, addSpecialTokens = false): number[] {
    this.demandLength(text);
    // What it makes of a text may be longer, and meets the patterns, too.
    if (this.hub.normalizer) this.demandLength(this.hub.normalizer.normalize(text));
    return this.hub.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  private demandLength({ length }: string): void {
    if (length <= this.mostText) return;
    throw new InputError(
      `A text of ${length} characters; expected at most ${this.mostText} for the tokenizer.`,
      { hint: 'Shorten the question or the answers; a chat template may have made the text so long.' },
    );
  }

  /**
   * Text of token ids. Ids that the vocabulary does not have (a model's padding rows) and negative ids are skipped;
   * bytes that are no UTF-8 become U+FFFD.
   */
  decode(ids: Iterable<number>, options: { skipSpecialTokens?: boolean } = {}): string {
    const skipSpecial = options.skipSpecialTokens ?? true;
    const known = [...ids].filter(
      (id) => this.tokenOf(id) !== undefined && !(skipSpecial && this.hiddenIds.has(id)),
    );
    if (known.length === 0) return '';
    return this.hub.decode(known, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  idOf(token: string): number | undefined {
    return this.hub.token_to_id(token);
  }

  /** The vocabulary's own spelling of a token ('Ġhappy'); undefined for an id without one. */
  tokenOf(id: number): string | undefined {
    return id < 0 ? undefined : this.hub.id_to_token(id);
  }

  /** The id named by tokenizer_config ('eos_token', 'pad_token', …); undefined when it names none. */
  configuredId(key: string): number | undefined {
    const content = tokenContent(this.config[key]);
    return content === undefined ? undefined : this.idOf(content);
  }
}

/** tokenizer_config writes a special token as its text or as an object with `content`. */
export function tokenContent(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (
    typeof value === 'object' &&
    value !== null &&
    'content' in value &&
    typeof value.content === 'string'
  ) {
    return value.content;
  }
  return undefined;
}

/**
 * Ids that end a completion: those of generation_config, of config, what the chat template ends a turn with, the tokenizer's eos token, and
 * `<|endoftext|>`, with which the Qwen2 family pads and may also stop. At least one, or an InputError. `turnEnd`: what the template writes
 * behind an assistant's turn.
 */
export function endTokenIds(
  tokenizer: Tokenizer,
  config: Json,
  generation: Json = {},
  turnEnd = '',
): number[] {
  const [first] = turnEnd === '' ? [] : tokenizer.encode(turnEnd);
  const ids = [
    ...namedIds(generation, 'generation_config.json', tokenizer),
    ...namedIds(config, 'config.json', tokenizer),
    ...(first !== undefined && tokenizer.specialIds.has(first) ? [first] : []),
    tokenizer.configuredId('eos_token'),
    tokenizer.idOf('<|endoftext|>'),
  ].filter((id) => id !== undefined);
  if (ids.length === 0) {
    throw new InputError('No end token: neither generation_config, config nor tokenizer_config names one.', {
      hint: 'Add "eos_token" to tokenizer_config.json.',
    });
  }
  return [...new Set(ids)];
}

function namedIds({ eos_token_id: named }: Json, label: string, tokenizer: Tokenizer): number[] {
  return [named].flat().flatMap((id) => {
    if (id === undefined || id === null) return [];
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= tokenizer.largest.id) return [id];
    throw new InputError(
      `${label}: "eos_token_id" is ${JSON.stringify(named)}, expected ids of the tokenizer, 0 to ${tokenizer.largest.id}.`,
      { hint: `Copy ${label} and the tokenizer's files of the same checkpoint.` },
    );
  });
}

/**
 * Decodes a completion while it grows: each `push` returns the text that has become final. A character whose bytes are
 * spread over several tokens appears when its last byte is there.
 */
export class StreamDecoder {
  private readonly tokenizer: Pick<Tokenizer, 'decode'>;
  private readonly options: { skipSpecialTokens?: boolean };
  private readonly ids: number[] = [];
  /** Text before ids[windowStart] is out; ids[windowStart, shown) is context that has been shown. */
  private windowStart = 0;
  private shown = 0;

  constructor(tokenizer: Pick<Tokenizer, 'decode'>, options: { skipSpecialTokens?: boolean } = {}) {
    this.tokenizer = tokenizer;
    this.options = options;
  }

  private decode(from: number, to?: number): string {
    return this.tokenizer.decode(this.ids.slice(from, to), this.options);
  }

  /** The text that these ids complete. */
  push(...ids: number[]): string {
    this.ids.push(...ids);
    const before = this.decode(this.windowStart, this.shown);
    const now = this.decode(this.windowStart);
    if (now.length <= before.length || now.endsWith('\uFFFD')) return '';
    this.windowStart = this.shown;
    this.shown = this.ids.length;
    return now.slice(before.length);
  }

  /** What is left at the end, broken characters included. */
  flush(): string {
    const before = this.decode(this.windowStart, this.shown);
    const now = this.decode(this.windowStart);
    this.windowStart = this.ids.length;
    this.shown = this.ids.length;
    return now.slice(before.length);
  }
}
