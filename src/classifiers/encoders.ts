/**
 * Classifiers on a post-norm encoder: BERT (arXiv 1810.04805), RoBERTa (arXiv 1907.11692) and DistilBERT (arXiv 1910.01108). The head
 * reads the row of the first token.
 */
import { Fields, headDim, type Json } from '../decoder/fields.ts';
import type { WeightLoader } from '../decoder/weights.ts';
import {
  applyLinear,
  applyNorm,
  type Linear,
  openLinear,
  openNorm,
  type PostNormBlock,
  postNormBlock,
} from '../families/shared/encoder-layer.ts';
import type { Tape, Tensor } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { add, gelu, relu, silu, tanh } from '../ops/elementwise.ts';
import { gatherRows } from '../ops/tokens/gather-rows.ts';
import type { Body, TextTensors } from './body.ts';
import { type ClassifierType, refuseFields } from './files.ts';

type Activate = (tape: Tape, x: Tensor) => Tensor;
export type EncoderType = Extract<ClassifierType, 'bert' | 'roberta' | 'distilbert'>;

const erf: Activate = (tape, x) => gelu(tape, x, 'erf');
const byTanh: Activate = (tape, x) => gelu(tape, x, 'tanh');
/** Names of transformers (`hidden_act`, `activation`) for what is built here. */
const ACTIVATIONS: Readonly<Record<string, Activate>> = {
  gelu: erf,
  gelu_python: erf,
  gelu_new: byTanh,
  gelu_fast: byTanh,
  gelu_pytorch_tanh: byTanh,
  gelu_accurate: byTanh,
  quick_gelu: (tape, x) => gelu(tape, x, 'quick'),
  relu,
  silu,
  swish: silu,
  tanh,
};

/** Columns of a head that the kernels of attention have room for. */
const MOST_COLUMNS = 128;

const NOT_BUILT = {
  is_decoder: 'a causal encoder',
  add_cross_attention: 'attention to another encoder',
  quantization_config: 'weights that are quantised in the files',
  compression_config: 'weights that are compressed in the files',
};

interface EncoderConfig {
  readonly type: EncoderType;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabSize: number;
  /** Rows of the table of positions. */
  readonly positions: number;
  /** Rows of the table of token types; 0 where there is none. */
  readonly types: number;
  readonly eps: number;
  readonly activate: Activate;
  /** Of RoBERTa: what stands for no token; positions are counted from the one after it, over what is not it. */
  readonly padId?: number;
}

/** Reads config.json; what it leaves out is what transformers takes for the type. @throws InputError naming the field */
export function parseEncoderConfig(type: EncoderType, json: Json, label = 'config.json'): EncoderConfig {
  refuseFields(json, label, NOT_BUILT);
  const fields = new Fields(json, label);
  const isDistil = type === 'distilbert';
  const name = (usual: string, distil: string): string => (isDistil ? distil : usual);
  fields.choice('position_embedding_type', ['absolute'], 'absolute');
  const activation = fields.choice(name('hidden_act', 'activation'), Object.keys(ACTIVATIONS), 'gelu');
  const config: EncoderConfig = {
    type,
    hiddenSize: fields.count(name('hidden_size', 'dim'), 768),
    intermediateSize: fields.count(name('intermediate_size', 'hidden_dim'), 3072),
    layers: fields.layers(name('num_hidden_layers', 'n_layers'), isDistil ? 6 : 12),
    heads: fields.count(name('num_attention_heads', 'n_heads'), 12),
    vocabSize: fields.count('vocab_size', type === 'roberta' ? 50_265 : 30_522),
    positions: fields.count('max_position_embeddings', 512),
    types: isDistil ? 0 : fields.count('type_vocab_size', 2),
    eps: isDistil ? 1e-12 : fields.positive('layer_norm_eps', 1e-12),
    activate: ACTIVATIONS[activation]!,
    ...(type === 'roberta' ? { padId: fields.tokenId('pad_token_id') ?? 1 } : {}),
  };
  const columns = headDim(label, config.hiddenSize, config.heads);
  if (columns <= MOST_COLUMNS) return config;
  throw new InputError(`${label}: a head has ${columns} columns, expected at most ${MOST_COLUMNS}.`);
}

/** Where the parts of a layer lie, and the beginning of their names. */
const NAMES = {
  usual: {
    layer: 'encoder.layer',
    attention: [
      'attention.self.query',
      'attention.self.key',
      'attention.self.value',
      'attention.output.dense',
    ],
    attentionNorm: 'attention.output.LayerNorm',
    intermediate: 'intermediate.dense',
    output: 'output.dense',
    outputNorm: 'output.LayerNorm',
  },
  distil: {
    layer: 'transformer.layer',
    attention: ['attention.q_lin', 'attention.k_lin', 'attention.v_lin', 'attention.out_lin'],
    attentionNorm: 'sa_layer_norm',
    intermediate: 'ffn.lin1',
    output: 'ffn.lin2',
    outputNorm: 'output_layer_norm',
  },
} as const;

/** Names that a tensor may have in a file: the norms of early checkpoints are called gamma and beta. */
export function encoderAliases(name: string): readonly string[] {
  const older = name
    .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
    .replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
  return older === name ? [name] : [name, older];
}

function openBlock({ open }: WeightLoader, config: EncoderConfig, index: number): PostNormBlock {
  const { type, hiddenSize: d, intermediateSize: inner, heads } = config;
  const names = type === 'distilbert' ? NAMES.distil : NAMES.usual;
  const at = (part: string): string => `${type}.${names.layer}.${index}.${part}`;
  const [query, key, value, out] = names.attention.map((part) => openLinear(open, at(part), [d, d])) as [
    Linear,
    Linear,
    Linear,
    Linear,
  ];
  return {
    attention: { heads, headDim: d / heads, query, key, value, out },
    attentionNorm: openNorm(open, at(names.attentionNorm), d),
    intermediate: openLinear(open, at(names.intermediate), [inner, d]),
    output: openLinear(open, at(names.output), [d, inner]),
    outputNorm: openNorm(open, at(names.outputNorm), d),
  };
}

/** What each type does with the first row before its last linear layer: names, and the function between the two layers. */
const HEADS: Readonly<Record<EncoderType, { dense: string; out: string; between: Activate }>> = {
  bert: { dense: 'bert.pooler.dense', out: 'classifier', between: tanh },
  roberta: { dense: 'classifier.dense', out: 'classifier.out_proj', between: tanh },
  distilbert: { dense: 'pre_classifier', out: 'classifier', between: relu },
};

interface Encoder {
  readonly words: readonly Tensor[];
  readonly positions: Tensor;
  readonly types?: Tensor;
  readonly norm: ReturnType<typeof openNorm>;
  readonly blocks: readonly PostNormBlock[];
  readonly dense: Linear;
  readonly out: Linear;
}

function openEncoder(loader: WeightLoader, config: EncoderConfig, outputs: number): Encoder {
  const { open, openRows } = loader;
  const { type, hiddenSize: d } = config;
  const { dense, out } = HEADS[type];
  const at = (part: string): string => `${type}.embeddings.${part}`;
  return {
    words: openRows(at('word_embeddings.weight'), [config.vocabSize, d]),
    positions: open(at('position_embeddings.weight'), [config.positions, d]),
    ...(config.types > 0 ? { types: open(at('token_type_embeddings.weight'), [config.types, d]) } : {}),
    norm: openNorm(open, at('LayerNorm'), d),
    blocks: Array.from({ length: config.layers }, (_, index) => openBlock(loader, config, index)),
    dense: openLinear(open, dense, [d, d]),
    out: openLinear(open, out, [outputs, d]),
  };
}

/** Opens every tensor of a classifier. @throws InputError naming the tensor that is missing or of another shape */
export function openEncoderBody(loader: WeightLoader, config: EncoderConfig): Body {
  const { type, padId } = config;
  const { out } = HEADS[type];
  const outputs = loader.shapeOf(`${out}.weight`)[0]!;
  const encoder = openEncoder(loader, config, outputs);
  return {
    outputs,
    vocabSize: config.vocabSize,
    mostTokens: config.positions - (padId === undefined ? 0 : padId + 1),
    isCausal: false,
    positions: (ids) => (padId === undefined ? ids.map((_, at) => at) : countedPositions(ids, padId)),
    readAt: () => 0,
    logits: (tape, texts) => encode(tape, encoder, config, texts),
  };
}

/** RoBERTa's: padding stands at its own id, and the rest is counted from the one after. */
function countedPositions(ids: readonly number[], padId: number): number[] {
  let last = padId;
  return ids.map((id) => (id === padId ? padId : ++last));
}

function encode(tape: Tape, encoder: Encoder, config: EncoderConfig, texts: TextTensors): Tensor {
  const { eps, activate, type } = config;
  const words = gatherRows(tape, encoder.words, texts.ids);
  const placed = add(tape, words, gatherRows(tape, encoder.positions, texts.positions));
  const typed = encoder.types ? add(tape, placed, gatherRows(tape, encoder.types, texts.types)) : placed;
  let x = applyNorm(tape, typed, encoder.norm, eps);
  for (const block of encoder.blocks) x = postNormBlock(tape, x, block, texts, { eps, activate });
  const first = gatherRows(tape, x, texts.rows);
  const pooled = HEADS[type].between(tape, applyLinear(tape, first, encoder.dense));
  return applyLinear(tape, pooled, encoder.out);
}
