/** Tokenizers of sequence classifiers as transformers builds them: with their special tokens, and cut at a length. */
import { type FileTree, readJsonIfThere, readTextIfThere } from '../io/files/files.ts';
import { whereItLies } from '../io/formats/trainer-checkpoint.ts';
import { InputError } from '../math/errors.ts';
import { wordPieceJson } from './bert-tokenizer.ts';
import type { LargestToken } from './check-tokenizer.ts';
import { readQwenVocabulary } from './qwen-vocabulary.ts';
import { readRobertaVocabulary } from './roberta-vocabulary.ts';
import { Tokenizer } from './tokenizer.ts';

type Json = Readonly<Record<string, unknown>>;

/** WordPiece, RoBERTa's byte-level BPE, or Qwen's. */
export type TokenizerKind = 'wordpiece' | 'roberta' | 'qwen';

export interface ClassifierTokenizer {
  /** `tokenizer_config.json`. */
  readonly config: Json;
  /** The token with the largest id. */
  readonly largest: LargestToken;
  /** Tokens of the longest text that the model was made for, where the tokenizer says so. */
  readonly modelMaxLength?: number;
  /**
   * Ids of a text of at most `most` tokens. `special`: with those that the tokenizer puts around it ([CLS] … [SEP]); they stay where the
   * text is cut, at its end or where tokenizer_config.json says so (`truncation_side`) at its beginning.
   */
  encode(text: string, options: { readonly most: number; readonly special: boolean }): number[];
}

/** The classes that take letters' case, accents and a blank in front from tokenizer_config.json, whatever tokenizer.json says. */
const OWN_CLASS: Readonly<Record<TokenizerKind, RegExp>> = {
  wordpiece: /^(Distil)?BertTokenizer(Fast)?$/,
  roberta: /^RobertaTokenizer(Fast)?$/,
  qwen: /^(?!)/,
};

/** From a model folder. @throws InputError where the files are missing or off */
export async function loadClassifierTokenizer(
  folder: FileTree,
  kind: TokenizerKind,
): Promise<ClassifierTokenizer> {
  const config = (await readJsonIfThere(folder, 'tokenizer_config.json')) ?? {};
  const published = await readJsonIfThere(folder, 'tokenizer.json');
  const json = published ? asClass(published, config, kind) : await fromVocabulary(folder, config, kind);
  const tokenizer = new Tokenizer(json, config);
  const around = specialsAround(tokenizer);
  const isLeft = config.truncation_side === 'left';
  const { model_max_length: longest } = config;
  const normalizer = (json.normalizer ?? {}) as Json;
  return {
    config,
    largest: tokenizer.largest,
    // Where nobody said, transformers writes 1e30.
    ...(typeof longest === 'number' && longest > 0 && longest < 2 ** 24 ? { modelMaxLength: longest } : {}),
    encode(text, { most, special }) {
      const own = tokenizer.encode(
        normalizer.type === 'BertNormalizer' ? asTransformers(text, normalizer) : text,
      );
      const { before, after } = special ? around : { before: [], after: [] };
      const room = Math.max(0, most - before.length - after.length);
      const kept = own.length <= room ? own : isLeft ? own.slice(own.length - room) : own.slice(0, room);
      return [...before, ...kept, ...after];
    },
  };
}

async function fromVocabulary(folder: FileTree, config: Json, kind: TokenizerKind): Promise<Json> {
  const vocab = kind === 'wordpiece' ? await readTextIfThere(folder, 'vocab.txt') : undefined;
  if (vocab !== undefined) return wordPieceJson(vocab, config);
  const json =
    kind === 'roberta'
      ? await readRobertaVocabulary(folder, config)
      : kind === 'qwen'
        ? await readQwenVocabulary(folder, config)
        : undefined;
  if (json) return json;
  const older = kind === 'wordpiece' ? 'vocab.txt' : 'vocab.json with merges.txt';
  throw new InputError(`${folder.name}: tokenizer.json is missing, and so is ${older}.`, {
    hint: whereItLies(folder, 'tokenizer.json'),
  });
}

/** tokenizer.json as the class of tokenizer_config.json changes it while it is loaded; a folder that names none has the model's own class. */
function asClass(json: Json, config: Json, kind: TokenizerKind): Json {
  const { tokenizer_class: named = '' } = config;
  if (named !== '' && !OWN_CLASS[kind].test(String(named))) return json;
  const { normalizer, pre_tokenizer: cutter } = json as { normalizer?: Json; pre_tokenizer?: Json };
  if (kind === 'wordpiece' && normalizer?.type === 'BertNormalizer') {
    const lowercase = config.do_lower_case !== false;
    const handle_chinese_chars = config.tokenize_chinese_chars !== false;
    const strip_accents = config.strip_accents ?? null;
    return { ...json, normalizer: { ...normalizer, lowercase, handle_chinese_chars, strip_accents } };
  }
  if (kind === 'roberta' && cutter?.type === 'ByteLevel') {
    return { ...json, pre_tokenizer: { ...cutter, add_prefix_space: config.add_prefix_space === true } };
  }
  return json;
}

/** Texts of one plain token, to see what stands around them. */
const PROBES = ['a', '1', '.'] as const;

/** What the post-processor puts before and behind a text. */
function specialsAround(tokenizer: Tokenizer): { before: readonly number[]; after: readonly number[] } {
  const empty = tokenizer.encode('', true);
  if (empty.length === 0) return { before: [], after: [] };
  for (const probe of PROBES) {
    const own = tokenizer.encode(probe);
    const whole = tokenizer.encode(probe, true);
    const at = whole.findIndex((_, start) => own.every((id, index) => whole[start + index] === id));
    if (own.length > 0 && at >= 0) {
      return { before: whole.slice(0, at), after: whole.slice(at + own.length) };
    }
  }
  return { before: empty.slice(0, 1), after: empty.slice(1) };
}

/** Ideographs of planes beyond the first. */
const FAR_IDEOGRAPHS =
  /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B820}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/** Does to a text what transformers' BertNormalizer does and the library here does not: far ideographs stand alone, too, and Σ becomes σ at the end of a word. */
function asTransformers(text: string, normalizer: Json): string {
  const apart = normalizer.handle_chinese_chars === true ? text.replace(FAR_IDEOGRAPHS, ' $& ') : text;
  return normalizer.lowercase === true ? apart.replaceAll('Σ', 'σ') : apart;
}
