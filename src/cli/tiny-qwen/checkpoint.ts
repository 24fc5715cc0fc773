/** A small Qwen2.5 or Qwen3 with random weights, as a whole folder in the published form. */
import type { Json } from '../../decoder/fields.ts';
import { openQwen2 } from '../../decoder/qwen2.ts';
import type { Weights } from '../../decoder/weights.ts';
import { parseQwenTextConfig } from '../../families/qwen-text/index.ts';
import { dryGpu, sizeOf, type Tensor } from '../../gpu/index.ts';
import { type FloatDtype, f32ToBytes } from '../../io/tensors/dtype.ts';
import { byteLength, type TensorToWrite, writeSafetensors } from '../../io/tensors/safetensors-write.ts';
import { InputError } from '../../math/errors.ts';
import { deriveSeed, normal } from '../../math/random.ts';
import {
  engineName,
  type TinyFamily,
  type TinyQwenOptions,
  tinyConfig,
  tinyDefaults,
  tinyGenerationConfig,
} from './architecture.ts';
import { tinyTokenizer } from './tokenizer.ts';

type Contents = Record<string, string | Blob>;

/** Of embeddings; a tied head then gives logits about as far apart as those of an untied one. */
const EMBEDDING_STD = 0.1;
/** Of biases, and of norms around 1: all of them do something, as in a trained model. */
const VECTOR_STD = 0.1;
/** Tokens are rounded up to a multiple of this many rows. */
const ROWS = 32;

/** Matrices with variance 1 / fan-in, norms around 1, biases around 0. */
function initialise(name: string, shape: readonly number[], seed: number): Float32Array<ArrayBuffer> {
  const isVector = shape.length === 1;
  const mean = isVector && !name.endsWith('.bias') ? 1 : 0;
  const matrixStd = name.includes('embed_tokens') ? EMBEDDING_STD : 1 / Math.sqrt(shape[1] ?? 1);
  const std = isVector ? VECTOR_STD : matrixStd;
  const stream = deriveSeed(seed, name);
  return Float32Array.from({ length: sizeOf(shape) }, (_, index) => mean + std * normal(stream, index));
}

/** Every tensor that the decoder of a config asks for. */
function tensorsOf(family: TinyFamily, config: Json, seed: number, dtype: FloatDtype): TensorToWrite[] {
  const tensors: TensorToWrite[] = [];
  const open: Weights = (name, shape): Tensor => {
    tensors.push({ name, dtype, shape, bytes: () => f32ToBytes(dtype, initialise(name, shape, seed)) });
    return { label: name, shape, dtype: 'f32', storage: { kind: 'planned', id: tensors.length } };
  };
  const decoder = parseQwenTextConfig(engineName(family), config);
  openQwen2(dryGpu(), decoder, { open, openRows: (name, shape) => [open(name, shape)], maxPositions: 1 });
  return tensors;
}

const fiveDigits = (count: number): string => String(count).padStart(5, '0');

/** Weight files by name; several share the tensors in turn. */
async function weightFiles(tensors: readonly TensorToWrite[], shards: number): Promise<Contents> {
  if (shards === 1) return { 'model.safetensors': await writeSafetensors(tensors) };
  const files: Contents = {};
  const places: [string, string][] = [];
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-${fiveDigits(shard + 1)}-of-${fiveDigits(shards)}.safetensors`;
    const own = tensors.filter((_, index) => index % shards === shard);
    files[file] = await writeSafetensors(own);
    places.push(...own.map(({ name }): [string, string] => [name, file]));
  }
  const total = tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places) };
  return { ...files, 'model.safetensors.index.json': `${JSON.stringify(index, null, 2)}\n` };
}

/** Contents of the folder by name. Throws an InputError where the options do not make a model. */
export async function tinyQwen(
  given: Partial<TinyQwenOptions> & Pick<TinyQwenOptions, 'family'>,
): Promise<Contents> {
  const options = { ...tinyDefaults(given.family), ...given };
  const { tokenizer, config: tokenizerConfig, tokens, ...ids } = tinyTokenizer(options.family);
  const { vocabSize = Math.ceil(tokens / ROWS) * ROWS } = options;
  if (vocabSize < tokens) {
    throw new InputError(
      `A vocabulary of ${vocabSize} rows is too small: the tokenizer of ${options.family} has ${tokens} tokens.`,
      { hint: `Ask for ${tokens} rows or more, or leave the number out.` },
    );
  }
  const config = tinyConfig(options, vocabSize, ids);
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  return {
    'config.json': json(config),
    'generation_config.json': json(tinyGenerationConfig(ids)),
    'tokenizer.json': json(tokenizer),
    'tokenizer_config.json': json(tokenizerConfig),
    ...(await weightFiles(tensorsOf(options.family, config, options.seed, options.dtype), options.shards)),
  };
}
