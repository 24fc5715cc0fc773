import type { Gpu, Tape, Tensor } from '../gpu/index.ts';
import { type LoraLinear, linearPath } from '../io/formats/peft.ts';
import { InputError } from '../math/errors.ts';
import { attention } from '../ops/attention/attention.ts';
import { type RopeTable, rope, ropeTable, sectionedRopeTable } from '../ops/attention/rope.ts';
import type { HeadNorms } from '../ops/decode/decode-head-norm.ts';
import { type Fused, linear, loraLinear } from '../ops/matmul/linear.ts';
import { headNorm, rmsNorm } from '../ops/norm/rms-norm.ts';
import { Fields, type Json } from './fields.ts';
import type { Adapter } from './lora.ts';
import { parseRopeConfig, type RopeConfig } from './rope-config.ts';
import { refuseUnsupported } from './unsupported.ts';
import type { Weights } from './weights.ts';

/** In what the kinds of decoder differ that are built here. */
export interface DecoderKind {
  /** Whether queries, keys and values have biases. */
  readonly qkvBias: boolean;
  /** Whether queries and keys are normed, each head by itself, before their positions turn them. */
  readonly qkNorm: boolean;
}

/** Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115), alone and in the models built on them. */
export const QWEN2: DecoderKind = { qkvBias: true, qkNorm: false };
/** Qwen3 (arXiv 2505.09388). */
export const QWEN3: DecoderKind = { qkvBias: false, qkNorm: true };

export interface Qwen2Config extends DecoderKind, RopeConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly rmsNormEps: number;
  readonly tieWordEmbeddings: boolean;
}

/** Columns of a head that the kernels of attention have room for. */
const MOST_COLUMNS = 128;

/** Axes on which a token has a position. */
export const positionAxes = ({ mropeSections }: Qwen2Config): number => mropeSections?.length ?? 1;

/**
 * Reads the decoder's part of a Hugging Face config.json. Throws an InputError naming the field that is off, or that asks for
 * what is not built here.
 */
export function parseQwen2Config(json: Json, label = 'config.json', kind = QWEN2): Qwen2Config {
  refuseUnsupported(json, label, kind.qkvBias);
  const fields = new Fields(json, label);
  const hiddenSize = fields.count('hidden_size');
  const heads = fields.count('num_attention_heads');
  const kvHeads = fields.count('num_key_value_heads', heads);
  const divides = hiddenSize % heads === 0 || (json.head_dim ?? undefined) !== undefined;
  if (heads % kvHeads !== 0 || !divides) {
    throw new InputError(
      `${label}: ${heads} heads with ${kvHeads} key-value heads over ${hiddenSize} features do not divide evenly.`,
    );
  }
  const headDim = fields.count('head_dim', hiddenSize / heads);
  if (headDim % 2 !== 0 || headDim > MOST_COLUMNS) {
    throw new InputError(
      `${label}: a head has ${headDim} columns, expected an even number, for they turn in pairs, of at most ${MOST_COLUMNS}.`,
    );
  }
  const maxPositions = fields.count('max_position_embeddings', 32768);
  return {
    ...kind,
    hiddenSize,
    intermediateSize: fields.count('intermediate_size'),
    layers: fields.layers('num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    vocabSize: fields.count('vocab_size'),
    maxPositions,
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    ...parseRopeConfig(json, { headDim, maxPositions }, label),
    tieWordEmbeddings: fields.flag('tie_word_embeddings') === true,
  };
}

interface LinearWeights {
  readonly weight: Tensor;
  readonly bias?: Tensor;
  readonly adapter?: Adapter;
}

interface DecoderLayer {
  readonly inputNorm: Tensor;
  readonly postNorm: Tensor;
  /** Of queries and keys, [headDim] each; absent where they are not normed. */
  readonly headNorms?: HeadNorms;
  readonly linears: Readonly<Record<LoraLinear, LinearWeights>>;
}

export interface Qwen2 {
  readonly config: Qwen2Config;
  /** Consecutive vocabulary ranges of the embedding, [rows, hidden] each. */
  readonly embedTokens: readonly Tensor[];
  /** Vocabulary ranges of the output head; the embedding itself where tied. */
  readonly head: readonly Tensor[];
  readonly layers: readonly DecoderLayer[];
  readonly norm: Tensor;
  readonly rope: RopeTable;
}

/** What a decoder's weights are opened with. */
export interface DecoderSources {
  readonly open: Weights;
  /** Opens a [rows, cols] matrix as consecutive row ranges that each fit one binding. */
  readonly openRows: (name: string, shape: readonly [number, number]) => readonly Tensor[];
  /** The adapter of a linear layer by checkpoint name, if it has one. */
  readonly adapter?: (name: string) => Adapter | undefined;
  /** Longest sequence that will be asked for; sizes the table of rotary angles. */
  readonly maxPositions?: number;
}

/** Shapes [out, in] of the seven linear layers. */
export function linearShapes(config: Qwen2Config): Record<LoraLinear, readonly [number, number]> {
  const { hiddenSize: d, intermediateSize: inner, heads, kvHeads, headDim } = config;
  return {
    q_proj: [heads * headDim, d],
    k_proj: [kvHeads * headDim, d],
    v_proj: [kvHeads * headDim, d],
    o_proj: [d, heads * headDim],
    gate_proj: [inner, d],
    up_proj: [inner, d],
    down_proj: [d, inner],
  };
}

const hasBias = ({ qkvBias }: DecoderKind, target: LoraLinear): boolean =>
  qkvBias && ['q_proj', 'k_proj', 'v_proj'].includes(target);

/** The norms of queries and keys, where the kind of decoder has them. */
function openHeadNorms(
  open: Weights,
  { qkNorm, headDim }: Qwen2Config,
  layer: number,
): Pick<DecoderLayer, 'headNorms'> {
  if (!qkNorm) return {};
  const norm = (which: string): Tensor =>
    open(`model.layers.${layer}.self_attn.${which}_norm.weight`, [headDim]);
  return { headNorms: { q: norm('q'), k: norm('k') } };
}

function openLayer(sources: DecoderSources, config: Qwen2Config, layer: number): DecoderLayer {
  const { open, adapter } = sources;
  const openLinear = ([target, shape]: [string, readonly [number, number]]): [string, LinearWeights] => {
    const name = linearPath(layer, target as LoraLinear);
    const found = adapter?.(name);
    const weights: LinearWeights = {
      weight: open(`${name}.weight`, shape),
      ...(hasBias(config, target as LoraLinear) ? { bias: open(`${name}.bias`, [shape[0]]) } : {}),
      ...(found ? { adapter: found } : {}),
    };
    return [target, weights];
  };
  return {
    inputNorm: open(`model.layers.${layer}.input_layernorm.weight`, [config.hiddenSize]),
    postNorm: open(`model.layers.${layer}.post_attention_layernorm.weight`, [config.hiddenSize]),
    ...openHeadNorms(open, config, layer),
    linears: Object.fromEntries(
      Object.entries(linearShapes(config)).map(openLinear),
    ) as DecoderLayer['linears'],
  };
}

/** Opens every tensor of the decoder by its published name. */
export function openQwen2(gpu: Gpu, config: Qwen2Config, sources: DecoderSources): Qwen2 {
  const table = [config.vocabSize, config.hiddenSize] as const;
  const embedTokens = sources.openRows('model.embed_tokens.weight', table);
  return {
    config,
    embedTokens,
    head: config.tieWordEmbeddings ? embedTokens : sources.openRows('lm_head.weight', table),
    layers: Array.from({ length: config.layers }, (_, layer) => openLayer(sources, config, layer)),
    norm: sources.open('model.norm.weight', [config.hiddenSize]),
    rope: rotaryTable(gpu, config, sources.maxPositions ?? config.maxPositions),
  };
}

function rotaryTable(gpu: Gpu, config: Qwen2Config, maxPositions: number): RopeTable {
  const { headDim, ropeTheta, ropeScaling, mropeSections } = config;
  if (!mropeSections) return ropeTable(gpu, headDim, ropeTheta, maxPositions, ropeScaling);
  return sectionedRopeTable(gpu, headDim, ropeTheta, maxPositions, mropeSections);
}

/** Where the tokens of a pass lie; tensors of src/decoder/rows.ts. */
export interface RowTensors {
  /** u32 [n] where the positions are the same on all axes, else [n, axes] */
  readonly positions: Tensor;
  /** u32 [n, 4] */
  readonly spans: Tensor;
  /** u32 [keys, 2] */
  readonly keySpans: Tensor;
}

/** Rows of a forward whose keys and values get no gradient may lack `keySpans`. */
export type ForwardRows = Omit<RowTensors, 'keySpans'> & Partial<RowTensors>;

/** Keys and values of one layer, [m, kvHeads · headDim] each. */
export interface KeyValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** Is given the keys and values of each layer; may return others, a KV cache, that the queries are to see in place of them. */
export type TakeKeyValues = (layer: number, own: KeyValues) => KeyValues | undefined;

export interface DecoderOptions {
  /** Whether adapters take part; without them the model is the reference. */
  readonly adapters: boolean;
  readonly takeKeyValues?: TakeKeyValues;
  /** Keep only each layer's input for the backward pass and compute the rest again. */
  readonly checkpoint?: boolean;
  readonly observe?: (name: string, tensor: Tensor) => void;
}

function apply(
  tape: Tape,
  x: Tensor,
  { weight, bias, adapter }: LinearWeights,
  adapters: boolean,
  fused?: Fused,
): Tensor {
  if (adapters && adapter) return loraLinear(tape, x, weight, bias, adapter, fused);
  return linear(tape, x, weight, bias, fused);
}

/** A layer's weights, what goes through it, and how. */
interface LayerPass {
  readonly config: Qwen2Config;
  readonly layer: DecoderLayer;
  readonly rows: ForwardRows;
  readonly table: RopeTable;
  readonly adapters: boolean;
}

function decoderLayer(
  tape: Tape,
  x: Tensor,
  { config, layer, rows, table, adapters }: LayerPass,
  takeKeyValues: (own: KeyValues) => KeyValues | undefined,
): Tensor {
  const { heads, kvHeads, headDim, rmsNormEps } = config;
  const { positions, spans, keySpans } = rows;
  const project = (input: Tensor, target: LoraLinear, fused?: Fused): Tensor =>
    apply(tape, input, layer.linears[target], adapters, fused);
  const h = rmsNorm(tape, x, layer.inputNorm, rmsNormEps);
  const normed = (x: Tensor, weight: Tensor | undefined): Tensor =>
    weight ? headNorm(tape, x, weight, rmsNormEps) : x;
  const { headNorms } = layer;
  const [q, k] = rope(
    tape,
    normed(project(h, 'q_proj'), headNorms?.q),
    normed(project(h, 'k_proj'), headNorms?.k),
    positions,
    table,
  );
  const own = { keys: k, values: project(h, 'v_proj') };
  const { keys, values } = takeKeyValues(own) ?? own;
  const mixed = attention(tape, q, keys, values, { heads, kvHeads, headDim, spans, keySpans });
  const attended = project(mixed, 'o_proj', { addend: x });
  const g = rmsNorm(tape, attended, layer.postNorm, rmsNormEps);
  const gate = project(g, 'gate_proj');
  const inner = project(g, 'up_proj', { gate });
  return project(inner, 'down_proj', { addend: attended });
}

/** Hidden states [n, hidden] after the final norm, from embeddings [n, hidden]. */
export function decode(
  tape: Tape,
  model: Qwen2,
  x: Tensor,
  rows: ForwardRows,
  options: DecoderOptions,
): Tensor {
  const { config, rope: table } = model;
  const { adapters, takeKeyValues } = options;
  const shared = { config, rows, table, adapters };
  let hidden = x;
  for (let index = 0; index < config.layers; index++) {
    const input = hidden;
    const pass = { ...shared, layer: model.layers[index]! };
    const layer = (): Tensor => decoderLayer(tape, input, pass, (own) => takeKeyValues?.(index, own));
    hidden = options.checkpoint ? tape.checkpoint([input], layer) : layer();
    if (index === 0) options.observe?.('decoder_hidden_layer1', hidden);
  }
  const last = rmsNorm(tape, hidden, model.norm, config.rmsNormEps);
  options.observe?.('decoder_hidden_last', last);
  return last;
}
