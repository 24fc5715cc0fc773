import { defineKernel, expectShape, type Recorder, read, Tape, type Tensor, write } from '../../gpu/index.ts';
import { swiglu } from '../elementwise.ts';
import { weightFormat } from '../matmul/weight-format.ts';
import {
  type DecodeInput,
  type DecodeLinear,
  inputExtents,
  lowRankProducts,
  projections,
  rankOf,
} from './decode-linear.ts';
import { layRows } from './few-rows.ts';

const swigluKernel = defineKernel({
  shader: 'decode_swiglu',
  entry: 'gate_and_up',
  uniforms: {
    rows: 'u32',
    depth: 'u32',
    stride: 'u32',
    groups: 'u32',
    n: 'u32',
    gate_rank: 'u32',
    up_rank: 'u32',
    gate_scale: 'f32',
    up_scale: 'f32',
    eps: 'f32',
  },
  bindings: {
    weight0: read(1),
    weight1: read(2),
    x: read(4),
    norm: read(5),
    h: read(6),
    gateB: read(7),
    upB: read(8),
    out: write(9),
  },
});

/**
 * silu(gate) · up of the normed input [rows, inner] (Shazeer 2020, arXiv 2002.05202). One dispatch, and one more where there are
 * adapters; several where the two weights have different formats.
 */
export function decodeSwiglu(
  recorder: Recorder,
  input: Required<DecodeInput>,
  gate: DecodeLinear,
  up: DecodeLinear,
): Tensor {
  if (gate.weight.dtype !== up.weight.dtype) {
    const [g, u] = [gate, up].map((linear) => projections(recorder, input, [linear])) as [Tensor, Tensor];
    return swiglu(new Tape(recorder), g, u);
  }
  const { rows, depth } = inputExtents(input);
  const { x, norm } = input;
  const n = gate.weight.shape[0]!;
  for (const { weight } of [gate, up]) expectShape('decode SwiGLU weight', weight, [n, depth]);
  const h = lowRankProducts(recorder, input, [gate, up]) ?? x;
  const groups = Math.ceil(n / 2);
  const layout = layRows(input.threads, { rows, depth, groups });
  const out = recorder.temp('decode SwiGLU', [rows, n]);
  recorder.dispatch(swigluKernel, {
    defines: { WEIGHT_FORMAT: weightFormat(gate.weight.dtype), NORM: true, ...layout.defines },
    uniforms: {
      rows,
      depth,
      stride: depth / 4,
      groups,
      n,
      gate_rank: rankOf(gate),
      up_rank: rankOf(up),
      gate_scale: gate.adapter?.scale ?? 0,
      up_scale: up.adapter?.scale ?? 0,
      eps: norm.eps,
    },
    tensors: {
      weight0: gate.weight,
      weight1: up.weight,
      x,
      norm: norm.weight,
      h,
      gateB: gate.adapter?.b ?? x,
      upB: up.adapter?.b ?? x,
      out,
    },
    workgroups: layout.workgroups,
  });
  return out;
}
