/** Qwen2, Qwen2.5 and Qwen3: language models that see and hear nothing. */
import type { Json } from '../../decoder/fields.ts';
import { openQwen2, parseQwen2Config, QWEN2, QWEN3, type Qwen2Config } from '../../decoder/qwen2.ts';
import type { Family } from '../api.ts';
import {
  isQwenText,
  openQwenTextFiles,
  type QwenTextFamily,
  qwenTextFamily,
  qwenTextModelType,
} from './files.ts';
import { openQwenText } from './prompt.ts';

export const qwen2 = familyOf('Qwen2', 'Qwen2 or Qwen2.5, a language model');
export const qwen3 = familyOf('Qwen3', 'Qwen3, a language model');

function familyOf(name: QwenTextFamily, published: string): Family {
  return {
    name,
    modelType: qwenTextModelType(name),
    published,
    recognises: (config) => isQwenText(config) && qwenTextFamily(config) === name,
    onlyAlone: true,
    openFiles: openQwenTextFiles,
    readConfig: ({ main }) => ({ family: name, decoder: parseQwenTextConfig(name, main.config) }),
    openAll: (gpu, { decoder }, _files, sources) => void openQwen2(gpu, decoder, sources),
    aliases: {},
    usual: 'text',
    trainable: ['decoder'],
    towerConfig: () => ({}),
    openText: (_tree, files, config) => openQwenText(files, config),
    handoff: {
      loading: { library: 'transformers', model: 'AutoModelForCausalLM', reader: 'AutoTokenizer' },
      decoder: 'model',
      r1OmniArguments: '',
      r1OmniNotes: [],
      seesInVerl: true,
      textPartNotes: [],
      differences: [],
    },
  };
}

/** Of either family in transformers, where a config.json does not say it. */
const ROPE_THETA = 10_000;
/** Qwen3's heads are this wide where its config does not say it, whatever the hidden size. */
const QWEN3_HEAD_DIM = 128;

/** Reads config.json. @throws InputError naming the field that is off, or that asks for what is not built here */
export function parseQwenTextConfig(family: QwenTextFamily, json: Json): Qwen2Config {
  const said = { ...json, rope_theta: json.rope_theta ?? ROPE_THETA };
  if (family === 'Qwen2') return parseQwen2Config(said, 'config.json', QWEN2);
  return parseQwen2Config({ ...said, head_dim: json.head_dim ?? QWEN3_HEAD_DIM }, 'config.json', QWEN3);
}
