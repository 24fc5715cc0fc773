import { defineKernel, expectShape, type Recorder, read, type Tensor, update } from '../../gpu/index.ts';
import { threadGroups } from '../matmul/matrix.ts';
import type { HeadShape } from './decode-attention.ts';

const normalise = defineKernel({
  shader: 'decode_head_norm',
  entry: 'normalise',
  uniforms: { rows: 'u32', heads: 'u32', kv_heads: 'u32', columns: 'u32', stride: 'u32', eps: 'f32' },
  bindings: { queryWeight: read(1), keyWeight: read(2), qkv: update(3) },
});

/** The norms of queries and keys, each head by itself: weights [headDim] f32. */
export interface HeadNorms {
  readonly q: Tensor;
  readonly k: Tensor;
}

/** RMS norm of queries and keys of one new token a row, in place: qkv [rows, at least (heads + kvHeads) · headDim], adapters applied. */
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
    tensors: { queryWeight: q, keyWeight: k, qkv },
    workgroups: threadGroups(rows * (heads + kvHeads)),
  });
}
