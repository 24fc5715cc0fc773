/** BERT (Devlin et al. 2018, arXiv 1810.04805): a post-norm encoder; the gate reads its row of the first token. */

import { Fields, headDim, type Json, publishedHeads } from '../../decoder/fields.ts';
import type { PackedRows } from '../../decoder/rows.ts';
import type { Weights } from '../../decoder/weights.ts';
import type { Gpu, Tape, Tensor } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { add, gelu } from '../../ops/elementwise.ts';
import { gatherRows } from '../../ops/tokens/gather-rows.ts';
import {
  applyNorm,
  countLayers,
  freeSegments,
  type Linear,
  type Norm,
  type Observe,
  openLinear,
  openNorm,
  type PostNormBlock,
  postNormBlock,
  type Segments,
  type TensorShapes,
  uploadRows,
} from '../shared/encoder-layer.ts';

/** How the names of its tensors begin in a file that holds everything. */
export const BERT_PREFIX = 'model.bert_model.';

export interface BertConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabSize: number;
  /** Longest text in tokens, [CLS] and [SEP] included. */
  readonly maxPositions: number;
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
}

export interface Bert {
  readonly config: BertConfig;
  /** [vocabulary, hidden] */
  readonly words: Tensor;
  /** [positions, hidden] */
  readonly positions: Tensor;
  /** [types, hidden]; every token is of type 0 */
  readonly types: Tensor;
  readonly norm: Norm;
  readonly layers: readonly PostNormBlock[];
}

/** Names a BERT tensor may have in a file of its own, with the norms' older names gamma and beta. */
export function bertAliases(name: string): readonly string[] {
  if (!name.startsWith(BERT_PREFIX)) return [];
  const rest = name.slice(BERT_PREFIX.length);
  const older = rest
    .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
    .replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
  const names = [`bert.${rest}`, rest];
  return older === rest ? names : [...names, `bert.${older}`, older];
}

/** Reads a BERT config.json; what it leaves out is that of bert-base-uncased. Throws an InputError naming the field. */
export function parseBertConfig(json: Json, label = 'config.json'): BertConfig {
  const fields = new Fields(json, label);
  fields.choice('hidden_act', ['gelu'], 'gelu');
  fields.choice('position_embedding_type', ['absolute'], 'absolute');
  return {
    hiddenSize: fields.count('hidden_size', 768),
    intermediateSize: fields.count('intermediate_size', 3072),
    layers: fields.layers('num_hidden_layers', 12),
    heads: fields.count('num_attention_heads', 12),
    vocabSize: fields.count('vocab_size', 30522),
    maxPositions: fields.count('max_position_embeddings', 512),
    typeVocabSize: fields.count('type_vocab_size', 2),
    layerNormEps: fields.positive('layer_norm_eps', 1e-12),
  };
}

/** The config of a BERT that lies in the main file without one; heads are 64 wide as published. */
export function inferBertConfig(shapes: TensorShapes): BertConfig {
  const [vocabSize, hiddenSize] = shapes.shapeOf(
    `${BERT_PREFIX}embeddings.word_embeddings.weight`,
  ) as number[];
  return parseBertConfig({
    hidden_size: hiddenSize,
    intermediate_size: shapes.shapeOf(`${BERT_PREFIX}encoder.layer.0.intermediate.dense.weight`)[0],
    num_hidden_layers: countLayers(shapes, (i) => `${BERT_PREFIX}encoder.layer.${i}.output.dense.weight`),
    num_attention_heads: publishedHeads('BERT', 'bert', hiddenSize!),
    vocab_size: vocabSize,
    max_position_embeddings: shapes.shapeOf(`${BERT_PREFIX}embeddings.position_embeddings.weight`)[0],
    type_vocab_size: shapes.shapeOf(`${BERT_PREFIX}embeddings.token_type_embeddings.weight`)[0],
  });
}

function openLayer(open: Weights, config: BertConfig, index: number): PostNormBlock {
  const { hiddenSize: d, intermediateSize: inner, heads } = config;
  const name = `${BERT_PREFIX}encoder.layer.${index}`;
  const projection = (part: string): Linear => openLinear(open, `${name}.attention.${part}`, [d, d]);
  return {
    attention: {
      heads,
      headDim: headDim('BERT', d, heads),
      query: projection('self.query'),
      key: projection('self.key'),
      value: projection('self.value'),
      out: projection('output.dense'),
    },
    attentionNorm: openNorm(open, `${name}.attention.output.LayerNorm`, d),
    intermediate: openLinear(open, `${name}.intermediate.dense`, [inner, d]),
    output: openLinear(open, `${name}.output.dense`, [d, inner]),
    outputNorm: openNorm(open, `${name}.output.LayerNorm`, d),
  };
}

/** Opens every tensor but the pooler's, which the gate does not use. */
export function openBert(open: Weights, config: BertConfig): Bert {
  const { hiddenSize: d, vocabSize, maxPositions, typeVocabSize } = config;
  const embeddings = `${BERT_PREFIX}embeddings`;
  return {
    config,
    words: open(`${embeddings}.word_embeddings.weight`, [vocabSize, d]),
    positions: open(`${embeddings}.position_embeddings.weight`, [maxPositions, d]),
    types: open(`${embeddings}.token_type_embeddings.weight`, [typeVocabSize, d]),
    norm: openNorm(open, `${embeddings}.LayerNorm`, d),
    layers: Array.from({ length: config.layers }, (_, index) => openLayer(open, config, index)),
  };
}

/** Texts packed one after another, as tensors. */
export interface BertTokens extends Segments {
  /** u32 [n] */
  readonly ids: Tensor;
  /** u32 [n], all 0 */
  readonly types: Tensor;
  /** u32 [texts], row of each text's [CLS] */
  readonly first: Tensor;
}

/**
 * Packs texts of token ids, each seeing itself alone; tokens beyond them, up to the capacity, see themselves. Throws an
 * InputError for an empty text.
 */
export function packTexts(
  texts: readonly (readonly number[])[],
  capacity = texts.reduce((sum, text) => sum + text.length, 0),
): PackedRows & { ids: Uint32Array; first: Uint32Array } {
  const rows = {
    capacity,
    length: capacity,
    positions: new Uint32Array(capacity),
    axes: 1,
    spans: new Uint32Array(4 * capacity),
    keySpans: new Uint32Array(2 * capacity),
    ids: new Uint32Array(capacity),
    first: new Uint32Array(texts.length),
  };
  let start = 0;
  texts.forEach((text, index) => {
    if (text.length === 0)
      throw new InputError('BERT: a text without tokens; expected at least [CLS] and [SEP].');
    const end = start + text.length;
    rows.first[index] = start;
    text.forEach((id, position) => {
      const token = start + position;
      rows.ids[token] = id;
      rows.positions[token] = position;
      rows.spans.set([start, end, 0, 0], 4 * token);
      rows.keySpans.set([start, end], 2 * token);
    });
    start = end;
  });
  if (start > capacity) throw new Error(`packTexts: ${start} tokens, but room for ${capacity}.`);
  for (let token = start; token < capacity; token++) {
    rows.spans.set([token, token + 1, 0, 0], 4 * token);
    rows.keySpans.set([token, token + 1], 2 * token);
  }
  return rows;
}

/** Uploads texts of token ids, with room for `capacity` tokens. The caller frees them with `freeBertTokens`. */
export function uploadBertTokens(
  gpu: Gpu,
  texts: readonly (readonly number[])[],
  capacity?: number,
): BertTokens {
  const rows = packTexts(texts, capacity);
  return {
    ...uploadRows(gpu, 'BERT', rows),
    ids: gpu.upload('inputs', 'BERT ids', [rows.capacity], rows.ids, 'u32'),
    types: gpu.tensor('inputs', 'BERT token types', [rows.capacity], 'u32'),
    first: gpu.upload('inputs', 'BERT first rows', [texts.length], rows.first, 'u32'),
  };
}

/** Puts as many other texts in the place of those that were uploaded. */
export function writeBertTokens(gpu: Gpu, tokens: BertTokens, texts: readonly (readonly number[])[]): void {
  const rows = packTexts(texts, tokens.ids.shape[0]);
  for (const part of ['ids', 'positions', 'spans', 'keySpans', 'first'] as const) {
    gpu.write(tokens[part], rows[part]);
  }
}

export function freeBertTokens(gpu: Gpu, tokens: BertTokens): void {
  freeSegments(gpu, tokens);
  gpu.free(tokens.ids, tokens.types, tokens.first);
}

/** Last hidden state of each text's first token: [texts, hidden]. No dropout. */
export function bertFirstRows(tape: Tape, model: Bert, tokens: BertTokens, observe?: Observe): Tensor {
  const { layerNormEps: eps } = model.config;
  const words = gatherRows(tape, model.words, tokens.ids);
  const typed = add(tape, words, gatherRows(tape, model.types, tokens.types));
  const placed = add(tape, typed, gatherRows(tape, model.positions, tokens.positions));
  let x = applyNorm(tape, placed, model.norm, eps);
  const activate = (tape: Tape, inner: Tensor): Tensor => gelu(tape, inner, 'erf');
  for (const layer of model.layers) x = postNormBlock(tape, x, layer, tokens, { eps, activate });
  const rows = gatherRows(tape, x, tokens.first);
  observe?.('bert_cls', rows);
  return rows;
}
