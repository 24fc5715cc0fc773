import { expectShape, kernelsOf, type Recorder, Tape, type Tensor } from '../../gpu/index.ts';
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
import { gemvLayout, inEachVariant } from './gemv.ts';

const kernels = inEachVariant('decode_swiglu', (shader) =>
  kernelsOf(shader, [
    ...['rows', 'depth', 'stride', 'groups', 'n'],
    ...['gate_rank', 'up_rank', 'gate_scale', 'up_scale', 'eps'],
  ])('gate_and_up', {
    reads: ['weight_0', 'weight_1', 'x', 'norm', 'low_rank', 'gate_b', 'up_b'],
    writes: ['out'],
  }),
);

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
  const layout = gemvLayout(input.variant, { rows, depth, groups });
  const out = recorder.temp('decode SwiGLU', [rows, n]);
  recorder.dispatch(kernels[input.variant.name], {
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
      weight_0: gate.weight,
      weight_1: up.weight,
      x,
      norm: norm.weight,
      low_rank: h,
      gate_b: gate.adapter?.b ?? x,
      up_b: up.adapter?.b ?? x,
      out,
    },
    workgroups: layout.workgroups,
  });
  return out;
}
