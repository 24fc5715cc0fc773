/** SigLIP's vision tower (Zhai et al. 2023, arXiv 2303.15343): a pre-norm ViT without class token. */

import { Fields, headDim, type Json, publishedHeads } from '../../decoder/fields.ts';
import type { Weights } from '../../decoder/weights.ts';
import { expectShape, reshape, type Tape, type Tensor } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { add } from '../../ops/elementwise.ts';
import { gatherRows } from '../../ops/tokens/gather-rows.ts';
import { unfold } from '../../ops/vision/unfold.ts';
import {
  applyLinear,
  countLayers,
  type EncoderBlock,
  encoderBlock,
  type Linear,
  type Observe,
  openLinear,
  openNorm,
  type Segments,
  type TensorShapes,
} from '../shared/encoder-layer.ts';

/** How the names of its tensors begin in a file that holds everything. */
export const SIGLIP_PREFIX = 'model.vision_tower.vision_tower.vision_model.';
/** Pixels along a picture's side that are believed. */
const MOST_SIDE = 8192;

export interface SiglipConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Side of the square picture and of a patch, in pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly layerNormEps: number;
}

export interface Siglip {
  readonly config: SiglipConfig;
  readonly patch: Linear;
  /** [patches, hidden] */
  readonly positions: Tensor;
  readonly blocks: readonly EncoderBlock[];
}

/** Names a vision tensor may have in a file of its own. */
export function siglipAliases(name: string): readonly string[] {
  return name.startsWith(SIGLIP_PREFIX) ? [`vision_model.${name.slice(SIGLIP_PREFIX.length)}`] : [];
}

/**
 * Reads a SigLIP config.json, of the vision tower or of the whole model; what it leaves out is that of
 * siglip-base-patch16-224, as in transformers. Throws an InputError naming the field that is off.
 */
export function parseSiglipConfig(json: Json, label = 'config.json'): SiglipConfig {
  const nested = json.vision_config;
  const fields = new Fields(typeof nested === 'object' && nested !== null ? (nested as Json) : json, label);
  fields.choice('hidden_act', ['gelu_pytorch_tanh'], 'gelu_pytorch_tanh');
  return {
    hiddenSize: fields.count('hidden_size', 768),
    intermediateSize: fields.count('intermediate_size', 3072),
    layers: fields.layers('num_hidden_layers', 12),
    heads: fields.count('num_attention_heads', 12),
    imageSize: fields.count('image_size', 224, MOST_SIDE),
    patchSize: fields.count('patch_size', 16, MOST_SIDE),
    layerNormEps: fields.positive('layer_norm_eps', 1e-6),
  };
}

/** The config of a tower that lies in the main file without one. Its heads are taken to be those of the published sizes. */
export function inferSiglipConfig(shapes: TensorShapes): SiglipConfig {
  const [hiddenSize, , patchSize] = shapes.shapeOf(
    `${SIGLIP_PREFIX}embeddings.patch_embedding.weight`,
  ) as number[];
  const [patches] = shapes.shapeOf(`${SIGLIP_PREFIX}embeddings.position_embedding.weight`);
  const [intermediateSize] = shapes.shapeOf(`${SIGLIP_PREFIX}encoder.layers.0.mlp.fc1.weight`);
  return parseSiglipConfig({
    hidden_size: hiddenSize,
    intermediate_size: intermediateSize,
    num_hidden_layers: countLayers(shapes, (i) => `${SIGLIP_PREFIX}encoder.layers.${i}.layer_norm1.weight`),
    num_attention_heads: hiddenSize === 1152 ? 16 : publishedHeads('vision tower', 'vision', hiddenSize!),
    image_size: Math.round(Math.sqrt(patches!)) * patchSize!,
    patch_size: patchSize,
  });
}

/** Patches along one side of the picture. */
export const patchGrid = ({ imageSize, patchSize }: SiglipConfig): number =>
  Math.floor(imageSize / patchSize);

/** How many blocks `hidden_states[selectLayer]` needs; the list starts with the embeddings. */
function neededLayers(layers: number, selectLayer: number): number {
  const index = selectLayer < 0 ? layers + 1 + selectLayer : selectLayer;
  if (Number.isInteger(index) && index >= 0 && index <= layers) return index;
  throw new InputError(
    `config.json: "mm_vision_select_layer" is ${selectLayer}, expected a whole number from ${-layers - 1} to ${layers}: the vision tower has ${layers} layers.`,
  );
}

function openBlock(open: Weights, config: SiglipConfig, layer: number): EncoderBlock {
  const { hiddenSize: d, intermediateSize: inner, heads } = config;
  const name = `${SIGLIP_PREFIX}encoder.layers.${layer}`;
  const projection = (part: string): Linear => openLinear(open, `${name}.self_attn.${part}`, [d, d]);
  return {
    attentionNorm: openNorm(open, `${name}.layer_norm1`, d),
    attention: {
      heads,
      headDim: headDim('SigLIP', d, heads),
      query: projection('q_proj'),
      key: projection('k_proj'),
      value: projection('v_proj'),
      out: projection('out_proj'),
    },
    mlpNorm: openNorm(open, `${name}.layer_norm2`, d),
    fc1: openLinear(open, `${name}.mlp.fc1`, [inner, d]),
    fc2: openLinear(open, `${name}.mlp.fc2`, [d, inner]),
  };
}

/** Opens the tensors that `hidden_states[selectLayer]` needs, and no others. */
export function openSiglip(open: Weights, config: SiglipConfig, selectLayer = -2): Siglip {
  const { hiddenSize: d, patchSize: p } = config;
  const embedding = `${SIGLIP_PREFIX}embeddings.patch_embedding`;
  const kernel = open(`${embedding}.weight`, [d, 3, p, p]);
  const needed = neededLayers(config.layers, selectLayer);
  return {
    config,
    patch: { weight: reshape(kernel, [d, 3 * p * p]), bias: open(`${embedding}.bias`, [d]) },
    positions: open(`${SIGLIP_PREFIX}embeddings.position_embedding.weight`, [patchGrid(config) ** 2, d]),
    blocks: Array.from({ length: needed }, (_, layer) => openBlock(open, config, layer)),
  };
}

/**
 * Hidden states of the selected layer: pixels f32 [T, 3, S, S] in [-1, 1] → [T·patches, hidden], rows ordered by frame,
 * then row, then column. `segments`: T segments of `patches` tokens.
 */
export function siglipFeatures(
  tape: Tape,
  model: Siglip,
  pixels: Tensor,
  segments: Segments,
  observe?: Observe,
): Tensor {
  const { config, patch, positions, blocks } = model;
  const { imageSize, patchSize: p, layerNormEps: eps } = config;
  expectShape('siglipFeatures pixels', pixels, [-1, 3, imageSize, imageSize]);
  const grid = patchGrid(config);
  const patches = unfold(tape, pixels, {
    kernel: [1, p, p],
    stride: [1, p, p],
    padding: [0, 0, 0],
    output: [pixels.shape[0]!, grid, grid],
    layout: 'channels-first',
  });
  let x = add(tape, applyLinear(tape, patches, patch), gatherRows(tape, positions, segments.positions));
  for (const block of blocks) x = encoderBlock(tape, x, block, segments, { gelu: 'tanh', eps });
  observe?.('vision_hidden', x);
  return x;
}
