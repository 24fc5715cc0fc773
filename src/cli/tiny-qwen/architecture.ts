/** What a small Qwen2.5 or Qwen3 is made of, and the config.json that says so, in the form of the published ones. */
import type { Json } from '../../decoder/fields.ts';
import type { FloatDtype } from '../../io/tensors/dtype.ts';

export type TinyFamily = 'qwen2.5' | 'qwen3';

export interface TinyQwenOptions {
  readonly family: TinyFamily;
  readonly seed: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Rows of the embedding; absent for as many as the tokenizer has tokens, rounded up to a multiple of 32. */
  readonly vocabSize?: number;
  /** Whether the output head is the embedding. */
  readonly tied: boolean;
  readonly ropeTheta: number;
  /** `rope_scaling` of config.json, word for word. */
  readonly ropeScaling: Json | null;
  readonly maxPositions: number;
  readonly dtype: FloatDtype;
  /** Weight files; more than one come with an index. */
  readonly shards: number;
}

/** In what the families differ. */
const FAMILIES = {
  'qwen2.5': {
    name: 'Qwen2',
    modelType: 'qwen2',
    headDim: 16,
    /** Qwen2's config says how wide a head is only where that does not follow from the rest. */
    alwaysSaysHeadDim: false,
    slides: true,
    fields: {},
  },
  qwen3: {
    name: 'Qwen3',
    modelType: 'qwen3',
    /** Heads wider than the hidden size divided by their number are Qwen3's way. */
    headDim: 32,
    alwaysSaysHeadDim: true,
    slides: false,
    fields: { attention_bias: false },
  },
} as const;

/** What the engine calls the family. */
export const engineName = (family: TinyFamily): 'Qwen2' | 'Qwen3' => FAMILIES[family].name;

/** The options that are not given, by family. */
export function tinyDefaults(family: TinyFamily): TinyQwenOptions {
  return {
    ...{ family, seed: 1, layers: 2, hiddenSize: 64, intermediateSize: 128, heads: 4, kvHeads: 2 },
    headDim: FAMILIES[family].headDim,
    ...{ tied: true, ropeTheta: 1e6, ropeScaling: null, maxPositions: 2048, dtype: 'BF16', shards: 1 },
  };
}

const TORCH_DTYPES = { BF16: 'bfloat16', F16: 'float16', F32: 'float32' } as const;

/** Ids that config.json and generation_config.json name. */
export interface NamedIds {
  readonly padId: number;
  readonly endId: number;
}

/** config.json of the family; `vocabSize`: rows of the embedding. */
export function tinyConfig(options: TinyQwenOptions, vocabSize: number, { padId, endId }: NamedIds): Json {
  const { family, hiddenSize, heads, headDim, layers } = options;
  const { name, modelType, alwaysSaysHeadDim, slides, fields } = FAMILIES[family];
  const saysHeadDim = alwaysSaysHeadDim || headDim * heads !== hiddenSize;
  return {
    architectures: [`${name}ForCausalLM`],
    ...fields,
    attention_dropout: 0,
    bos_token_id: padId,
    eos_token_id: endId,
    ...(saysHeadDim ? { head_dim: headDim } : {}),
    hidden_act: 'silu',
    hidden_size: hiddenSize,
    initializer_range: 0.02,
    intermediate_size: options.intermediateSize,
    max_position_embeddings: options.maxPositions,
    max_window_layers: layers,
    model_type: modelType,
    num_attention_heads: heads,
    num_hidden_layers: layers,
    num_key_value_heads: options.kvHeads,
    rms_norm_eps: 1e-6,
    rope_scaling: options.ropeScaling,
    rope_theta: options.ropeTheta,
    sliding_window: slides ? options.maxPositions : null,
    tie_word_embeddings: options.tied,
    torch_dtype: TORCH_DTYPES[options.dtype],
    use_cache: true,
    use_sliding_window: false,
    vocab_size: vocabSize,
  };
}

export const tinyGenerationConfig = ({ padId, endId }: NamedIds): Json => ({
  bos_token_id: padId,
  do_sample: true,
  eos_token_id: [endId, padId],
  pad_token_id: padId,
  temperature: 0.7,
  top_k: 20,
  top_p: 0.8,
});
