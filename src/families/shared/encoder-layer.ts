/** What the encoders share: linear layers and norms by name, self-attention, and the pre-norm block. */

import { type PackedRows, packFullSegments, positionShape } from '../../decoder/rows.ts';
import type { Weights } from '../../decoder/weights.ts';
import type { Gpu, Tape, Tensor } from '../../gpu/index.ts';
import { attention } from '../../ops/attention/attention.ts';
import { type RopeTable, rope } from '../../ops/attention/rope.ts';
import { type GeluForm, gelu } from '../../ops/elementwise.ts';
import { type Fused, type LoraAdapter, linear, loraLinear } from '../../ops/matmul/linear.ts';
import { layerNorm } from '../../ops/norm/layer-norm.ts';
import { rmsNorm } from '../../ops/norm/rms-norm.ts';

export interface Linear {
  /** [out, in] */
  readonly weight: Tensor;
  /** [out] */
  readonly bias?: Tensor;
  readonly adapter?: LoraAdapter;
}

export interface Norm {
  /** [d] */
  readonly weight: Tensor;
  /** [d]; absent in an RMSNorm */
  readonly bias?: Tensor;
}

/** Receives intermediate results by the names that parity tests use. */
export type Observe = (name: string, tensor: Tensor) => void;

/** Opens `name.weight` [out, in] and, unless told otherwise, `name.bias`. */
export function openLinear(
  open: Weights,
  name: string,
  [outputs, inputs]: readonly [number, number],
  bias = true,
): Linear {
  const weight = open(`${name}.weight`, [outputs, inputs]);
  return bias ? { weight, bias: open(`${name}.bias`, [outputs]) } : { weight };
}

/** Opens `name.weight` and, unless told otherwise, `name.bias`, [width] each. */
export function openNorm(open: Weights, name: string, width: number, bias = true): Norm {
  const weight = open(`${name}.weight`, [width]);
  return bias ? { weight, bias: open(`${name}.bias`, [width]) } : { weight };
}

/** x·Wᵀ + b, and what an adapter adds, fused with the epilogue that is given. */
export const applyLinear = (
  tape: Tape,
  x: Tensor,
  { weight, bias, adapter }: Linear,
  fused?: Fused,
): Tensor =>
  adapter ? loraLinear(tape, x, weight, bias, adapter, fused) : linear(tape, x, weight, bias, fused);

/** LayerNorm over the last axis; RMSNorm where there is no bias. */
export const applyNorm = (tape: Tape, x: Tensor, { weight, bias }: Norm, eps: number): Tensor =>
  bias ? layerNorm(tape, x, weight, bias, eps) : rmsNorm(tape, x, weight, eps);

/** Which tokens see one another, as tensors that may be rewritten between runs. */
export interface Segments {
  /** u32 [n] position of each token in its segment, or [n, axes] */
  readonly positions: Tensor;
  /** u32 [n, 4] */
  readonly spans: Tensor;
  /** u32 [n, 2] */
  readonly keySpans: Tensor;
}

export function uploadRows(gpu: Gpu, label: string, rows: PackedRows): Segments {
  const { capacity, axes } = rows;
  const shape = positionShape(capacity, axes);
  return {
    positions: gpu.upload('inputs', `${label} positions`, shape, rows.positions, 'u32'),
    spans: gpu.upload('inputs', `${label} spans`, [capacity, 4], rows.spans, 'u32'),
    keySpans: gpu.upload('inputs', `${label} key spans`, [capacity, 2], rows.keySpans, 'u32'),
  };
}

/** `count` segments of `length` tokens, each seeing its whole segment. The caller frees them with `freeSegments`. */
export const uploadSegments = (gpu: Gpu, label: string, count: number, length: number): Segments =>
  uploadRows(gpu, label, packFullSegments(count, length));

export function freeSegments(gpu: Gpu, { positions, spans, keySpans }: Segments): void {
  gpu.free(positions, spans, keySpans);
}

export interface SelfAttention {
  readonly heads: number;
  readonly headDim: number;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly out: Linear;
}

/** Softmax attention of each segment over itself, queries and keys rotated where a table is given, and the addend. x [n, d] → [n, d]. */
export function selfAttention(
  tape: Tape,
  x: Tensor,
  weights: SelfAttention,
  segments: Segments,
  addend: Tensor,
  table?: RopeTable,
): Tensor {
  const { heads, headDim, query, key, value, out } = weights;
  const [q, k, v] = [query, key, value].map((projection) => applyLinear(tape, x, projection)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const { positions, spans, keySpans } = segments;
  const [placedQ, placedK] = table ? rope(tape, q, k, positions, table) : [q, k];
  const mixed = attention(tape, placedQ, placedK, v, { heads, kvHeads: heads, headDim, spans, keySpans });
  return applyLinear(tape, mixed, out, { addend });
}

export interface EncoderBlock {
  readonly attentionNorm: Norm;
  readonly attention: SelfAttention;
  readonly mlpNorm: Norm;
  /** Of a gated MLP: its inner values are silu(gate(x)) · fc1(x), else gelu(fc1(x)). */
  readonly gate?: Linear;
  readonly fc1: Linear;
  readonly fc2: Linear;
}

export interface EncoderStyle {
  readonly gelu: GeluForm;
  readonly eps: number;
  /** Rotates queries and keys by the segments' positions. */
  readonly rope?: RopeTable;
}

/** Pre-norm block: x += attention(norm(x)); x += fc2(inner values of norm(x)). x [n, d] → [n, d]. */
export function encoderBlock(
  tape: Tape,
  x: Tensor,
  block: EncoderBlock,
  segments: Segments,
  style: EncoderStyle,
): Tensor {
  const normed = applyNorm(tape, x, block.attentionNorm, style.eps);
  const attended = selfAttention(tape, normed, block.attention, segments, x, style.rope);
  const h = applyNorm(tape, attended, block.mlpNorm, style.eps);
  const inner = block.gate
    ? applyLinear(tape, h, block.fc1, { gate: applyLinear(tape, h, block.gate) })
    : gelu(tape, applyLinear(tape, h, block.fc1), style.gelu);
  return applyLinear(tape, inner, block.fc2, { addend: attended });
}

export interface PostNormBlock {
  readonly attention: SelfAttention;
  readonly attentionNorm: Norm;
  readonly intermediate: Linear;
  readonly output: Linear;
  readonly outputNorm: Norm;
}

/** Post-norm block (Devlin et al. 2018): x = norm(x + attention(x)); x = norm(x + output(activate(intermediate(x)))). x [n, d] → [n, d]. */
export function postNormBlock(
  tape: Tape,
  x: Tensor,
  block: PostNormBlock,
  segments: Segments,
  { eps, activate }: { readonly eps: number; readonly activate: (tape: Tape, x: Tensor) => Tensor },
): Tensor {
  const attended = selfAttention(tape, x, block.attention, segments, x);
  const normed = applyNorm(tape, attended, block.attentionNorm, eps);
  const inner = activate(tape, applyLinear(tape, normed, block.intermediate));
  return applyNorm(tape, applyLinear(tape, inner, block.output, { addend: normed }), block.outputNorm, eps);
}

/** Where a model's tensors can be asked for without opening them. */
export interface TensorShapes {
  has(name: string): boolean;
  shapeOf(name: string): readonly number[];
}

/** How many layers are there: the first i for which `name(i)` is absent. */
export function countLayers(shapes: TensorShapes, name: (layer: number) => string): number {
  let layers = 0;
  while (shapes.has(name(layers))) layers++;
  return layers;
}
