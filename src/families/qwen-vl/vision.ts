/**
 * The vision towers of Qwen2-VL (Wang et al. 2024, arXiv 2409.12191) and Qwen2.5-VL (Bai et al. 2025, arXiv 2502.13923): a
 * pre-norm ViT with 2-D rotary positions, and the merger. The second has RMSNorm, gated MLPs, and attention in windows.
 */

import { Fields, headDim, type Json } from '../../decoder/fields.ts';
import type { AdaptedLinear, Adapter } from '../../decoder/lora.ts';
import type { VisionGrid } from '../../decoder/mrope.ts';
import { packFullSegments, packSegments } from '../../decoder/rows.ts';
import type { WeightParts, Weights } from '../../decoder/weights.ts';
import { expectShape, type Gpu, reshape, rowsOf, type Tape, type Tensor } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { formatBytes } from '../../math/format.ts';
import { gridRopeTable, type RopeTable } from '../../ops/attention/rope.ts';
import { gelu } from '../../ops/elementwise.ts';
import { gatherRows } from '../../ops/tokens/gather-rows.ts';
import {
  applyLinear,
  applyNorm,
  type EncoderBlock,
  encoderBlock,
  freeSegments,
  type Linear,
  type Norm,
  openLinear,
  openNorm,
  type Segments,
  uploadRows,
} from '../shared/encoder-layer.ts';
import { placesOf, reordered, tokenWindows } from './windows.ts';

const PREFIX = 'visual.';
const CHANNELS = 3;
const EPS = 1e-6;
const ROPE_THETA = 1e4;
/** Values after which a binding may begin: WebGPU's default alignment, 256 bytes. */
const BINDING_VALUES = 64;
/** Patches along the longer side of the largest picture: 12,845,056 pixels at an aspect ratio of 200. */
export const MAX_SIDE = 3640;

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
  /** What tells Qwen2.5-VL's tower from Qwen2-VL's: it attends in windows, and has RMSNorm and gated MLPs. */
  readonly windows?: {
    /** Side of a window in tokens. */
    readonly side: number;
    /** Blocks in which each slice sees itself whole. */
    readonly fullBlocks: readonly number[];
  };
}

export interface Qwen2VlVision {
  readonly config: Qwen2VlVisionConfig;
  readonly patch: Linear;
  readonly blocks: readonly EncoderBlock[];
  readonly merger: { readonly norm: Norm; readonly fc1: Linear; readonly fc2: Linear };
  readonly rope: RopeTable;
}

const visionFields = (json: Json): Fields =>
  new Fields({ in_channels: json.in_chans, ...json }, 'config.json vision_config');

/** Reads `vision_config`; what it leaves out is as in transformers. Throws an InputError naming the field that is off. */
export function parseQwen2VlVisionConfig(json: Json, outputWidth: number): Qwen2VlVisionConfig {
  const fields = visionFields(json);
  fields.choice('hidden_act', ['quick_gelu'], 'quick_gelu');
  fields.choice('hidden_size', [outputWidth], outputWidth);
  const width = fields.count('embed_dim', 1280);
  const mlpWidth = width * fields.count('mlp_ratio', 4);
  return { ...sharedFields(fields), width, mlpWidth, outputWidth };
}

/** As `parseQwen2VlVisionConfig`, for a Qwen2.5-VL. */
export function parseQwen25VlVisionConfig(json: Json, outputWidth: number): Qwen2VlVisionConfig {
  const fields = visionFields(json);
  fields.choice('hidden_act', ['silu'], 'silu');
  fields.choice('out_hidden_size', [outputWidth], outputWidth);
  const shared = sharedFields(fields);
  const [windowSize, tokenSize] = [fields.count('window_size', 112), shared.patchSize * shared.merge];
  if (windowSize < tokenSize) {
    throw new InputError(
      `config.json vision_config: "window_size" is ${windowSize}, expected at least ${tokenSize}, the side of a token.`,
    );
  }
  return {
    ...shared,
    width: fields.count('hidden_size', 3584),
    mlpWidth: fields.count('intermediate_size', 3420),
    outputWidth,
    windows: {
      side: Math.floor(windowSize / tokenSize),
      fullBlocks: fields.indices('fullatt_block_indexes', [7, 15, 23, 31]),
    },
  };
}

function sharedFields(
  fields: Fields,
): Pick<Qwen2VlVisionConfig, 'depth' | 'heads' | 'patchSize' | 'temporalPatchSize' | 'merge'> {
  fields.choice('in_channels', [CHANNELS], CHANNELS);
  return {
    depth: fields.layers('depth', 32),
    heads: fields.count('num_heads', 16),
    patchSize: fields.count('patch_size', 14),
    temporalPatchSize: fields.count('temporal_patch_size', 2),
    merge: fields.count('spatial_merge_size', 2),
  };
}

/** Values of one patch: channels · frames · rows · columns. */
export const patchValues = ({ patchSize, temporalPatchSize }: Qwen2VlVisionConfig): number =>
  CHANNELS * temporalPatchSize * patchSize ** 2;

/** Where a tower's weights come from, and the adapters on its linear layers, by their published paths. */
export interface VisionSources {
  readonly open: Weights;
  readonly openPart: WeightParts;
  readonly adapter?: (path: string) => Adapter | undefined;
}

/** Opens `path.weight` [out, in] and `path.bias`, and the adapter on them. */
function openAdapted(
  { open, adapter }: VisionSources,
  path: string,
  extents: readonly [number, number],
): Linear {
  return { ...openLinear(open, path, extents), ...adapted(adapter?.(path)) };
}

const adapted = (adapter: Adapter | undefined): Pick<Linear, 'adapter'> => (adapter ? { adapter } : {});

/** An adapter of queries, keys and values lies on the three as on one: A is shared, each has its own rows of B. */
function thirdOf({ a, b, scale }: Adapter, part: number): Adapter {
  const [out, rank] = b.shape as [number, number];
  const rows = out / 3;
  if ((rows * rank) % BINDING_VALUES !== 0) {
    throw new InputError(
      `An adapter of rank ${rank} on queries, keys and values of ${rows} values each: their product is ${rows * rank}, expected a multiple of ${BINDING_VALUES}.`,
      { hint: 'Choose another rank, a multiple of 8 for example.' },
    );
  }
  return { a, b: rowsOf(b, part * rows, rows), scale };
}

function openBlock(sources: VisionSources, config: Qwen2VlVisionConfig, layer: number): EncoderBlock {
  const { width: d, heads, windows } = config;
  const { open, openPart } = sources;
  const name = `${PREFIX}blocks.${layer}`;
  const shared = sources.adapter?.(`${name}.attn.qkv`);
  // Queries, keys and values are published as one matrix, rows in this order.
  const projection = (part: number): Linear => ({
    weight: openPart(`${name}.attn.qkv.weight`, [3 * d, d], part * d, d),
    bias: openPart(`${name}.attn.qkv.bias`, [3 * d], part * d, d),
    ...adapted(shared && thirdOf(shared, part)),
  });
  return {
    attentionNorm: openNorm(open, `${name}.norm1`, d, !windows),
    attention: {
      heads,
      headDim: headDim('Qwen2-VL vision', d, heads),
      query: projection(0),
      key: projection(1),
      value: projection(2),
      out: openAdapted(sources, `${name}.attn.proj`, [d, d]),
    },
    mlpNorm: openNorm(open, `${name}.norm2`, d, !windows),
    ...openMlp(sources, `${name}.mlp`, config),
  };
}

function openMlp(
  sources: VisionSources,
  name: string,
  { width: d, mlpWidth, windows }: Qwen2VlVisionConfig,
): Pick<EncoderBlock, 'gate' | 'fc1' | 'fc2'> {
  const linear = (part: string, outputs: number, inputs: number): Linear =>
    openAdapted(sources, `${name}.${part}`, [outputs, inputs]);
  if (!windows) return { fc1: linear('fc1', mlpWidth, d), fc2: linear('fc2', d, mlpWidth) };
  return {
    gate: linear('gate_proj', mlpWidth, d),
    fc1: linear('up_proj', mlpWidth, d),
    fc2: linear('down_proj', d, mlpWidth),
  };
}

/** Opens every tensor of tower and merger by its published name. The caller frees `rope`. */
export function openQwen2VlVision(
  gpu: Gpu,
  sources: VisionSources,
  config: Qwen2VlVisionConfig,
): Qwen2VlVision {
  const { open } = sources;
  const { width: d, depth, heads, merge, outputWidth, patchSize: p, temporalPatchSize, windows } = config;
  const kernel = open(`${PREFIX}patch_embed.proj.weight`, [d, CHANNELS, temporalPatchSize, p, p]);
  const merged = d * merge ** 2;
  return {
    config,
    patch: { weight: reshape(kernel, [d, patchValues(config)]) },
    blocks: Array.from({ length: depth }, (_, layer) => openBlock(sources, config, layer)),
    merger: {
      norm: openNorm(open, `${PREFIX}merger.ln_q`, d, !windows),
      fc1: openAdapted(sources, `${PREFIX}merger.mlp.0`, [merged, merged]),
      fc2: openAdapted(sources, `${PREFIX}merger.mlp.2`, [outputWidth, merged]),
    },
    rope: gridRopeTable(gpu, d / heads, ROPE_THETA, MAX_SIDE),
  };
}

/** The linear layers that an adapter may sit on, in the model's order. */
export function visionLinears({
  depth,
  width: d,
  mlpWidth,
  merge,
  outputWidth,
  windows,
}: Qwen2VlVisionConfig): AdaptedLinear[] {
  const merged = d * merge ** 2;
  const mlp: readonly [string, number, number][] = windows
    ? [
        ['gate_proj', mlpWidth, d],
        ['up_proj', mlpWidth, d],
        ['down_proj', d, mlpWidth],
      ]
    : [
        ['fc1', mlpWidth, d],
        ['fc2', d, mlpWidth],
      ];
  const blocks = Array.from({ length: depth }, (_, layer): AdaptedLinear[] => [
    { path: `${PREFIX}blocks.${layer}.attn.qkv`, extents: [3 * d, d] },
    { path: `${PREFIX}blocks.${layer}.attn.proj`, extents: [d, d] },
    ...mlp.map(([name, out, inputs]) => ({
      path: `${PREFIX}blocks.${layer}.mlp.${name}`,
      extents: [out, inputs] as const,
    })),
  ]);
  return [
    ...blocks.flat(),
    { path: `${PREFIX}merger.mlp.0`, extents: [merged, merged] },
    { path: `${PREFIX}merger.mlp.2`, extents: [outputWidth, merged] },
  ];
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

/** Which patches of a grid see one another, and where they stand. */
export interface PatchLayout {
  /** Each slice sees itself whole. */
  readonly slices: Segments;
  /** Each window sees itself. Where there are windows, patches lie window by window, also in `slices`. */
  readonly windows?: {
    readonly segments: Segments;
    /** u32 [tokens] the token of the grid at each place. */
    readonly order: Tensor;
    /** u32 [tokens] the place of each token of the grid. */
    readonly places: Tensor;
  };
}

/** The widest activation of a patch, in values. */
const widest = (config: Qwen2VlVisionConfig): number =>
  Math.max(config.mlpWidth, config.width, patchValues(config));

/** @throws InputError for a grid of more patches than an activation of the tower has room for */
function demandFits({ device }: Gpu, grid: VisionGrid, config: Qwen2VlVisionConfig): void {
  const bytes = device.limits.maxStorageBufferBindingSize;
  const fitting = Math.floor(bytes / (4 * widest(config)));
  const [slices, rows, columns] = grid;
  const patches = slices * rows * columns;
  if (patches <= fitting) return;
  const [side, frames] = [config.patchSize * config.merge, config.temporalPatchSize];
  const pixels = side ** 2 * Math.floor(fitting / (slices * config.merge ** 2));
  const shown = frames * Math.floor(fitting / (rows * columns));
  throw new InputError(
    `A clip of up to ${slices * frames} frames of ${rows * columns * config.patchSize ** 2} pixels is ${patches} patches; the vision tower of this model holds ${fitting} on this device, whose largest binding is ${formatBytes(bytes)}.`,
    {
      hint: `Keep maxPixels within ${pixels}${shown >= 4 ? `, or maxFrames within ${shown}` : ''}, or train on a GPU with larger bindings.`,
    },
  );
}

/** The caller frees it with `freePatches`. @throws InputError for a grid that does not fit this device */
export function uploadPatches(gpu: Gpu, grid: VisionGrid, config: Qwen2VlVisionConfig): PatchLayout {
  const [slices, rows, columns] = grid;
  if (Math.max(rows, columns) > MAX_SIDE) {
    throw new Error(
      `uploadPatches: a grid of ${grid.join(' by ')} patches; expected sides up to ${MAX_SIDE}.`,
    );
  }
  demandFits(gpu, grid, config);
  const { merge, windows } = config;
  const whole = packFullSegments(slices, rows * columns);
  const standing = { positions: patchPositions(grid, merge), axes: 2 };
  if (!windows) return { slices: uploadRows(gpu, 'vision', { ...whole, ...standing }) };
  const { order, sizes } = tokenWindows(slices, rows / merge, columns / merge, windows.side);
  const moved = { positions: reordered(standing.positions, order), axes: 2 };
  const segments = packSegments(sizes.map((tokens) => tokens * merge ** 2));
  const upload = (label: string, places: Uint32Array): Tensor =>
    gpu.upload('inputs', label, [places.length], places, 'u32');
  return {
    slices: uploadRows(gpu, 'vision', { ...whole, ...moved }),
    windows: {
      segments: uploadRows(gpu, 'vision windows', { ...segments, ...moved }),
      order: upload('vision order', order),
      places: upload('vision places', placesOf(order)),
    },
  };
}

export function freePatches(gpu: Gpu, { slices, windows }: PatchLayout): void {
  freeSegments(gpu, slices);
  if (!windows) return;
  freeSegments(gpu, windows.segments);
  gpu.free(windows.order, windows.places);
}

/**
 * Tokens of one picture or video: pixels f32 [patches, patch values] in the order of `patchPositions` →
 * [patches / merge², output width] in the order of the grid. `layout` of `uploadPatches`. `checkpoint`: only each block's input
 * is kept for the backward.
 */
export function qwen2VlVisionTokens(
  tape: Tape,
  model: Qwen2VlVision,
  pixels: Tensor,
  { slices, windows }: PatchLayout,
  { checkpoint = false } = {},
): Tensor {
  const { config, patch, blocks, merger, rope } = model;
  const { width, merge } = config;
  expectShape('qwen2VlVisionTokens pixels', pixels, [-1, patchValues(config)]);
  const patches = pixels.shape[0]!;
  const byToken = (x: Tensor): Tensor => reshape(x, [patches / merge ** 2, width * merge ** 2]);
  let x = applyLinear(tape, pixels, patch);
  if (windows) x = reshape(gatherRows(tape, byToken(x), windows.order), [patches, width]);
  blocks.forEach((block, index) => {
    const isWhole = !windows || config.windows?.fullBlocks.includes(index);
    const input = x;
    const forward = (): Tensor =>
      encoderBlock(tape, input, block, isWhole ? slices : windows.segments, {
        gelu: 'quick',
        eps: EPS,
        rope,
      });
    x = checkpoint ? tape.checkpoint([input], forward) : forward();
  });
  const merged = applyLinear(tape, byToken(applyNorm(tape, x, merger.norm, EPS)), merger.fc1);
  const tokens = applyLinear(tape, gelu(tape, merged, 'erf'), merger.fc2);
  return windows ? gatherRows(tape, tokens, windows.places) : tokens;
}
