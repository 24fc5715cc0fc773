import { expectShape, kernelsOf, type Recorder, type Tensor } from '../../gpu/index.ts';
import type { RopeTable } from '../attention/rope.ts';
import type { LoraAdapter } from '../matmul/linear.ts';
import { threadGroups } from '../matmul/matrix.ts';
import type { AttentionAdapters } from './decode-adapted.ts';
import type { LowRankParts } from './decode-linear.ts';
import { type DecodeVariant, inEachVariant } from './gemv.ts';

const rowKernel = kernelsOf('decode_rows', ['rows', 'half_width', 'last_position']);
const advanceKernel = rowKernel('advance', { reads: ['ended'], updates: ['positions', 'spans'] });
const ownSlotsKernel = rowKernel('own_slots', { reads: ['saved_spans'], writes: ['slots'] });
const anglesKernel = rowKernel('rotate', {
  reads: ['saved_positions', 'cosines', 'sines'],
  writes: ['angles'],
});
const kernels = inEachVariant('decode_attention', (shader) =>
  kernelsOf(shader, [
    ...['rows', 'heads', 'kv_heads', 'vecs', 'scale', 'stride', 'biased', 'out_stride'],
    ...['q_rank', 'k_rank', 'v_rank', 'o_rank', 'q_b', 'k_b', 'v_b', 'o_a'],
    ...['q_scale', 'k_scale', 'v_scale'],
  ])('attend', {
    reads: ['qkv', 'value_bias', 'angles', 'spans', 'adapters'],
    updates: ['keys', 'values'],
    writes: ['out'],
  }),
);

/** Threads of a workgroup of the thread variant, as in the shader. */
const WORKGROUP_THREADS = 8;
/** Columns of a head that the kernel has room for. */
const MOST_COLUMNS = 128;

/** Position of each decode slot, and what it sees of the KV cache. */
export interface DecodeRows {
  /** u32 [rows] position of the slot's new token, the same on all axes. */
  readonly positions: Tensor;
  /** u32 [rows, 4] KV cache slots that it sees, [s0, s1) and [s2, s3); slot s3 - 1 is its own, to be written. */
  readonly spans: Tensor;
}

/** Cosines and sines of a head's pairs of columns at each decode slot's position: [rows, 2, headDim / 2]. */
export function rowAngles(recorder: Recorder, { positions }: DecodeRows, table: RopeTable): Tensor {
  const rows = positions.shape[0]!;
  const [maxPositions, half] = [table.cos.shape[0]!, table.cos.shape[1]!];
  const angles = recorder.temp('row angles', [rows, 2, half]);
  recorder.dispatch(anglesKernel, {
    uniforms: { rows, half_width: half, last_position: maxPositions - 1 },
    tensors: { saved_positions: positions, cosines: table.cos, sines: table.sin, angles },
    workgroups: threadGroups(rows * half),
  });
  return angles;
}

/** u32 [rows]: the KV cache slot of each row's new token, for steps that write there by themselves. */
export function ownSlots(recorder: Recorder, { spans }: DecodeRows): Tensor {
  const rows = spans.shape[0]!;
  const slots = recorder.temp('own slots', [rows], 'u32');
  recorder.dispatch(ownSlotsKernel, {
    uniforms: { rows, half_width: 0, last_position: 0 },
    tensors: { saved_spans: spans, slots },
    workgroups: threadGroups(rows),
  });
  return slots;
}

/**
 * Moves every decode slot one token on: its position, and the end of what it sees. Slots whose `ended` (u32
 * [rows]) is not 0 stay where they are.
 */
export function advanceRows(recorder: Recorder, { positions, spans }: DecodeRows, ended: Tensor): void {
  const rows = positions.shape[0]!;
  recorder.dispatch(advanceKernel, {
    uniforms: { rows, half_width: 0, last_position: 0 },
    tensors: { positions, spans, ended },
    workgroups: threadGroups(rows),
  });
}

export interface DecodeAttentionInputs {
  /**
   * [rows, (heads + 2 kvHeads) · headDim] queries, keys and values of the new tokens; the values without their bias. With `adapters`
   * from {@link adaptedProjections}.
   */
  readonly qkv: Tensor;
  /** What is added to queries, keys and values first; and whose A of the layer behind attention is applied already. */
  readonly adapters?: AttentionAdapters | undefined;
  /** [kvHeads · headDim]; absent where values have none. */
  readonly valueBias?: Tensor | undefined;
  /** From {@link rowAngles}. */
  readonly angles: Tensor;
  readonly spans: Tensor;
  /** [slots, kvHeads · headDim] of the KV cache; the new tokens' own are written. */
  readonly keys: Tensor;
  readonly values: Tensor;
}

const rankOfAdapter = (adapter: LoraAdapter | undefined): number => adapter?.a.shape[0] ?? 0;

/** Columns that a head's part of the low-rank products takes. */
const partStep = (adapter: LoraAdapter | undefined): number => 4 * Math.ceil(rankOfAdapter(adapter) / 4);

/** Where attention's output `mixed` has the low-rank products of the layer behind it. */
export function attentionProducts(
  mixed: Tensor,
  { heads, headDim }: HeadShape,
  adapters: AttentionAdapters,
): LowRankParts {
  return { h: mixed, first: heads * headDim, parts: heads, step: partStep(adapters.o) };
}

/** The variant for heads of that size: subgroups take those whose vec4s can be shared out over their lanes. */
function forHeads(
  { name, lanes }: DecodeVariant,
  headDim: number,
): { name: DecodeVariant['name']; defines: Record<string, number> } {
  const vecs = headDim / 4;
  const isShared = Number.isInteger(Math.log2(vecs)) && vecs >= 4 && vecs <= lanes;
  if (name !== 'subgroup') return { name, defines: {} };
  return isShared ? { name, defines: { VECS: vecs, SUBGROUP: lanes } } : { name: 'workgroup', defines: {} };
}

export interface HeadShape {
  readonly heads: number;
  readonly kvHeads: number;
  /** Columns of one head: a multiple of 8, at most 128. */
  readonly headDim: number;
}

/**
 * Softmax attention of one new token a row over the KV cache, at scale 1 / sqrt(headDim): rotates queries and keys by their positions, adds
 * the values' bias, writes keys and values to the KV cache. Returns [rows, heads · headDim], and where the layer behind has an adapter, a
 * part of its low-rank products for each head behind them ({@link attentionProducts}). No gradient. Threads that work alone have a head each,
 * others share a head's keys.
 */
export function decodeAttention(
  recorder: Recorder,
  inputs: DecodeAttentionInputs,
  shape: HeadShape,
  variant: DecodeVariant,
): Tensor {
  const { heads, kvHeads, headDim } = shape;
  const { qkv, valueBias, angles, spans, keys, values, adapters } = inputs;
  const [rows, stride] = [qkv.shape[0]!, qkv.shape[1]!];
  if (headDim % 8 !== 0 || headDim > MOST_COLUMNS) {
    throw new Error(
      `decode attention: head size ${headDim}; expected a multiple of 8 up to ${MOST_COLUMNS}.`,
    );
  }
  const { q, k, v, o } = adapters ?? {};
  const ranks = [q, k, v].map(rankOfAdapter).reduce((sum, rank) => sum + rank, 0);
  const outs = (heads + 2 * kvHeads) * headDim;
  expectShape('decode attention qkv', qkv, [rows, 4 * Math.ceil((outs + ranks) / 4)]);
  if (valueBias) expectShape('decode attention value bias', valueBias, [kvHeads * headDim]);
  expectShape('decode attention angles', angles, [rows, 2, headDim / 2]);
  expectShape('decode attention spans', spans, [rows, 4]);
  for (const cache of [keys, values]) expectShape('decode attention cache', cache, [-1, kvHeads * headDim]);
  const outWidth = heads * (headDim + partStep(o));
  const out = recorder.temp('decode attention', [rows, outWidth]);
  const start = (matrix: Tensor | undefined): number => adapters?.window.startOf(matrix) ?? 0;
  const { name, defines } = forHeads(variant, headDim);
  recorder.dispatch(kernels[name], {
    defines,
    uniforms: {
      rows,
      heads,
      kv_heads: kvHeads,
      vecs: headDim / 4,
      scale: 1 / Math.sqrt(headDim),
      stride: stride / 4,
      biased: Number(valueBias !== undefined),
      out_stride: outWidth / 4,
      q_rank: rankOfAdapter(q),
      k_rank: rankOfAdapter(k),
      v_rank: rankOfAdapter(v),
      o_rank: rankOfAdapter(o),
      q_b: start(q?.b),
      k_b: start(k?.b),
      v_b: start(v?.b),
      o_a: start(o?.a),
      q_scale: q?.scale ?? 0,
      k_scale: k?.scale ?? 0,
      v_scale: v?.scale ?? 0,
    },
    // A layout has no optional bindings: what is absent is stood in for by a tensor that is not read.
    tensors: {
      qkv,
      value_bias: valueBias ?? angles,
      angles,
      spans,
      keys,
      values,
      out,
      adapters: adapters?.window.values ?? angles,
    },
    workgroups: name === 'thread' ? Math.ceil((rows * heads) / WORKGROUP_THREADS) : [heads, rows, 1],
  });
  return out;
}
