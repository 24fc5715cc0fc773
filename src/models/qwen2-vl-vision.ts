/** Qwen2-VL's vision tower (Wang et al. 2024, arXiv 2409.12191): a pre-norm ViT with 2-D rotary positions, and the merger. */
import { expectShape, type Gpu, reshape, type Tape, type Tensor } from '../gpu/index.ts';
import { gelu } from '../ops/elementwise.ts';
import { gridRopeTable, type RopeTable } from '../ops/rope.ts';
import {
  applyLinear,
  applyNorm,
  type EncoderBlock,
  encoderBlock,
  type Linear,
  type Norm,
  openLinear,
  openNorm,
  type Segments,
  uploadRows,
} from './encoder.ts';
import { Fields, headDim, type Json } from './fields.ts';
import type { VisionGrid } from './mrope.ts';
import { packFullSegments } from './rows.ts';
import type { WeightParts, Weights } from './weights.ts';

const PREFIX = 'visual.';
const CHANNELS = 3;
const EPS = 1e-6;
const ROPE_THETA = 1e4;
/** Patches along the longer side of the largest picture: 12,845,056 pixels at an aspect ratio of 200. */
const MAX_SIDE = 3640;

export interface Qwen2VlVisionConfig {
  readonly depth: number;
  /** Width of the tower. */
  readonly width: number;
  readonly mlpWidth: number;
  readonly heads: number;
  /** Side of a patch in pixels, and its frames. */
  readonly patchSize: number;
  readonly temporalPatchSize: number;
  /** Patches along one side of a token. */
  readonly merge: number;
  /** Width of the decoder. */
  readonly outputWidth: number;
}

export interface Qwen2VlVision {
  readonly config: Qwen2VlVisionConfig;
  readonly patch: Linear;
  readonly blocks: readonly EncoderBlock[];
  readonly merger: { readonly norm: Norm; readonly fc1: Linear; readonly fc2: Linear };
  readonly rope: RopeTable;
}

/** Reads `vision_config`; what it leaves out is as in transformers. Throws an InputError naming the field that is off. */
export function parseQwen2VlVisionConfig(json: Json, outputWidth: number): Qwen2VlVisionConfig {
  const fields = new Fields({ in_channels: json.in_chans, ...json }, 'config.json vision_config');
  fields.choice('hidden_act', ['quick_gelu'], 'quick_gelu');
  fields.choice('in_channels', [CHANNELS], CHANNELS);
  fields.choice('hidden_size', [outputWidth], outputWidth);
  const width = fields.count('embed_dim', 1280);
  return {
    depth: fields.count('depth', 32),
    width,
    mlpWidth: width * fields.count('mlp_ratio', 4),
    heads: fields.count('num_heads', 16),
    patchSize: fields.count('patch_size', 14),
    temporalPatchSize: fields.count('temporal_patch_size', 2),
    merge: fields.count('spatial_merge_size', 2),
    outputWidth,
  };
}

/** Values of one patch: channels · frames · rows · columns. */
export const patchValues = ({ patchSize, temporalPatchSize }: Qwen2VlVisionConfig): number =>
  CHANNELS * temporalPatchSize * patchSize ** 2;

function openBlock(
  open: Weights,
  openPart: WeightParts,
  config: Qwen2VlVisionConfig,
  layer: number,
): EncoderBlock {
  const { width: d, mlpWidth, heads } = config;
  const name = `${PREFIX}blocks.${layer}`;
  // Queries, keys and values are published as one matrix, rows in this order.
  const projection = (part: number): Linear => ({
    weight: openPart(`${name}.attn.qkv.weight`, [3 * d, d], part * d, d),
    bias: openPart(`${name}.attn.qkv.bias`, [3 * d], part * d, d),
  });
  return {
    attentionNorm: openNorm(open, `${name}.norm1`, d),
    attention: {
      heads,
      headDim: headDim('Qwen2-VL vision', d, heads),
      query: projection(0),
      key: projection(1),
      value: projection(2),
      out: openLinear(open, `${name}.attn.proj`, [d, d]),
    },
    mlpNorm: openNorm(open, `${name}.norm2`, d),
    fc1: openLinear(open, `${name}.mlp.fc1`, [mlpWidth, d]),
    fc2: openLinear(open, `${name}.mlp.fc2`, [d, mlpWidth]),
  };
}

/** Opens every tensor of tower and merger by its published name. The caller frees `rope`. */
export function openQwen2VlVision(
  gpu: Gpu,
  open: Weights,
  openPart: WeightParts,
  config: Qwen2VlVisionConfig,
): Qwen2VlVision {
  const { width: d, depth, heads, merge, outputWidth, patchSize: p, temporalPatchSize } = config;
  const kernel = open(`${PREFIX}patch_embed.proj.weight`, [d, CHANNELS, temporalPatchSize, p, p]);
  const merged = d * merge ** 2;
  return {
    config,
    patch: { weight: reshape(kernel, [d, patchValues(config)]) },
    blocks: Array.from({ length: depth }, (_, layer) => openBlock(open, openPart, config, layer)),
    merger: {
      norm: openNorm(open, `${PREFIX}merger.ln_q`, d),
      fc1: openLinear(open, `${PREFIX}merger.mlp.0`, [merged, merged]),
      fc2: openLinear(open, `${PREFIX}merger.mlp.2`, [outputWidth, merged]),
    },
    rope: gridRopeTable(gpu, d / heads, ROPE_THETA, MAX_SIDE),
  };
}

/** Row and column [patches, 2] of each patch of a grid: slice by slice, in it token by token, in it row by row. */
export function patchPositions([slices, rows, columns]: VisionGrid, merge: number): Uint32Array {
  const slice: number[] = [];
  for (let top = 0; top < rows; top += merge) {
    for (let left = 0; left < columns; left += merge) {
      for (let i = 0; i < merge ** 2; i++) slice.push(top + Math.floor(i / merge), left + (i % merge));
    }
  }
  return Uint32Array.from(Array.from({ length: slices }, () => slice).flat());
}

/** Each slice of a grid as a segment that sees itself whole. The caller frees it with `freeSegments`. */
export function uploadPatches(gpu: Gpu, grid: VisionGrid, { merge }: Qwen2VlVisionConfig): Segments {
  const [slices, rows, columns] = grid;
  if (Math.max(rows, columns) > MAX_SIDE) {
    throw new Error(
      `uploadPatches: a grid of ${grid.join(' by ')} patches; expected sides up to ${MAX_SIDE}.`,
    );
  }
  const segments = packFullSegments(slices, rows * columns);
  return uploadRows(gpu, 'vision', { ...segments, positions: patchPositions(grid, merge), axes: 2 });
}

/**
 * Tokens of one picture or video: pixels f32 [patches, patch values] in the order of `patchPositions` →
 * [patches / merge², output width]. `segments` of `uploadPatches`.
 */
export function qwen2VlVisionTokens(
  tape: Tape,
  model: Qwen2VlVision,
  pixels: Tensor,
  segments: Segments,
): Tensor {
  const { config, patch, blocks, merger, rope } = model;
  const { width, merge } = config;
  expectShape('qwen2VlVisionTokens pixels', pixels, [-1, patchValues(config)]);
  let x = applyLinear(tape, pixels, patch);
  for (const block of blocks) x = encoderBlock(tape, x, block, segments, { gelu: 'quick', eps: EPS, rope });
  const normed = applyNorm(tape, x, merger.norm, EPS);
  const merged = reshape(normed, [pixels.shape[0]! / merge ** 2, width * merge ** 2]);
  return applyLinear(tape, gelu(tape, applyLinear(tape, merged, merger.fc1), 'erf'), merger.fc2);
}
