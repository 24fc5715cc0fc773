/** A tokenizer.json as a stranger may have written it: checked before anything of it runs. */
import { InputError } from '../math/errors.ts';
import { demandSafePattern, MOST_PATTERN_COST } from './safe-pattern.ts';

type Json = Readonly<Record<string, unknown>>;

const LABEL = 'tokenizer.json';
const HINT = 'Copy tokenizer.json and tokenizer_config.json of the checkpoint again.';
/** Ids are rows of a table; none has more. */
const MOST_ID = 2 ** 24;

/** The parts that are known to end on every text. */
const KINDS: Readonly<
  Record<'normalizer' | 'pre_tokenizer' | 'decoder' | 'post_processor', readonly string[]>
> = {
  normalizer: [
    ...[
      'BertNormalizer',
      'Sequence',
      'Replace',
      'NFC',
      'NFD',
      'NFKC',
      'NFKD',
      'Strip',
      'StripAccents',
      'Lowercase',
    ],
    ...['Prepend', 'Precompiled'],
  ],
  pre_tokenizer: [
    ...[
      'BertPreTokenizer',
      'Sequence',
      'Whitespace',
      'WhitespaceSplit',
      'Metaspace',
      'ByteLevel',
      'Split',
      'Punctuation',
    ],
    ...['Digits', 'Replace'],
  ],
  decoder: [
    'ByteLevel',
    'WordPiece',
    'Metaspace',
    'BPEDecoder',
    'Sequence',
    'Replace',
    'Fuse',
    'Strip',
    'ByteFallback',
  ],
  post_processor: ['TemplateProcessing', 'ByteLevel', 'BertProcessing', 'RobertaProcessing', 'Sequence'],
};
const MODELS: readonly unknown[] = ['BPE', 'WordPiece', 'Unigram'];
/** Parts of a sequence, and times that a text may grow by. */
const MOST_PARTS = 32;
const MOST_GROWTH = 256;
/** What is decoded is as long as its tokens already. */
const MOST_DECODED_GROWTH = 8;
/** Characters of a token; published ones have up to 256, and added ones 40. */
const MOST_TOKEN = 1024;
const MOST_ADDED_TOKEN = 256;
/** Characters that stand for a blank, the beginning of a word or its end. */
const MOST_MARK = 64;
/** Characters of a word that is taken apart by trying all of its parts, and of a piece of a Unigram model; published ones have 100 and 16. */
const MOST_WORD = 200;
const MOST_PIECE = 64;

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fail(where: string, value: unknown, expected: string): never {
  const text = JSON.stringify(value) ?? 'missing';
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  throw new InputError(`${LABEL}: ${where} is ${shown}, expected ${expected}.`, { hint: HINT });
}

const isId = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MOST_ID;

/** The token with the largest id, and that id. */
export interface LargestToken {
  readonly token: string;
  readonly id: number;
}

export interface CheckedTokenizer {
  readonly largest: LargestToken;
  /** Characters of the longest text that it is done with in about a second. */
  readonly mostText: number;
}

const MOST_TEXT = 60_000;
/** Of a text of this length a pattern takes up to half a second for each time that it takes the square of the length. */
const SLOW_TEXT = 16_000;
/** Parts that a text is handed through, times its length. */
const MOST_HANDED = 480_000;
/** Pieces of a text that a Unigram model weighs: one for each place and length. */
const MOST_WEIGHED = 120_000;
/** Characters that WordPiece copies: of each part of a word. */
const MOST_COPIED = 1.5e8;
const LONGEST_WORD = 100;

/** The longest text for a model that tries parts of a word. */
function modelText(model: Json): number {
  const { type, vocab, max_input_chars_per_word: longest } = model;
  if (type === 'WordPiece') return MOST_COPIED / (Number(longest) || LONGEST_WORD) ** 2;
  if (!Array.isArray(vocab)) return MOST_TEXT;
  const lengths = vocab.map(([token]) => String(token).length);
  return MOST_WEIGHED / lengths.reduce((most, length) => Math.max(most, length), 1);
}

/** Throws an InputError that names what is off. */
export function checkTokenizerJson(json: Json): CheckedTokenizer {
  let [patternCost, handed] = [0, 1];
  for (const key of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
    const parts: Json[] = [];
    patternCost += collectParts(json[key], key, parts);
    if (parts.length > MOST_PARTS) fail(`"${key}"`, parts.length, `at most ${MOST_PARTS} parts`);
    handed = Math.max(handed, parts.length);
    const growth = parts.reduce((product, part) => product * growthOf(part), 1);
    if (growth > (key === 'decoder' ? MOST_DECODED_GROWTH : MOST_GROWTH))
      fail(`"${key}"`, json[key], `parts that leave a text about as long as it was`);
  }
  if (patternCost > MOST_PATTERN_COST) {
    fail('the cost of all patterns', patternCost, `at most ${MOST_PATTERN_COST}, as in published tokenizers`);
  }
  const tokens = new Map<number, string>();
  let largest: LargestToken = { token: '', id: -1 };
  for (const found of [...modelTokens(json.model), ...addedTokens(json.added_tokens)]) {
    const other = tokens.get(found.id) ?? found.token;
    if (other !== found.token) fail(`the id ${found.id}`, [other, found.token], 'the id of one token');
    tokens.set(found.id, found.token);
    if (found.id > largest.id) largest = found;
  }
  const most = [MOST_TEXT, SLOW_TEXT / Math.sqrt(patternCost), MOST_HANDED / handed];
  return { largest, mostText: Math.floor(Math.min(...most, modelText(json.model as Json))) };
}

/** The parts of a sequence, or the one part; nothing where there is none. @returns what their patterns cost */
function collectParts(value: unknown, key: keyof typeof KINDS, parts: Json[], depth = 0): number {
  if (value === undefined || value === null) return 0;
  if (!isJson(value)) fail(`"${key}"`, value, 'an object');
  if (!KINDS[key].some((kind) => kind === value.type))
    fail(`a "type" of "${key}"`, value.type, KINDS[key].join(', '));
  if (depth > 8) fail(`"${key}"`, 'deeply nested', 'a plain sequence');
  if (value.type !== 'Sequence') {
    parts.push(value);
    return checkPart(value, key);
  }
  const listed = value.normalizers ?? value.pretokenizers ?? value.decoders ?? value.processors;
  if (!Array.isArray(listed) || listed.length > MOST_PARTS)
    fail(`a "Sequence" of "${key}"`, listed, `a list of at most ${MOST_PARTS}`);
  return listed.reduce((cost, part) => cost + collectParts(part, key, parts, depth + 1), 0);
}

/** @returns what its pattern costs */
function checkPart(part: Json, key: string): number {
  let cost = 0;
  const { pattern, content } = part;
  if (part.type === 'Split' || part.type === 'Replace') {
    const { Regex: regex, String: text } = isJson(pattern) ? pattern : {};
    if (typeof regex === 'string') cost = demandSafePattern(regex, `${LABEL} ${key}`);
    else if (typeof text !== 'string') fail(`a pattern of "${key}"`, pattern, 'a Regex or a String');
  }
  // What is decoded has no bound but that of its tokens.
  if (key === 'decoder' && cost > 0) fail('a pattern of "decoder"', pattern, 'one that takes no second look');
  demandMark(part, 'replacement');
  if (content !== undefined && typeof content !== 'string')
    fail(`a "content" of "${key}"`, content, 'a text');
  for (const side of ['start', 'stop', 'cut', 'left', 'right', 'strip_left', 'strip_right']) {
    const count = part[side];
    if (typeof count === 'number' && !(Number.isInteger(count) && count >= 0 && count <= 64)) {
      fail(`"${side}" of "${key}"`, count, 'a whole number up to 64');
    }
  }
  for (const list of [part.single, part.pair]) {
    if (Array.isArray(list) && list.length > 64)
      fail(`a template of "${key}"`, list.length, 'at most 64 parts');
  }
  return cost;
}

/** Throws an InputError for a text of a field that is put into other texts again and again, where it is long. */
function demandMark(json: Json, key: string): void {
  const mark = json[key];
  if (typeof mark === 'string' && mark.length > MOST_MARK)
    fail(`"${key}"`, mark, `at most ${MOST_MARK} characters`);
}

/** How many times as long a text may become. */
function growthOf({ type, pattern, content, prepend }: Json): number {
  if (type === 'Prepend') return typeof prepend === 'string' && prepend.length > 64 ? MOST_GROWTH + 1 : 1;
  if (type !== 'Replace' || typeof content !== 'string') return 1;
  const { String: text } = isJson(pattern) ? pattern : {};
  if (typeof text === 'string' && text.length > 0) return Math.max(1, content.length / text.length);
  return content.length + 1;
}

function modelTokens(model: unknown): LargestToken[] {
  if (!isJson(model)) fail('"model"', model, 'an object');
  const { type, vocab, merges, dropout, max_input_chars_per_word: longest } = model;
  const isKnown =
    MODELS.includes(type) || (type === undefined && (Array.isArray(merges) || vocab !== undefined));
  if (!isKnown) fail('"type" of "model"', type, MODELS.join(', '));
  if (typeof dropout === 'number' && dropout > 0)
    fail('"dropout" of "model"', dropout, 'none: the same text must give the same ids');
  if (longest !== undefined && longest !== null && !(isId(longest) && longest <= MOST_WORD)) {
    fail('"max_input_chars_per_word"', longest, `a whole number up to ${MOST_WORD}`);
  }
  if (merges !== undefined && merges !== null) checkMerges(merges);
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) demandMark(model, key);
  if (Array.isArray(vocab)) return vocab.map(unigramToken);
  if (!isJson(vocab)) fail('"vocab" of "model"', vocab, 'an object of tokens and their ids');
  return Object.entries(vocab).map(([token, id]) => {
    if (!isId(id)) fail(`the id of ${JSON.stringify(token)}`, id, 'a whole number from 0 on');
    if (token.length > MOST_TOKEN) fail(`token ${id}`, token, `at most ${MOST_TOKEN} characters`);
    return { token, id };
  });
}

function unigramToken(entry: unknown, id: number): LargestToken {
  const [token, score] = Array.isArray(entry) ? entry : [];
  if (typeof token !== 'string' || typeof score !== 'number')
    fail(`entry ${id} of "vocab"`, entry, 'a token and its score');
  if (token.length > MOST_PIECE)
    fail(`entry ${id} of "vocab"`, entry, `a token of at most ${MOST_PIECE} characters`);
  return { token, id };
}

function checkMerges(merges: unknown): void {
  if (!Array.isArray(merges)) fail('"merges" of "model"', merges, 'a list');
  const isPair = (merge: unknown): boolean =>
    typeof merge === 'string' ||
    (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'));
  const wrong = merges.findIndex((merge) => !isPair(merge));
  if (wrong >= 0) fail(`merge ${wrong + 1}`, merges[wrong], 'two tokens');
}

function addedTokens(value: unknown): LargestToken[] {
  const listed = value ?? [];
  if (!Array.isArray(listed)) fail('"added_tokens"', value, 'a list');
  return listed.map((token: unknown, index) => {
    if (!isJson(token)) fail(`added token ${index}`, token, 'an object');
    const { id, content } = token;
    if (typeof content !== 'string' || content === '')
      fail(`"content" of added token ${index}`, content, 'a text');
    if (content.length > MOST_ADDED_TOKEN)
      fail(`"content" of added token ${index}`, content, `at most ${MOST_ADDED_TOKEN} characters`);
    if (!isId(id)) fail(`the id of ${JSON.stringify(content)}`, id, 'a whole number from 0 on');
    for (const flag of ['special', 'single_word', 'lstrip', 'rstrip', 'normalized']) {
      const set = token[flag];
      if (set !== undefined && set !== null && typeof set !== 'boolean') {
        fail(`"${flag}" of ${JSON.stringify(content)}`, set, 'true or false');
      }
    }
    return { token: content, id };
  });
}
