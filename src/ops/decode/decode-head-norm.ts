import { expectShape, kernelsOf, type Recorder, type Tensor } from '../../gpu/index.ts';
import { threadGroups } from '../matmul/matrix.ts';
import type { HeadShape } from './decode-attention.ts';

const normalise = kernelsOf('decode_head_norm', ['rows', 'heads', 'kv_heads', 'columns', 'stride', 'eps'])(
  'normalise',
  { reads: ['query_weight', 'key_weight'], updates: ['qkv'] },
);

/** The norms of queries and keys, each head by itself: weights [headDim] f32. */
export interface HeadNorms {
  readonly q: Tensor;
  readonly k: Tensor;
}

/** RMS norm of queries and keys of one new token a decode slot, in place: qkv [rows, at least (heads + kvHeads) · headDim], adapters applied. */
export function decodeHeadNorms(
  recorder: Recorder,
  qkv: Tensor,
  { q, k }: HeadNorms,
  { heads, kvHeads, headDim }: HeadShape,
  eps: number,
): void {
  const [rows, stride] = [qkv.shape[0]!, qkv.shape[1]!];
  for (const weight of [q, k]) expectShape('decode head norm', weight, [headDim]);
  recorder.dispatch(normalise, {
    uniforms: { rows, heads, kv_heads: kvHeads, columns: headDim, stride, eps },
    tensors: { query_weight: q, key_weight: k, qkv },
    workgroups: threadGroups(rows * (heads + kvHeads)),
  });
}
