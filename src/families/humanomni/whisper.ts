/** Whisper's audio encoder (Radford et al. 2022, arXiv 2212.04356): two convolutions, then pre-norm blocks. */

import { Fields, headDim, type Json, publishedHeads } from '../../decoder/fields.ts';
import type { Weights } from '../../decoder/weights.ts';
import { expectShape, reshape, type Tape, type Tensor } from '../../gpu/index.ts';
import { add, gelu } from '../../ops/elementwise.ts';
import { unfold } from '../../ops/vision/unfold.ts';
import {
  applyLinear,
  applyNorm,
  countLayers,
  type EncoderBlock,
  encoderBlock,
  type Linear,
  type Norm,
  type Observe,
  openLinear,
  openNorm,
  type Segments,
  type TensorShapes,
} from '../shared/encoder-layer.ts';

/** How the names of its tensors begin in a file that holds everything. */
export const WHISPER_PREFIX = 'model.audio_tower.audio_tower.encoder.';
/** PyTorch's default, which Whisper never overrides. */
const LAYER_NORM_EPS = 1e-5;

export interface WhisperConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Rows of the log-mel. */
  readonly melBins: number;
  /** Positions of the encoder; the log-mel has twice as many columns. */
  readonly positions: number;
}

export interface Whisper {
  readonly config: WhisperConfig;
  readonly conv1: Linear;
  readonly conv2: Linear;
  /** [positions, hidden] */
  readonly positions: Tensor;
  readonly blocks: readonly EncoderBlock[];
  readonly norm: Norm;
}

/** Names an audio tensor may have in a file of its own: of the classifier or the whole model, or of the encoder alone. */
export function whisperAliases(name: string): readonly string[] {
  if (!name.startsWith(WHISPER_PREFIX)) return [];
  const rest = name.slice(WHISPER_PREFIX.length);
  return [`model.encoder.${rest}`, `encoder.${rest}`];
}

/** Reads a Whisper config.json. Throws an InputError naming the field that is off. */
export function parseWhisperConfig(json: Json, label = 'config.json'): WhisperConfig {
  const fields = new Fields(json, label);
  fields.choice('activation_function', ['gelu'], 'gelu');
  return {
    hiddenSize: fields.count('d_model'),
    intermediateSize: fields.count('encoder_ffn_dim'),
    layers: fields.layers('encoder_layers'),
    heads: fields.count('encoder_attention_heads'),
    melBins: fields.count('num_mel_bins', 80),
    positions: fields.count('max_source_positions', 1500),
  };
}

/** The config of a tower that lies in the main file without one; heads are 64 wide in every published size. */
export function inferWhisperConfig(shapes: TensorShapes): WhisperConfig {
  const [hiddenSize, melBins] = shapes.shapeOf(`${WHISPER_PREFIX}conv1.weight`) as number[];
  return parseWhisperConfig({
    d_model: hiddenSize,
    encoder_ffn_dim: shapes.shapeOf(`${WHISPER_PREFIX}layers.0.fc1.weight`)[0],
    encoder_layers: countLayers(shapes, (i) => `${WHISPER_PREFIX}layers.${i}.fc1.weight`),
    encoder_attention_heads: publishedHeads('audio tower', 'audio', hiddenSize!),
    num_mel_bins: melBins,
    max_source_positions: shapes.shapeOf(`${WHISPER_PREFIX}embed_positions.weight`)[0],
  });
}

function openConvolution(open: Weights, name: string, outputs: number, inputs: number): Linear {
  const kernel = open(`${name}.weight`, [outputs, inputs, 3]);
  return { weight: reshape(kernel, [outputs, inputs * 3]), bias: open(`${name}.bias`, [outputs]) };
}

function openBlock(open: Weights, config: WhisperConfig, layer: number): EncoderBlock {
  const { hiddenSize: d, intermediateSize: inner, heads } = config;
  const name = `${WHISPER_PREFIX}layers.${layer}`;
  const projection = (part: string, bias = true): Linear =>
    openLinear(open, `${name}.self_attn.${part}`, [d, d], bias);
  return {
    attentionNorm: openNorm(open, `${name}.self_attn_layer_norm`, d),
    attention: {
      heads,
      headDim: headDim('Whisper', d, heads),
      query: projection('q_proj'),
      key: projection('k_proj', false),
      value: projection('v_proj'),
      out: projection('out_proj'),
    },
    mlpNorm: openNorm(open, `${name}.final_layer_norm`, d),
    fc1: openLinear(open, `${name}.fc1`, [inner, d]),
    fc2: openLinear(open, `${name}.fc2`, [d, inner]),
  };
}

/** Opens every tensor of the encoder. */
export function openWhisper(open: Weights, config: WhisperConfig): Whisper {
  const { hiddenSize: d, melBins, positions, layers } = config;
  return {
    config,
    conv1: openConvolution(open, `${WHISPER_PREFIX}conv1`, d, melBins),
    conv2: openConvolution(open, `${WHISPER_PREFIX}conv2`, d, d),
    positions: open(`${WHISPER_PREFIX}embed_positions.weight`, [positions, d], { as: 'f32' }),
    blocks: Array.from({ length: layers }, (_, layer) => openBlock(open, config, layer)),
    norm: openNorm(open, `${WHISPER_PREFIX}layer_norm`, d),
  };
}

/** Kernel 3, padding 1, over the last axis but channels. */
function convolve(
  tape: Tape,
  x: Tensor,
  weights: Linear,
  length: number,
  stride: number,
  layout: 'channels-first' | 'channels-last',
): Tensor {
  const windows = unfold(tape, x, {
    kernel: [1, 1, 3],
    stride: [1, 1, stride],
    padding: [0, 0, 1],
    output: [1, 1, length],
    layout,
  });
  return gelu(tape, applyLinear(tape, windows, weights), 'erf');
}

/**
 * Last hidden states after the final norm: log-mel f32 [mel bins, 2·positions] → [positions, hidden].
 * `segments`: one segment of `positions` tokens.
 */
export function whisperFeatures(
  tape: Tape,
  model: Whisper,
  mel: Tensor,
  segments: Segments,
  observe?: Observe,
): Tensor {
  const { melBins, positions, hiddenSize } = model.config;
  const columns = 2 * positions;
  expectShape('whisperFeatures mel', mel, [melBins, columns]);
  const first = convolve(
    tape,
    reshape(mel, [1, melBins, 1, columns]),
    model.conv1,
    columns,
    1,
    'channels-first',
  );
  const map = reshape(first, [1, 1, columns, hiddenSize]);
  const second = convolve(tape, map, model.conv2, positions, 2, 'channels-last');
  let x = add(tape, second, model.positions);
  for (const block of model.blocks) {
    x = encoderBlock(tape, x, block, segments, { gelu: 'erf', eps: LAYER_NORM_EPS });
  }
  const hidden = applyNorm(tape, x, model.norm, LAYER_NORM_EPS);
  observe?.('audio_hidden', hidden);
  return hidden;
}
