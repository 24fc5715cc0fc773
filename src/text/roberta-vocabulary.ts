import type { FileTree } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import { addedToken, readMerges } from './qwen-vocabulary.ts';
import { tokenContent } from './tokenizer.ts';

type Json = Readonly<Record<string, unknown>>;

/** Special tokens by the key that tokenizer_config.json gives each. */
const SPECIAL = {
  cls_token: '<s>',
  pad_token: '<pad>',
  sep_token: '</s>',
  unk_token: '<unk>',
  mask_token: '<mask>',
} as const;

/**
 * The contents of the `tokenizer.json` that transformers makes of a RoBERTa folder's `vocab.json` and `merges.txt`; undefined when
 * either file is missing. @throws InputError where the vocabulary lacks what stands around a text
 */
export async function readRobertaVocabulary(folder: FileTree, config: Json): Promise<Json | undefined> {
  const model = await readMerges(folder);
  if (!model) return undefined;
  const vocab = model.vocab as Readonly<Record<string, unknown>>;
  const named = (key: keyof typeof SPECIAL): string => tokenContent(config[key]) ?? SPECIAL[key];
  const idOf = (token: string): number => {
    const id = Object.hasOwn(vocab, token) ? vocab[token] : undefined;
    if (typeof id === 'number') return id;
    throw new InputError(`${folder.name}/vocab.json: no ${token}, which stands around every text.`, {
      hint: 'Use vocab.json and merges.txt of the published model.',
    });
  };
  const cls = named('cls_token');
  const sep = named('sep_token');
  const added = (Object.keys(SPECIAL) as (keyof typeof SPECIAL)[])
    .map(named)
    .filter((token) => Object.hasOwn(vocab, token))
    .map((token) => addedToken(idOf(token), token, true));
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: config.add_prefix_space === true,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: { type: 'RobertaProcessing', cls: [cls, idOf(cls)], sep: [sep, idOf(sep)] },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model,
  };
}
