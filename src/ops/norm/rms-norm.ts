import {
  defineKernel,
  expectShape,
  read,
  sizeOf,
  type Tape,
  type Tensor,
  update,
  write,
} from '../../gpu/index.ts';

const uniforms = { rows: 'u32', cols: 'u32', eps: 'f32', with_before: 'u32' } as const;
const forwardBindings = { x: read(1), weight: read(2), y: write(3), rstd: write(4) };
const backwardBindings = {
  x: read(1),
  weight: read(2),
  rstd: read(5),
  dy: read(6),
  dx: write(7),
  before: read(9),
};
const shader = 'rms_norm';
const forward = defineKernel({ shader, entry: 'forward', uniforms, bindings: forwardBindings });
const forwardNarrow = defineKernel({ shader, entry: 'forward_narrow', uniforms, bindings: forwardBindings });
const backwardInput = defineKernel({ shader, entry: 'backward_input', uniforms, bindings: backwardBindings });
const backwardInputNarrow = defineKernel({
  shader,
  entry: 'backward_input_narrow',
  uniforms,
  bindings: backwardBindings,
});
const backwardWeight = defineKernel({
  shader,
  entry: 'backward_weight',
  uniforms,
  bindings: { x: read(1), rstd: read(5), dy: read(6), dweight: update(8) },
});

/** Rows of at most this many columns go to one thread each: a workgroup would mostly wait at its barriers. */
const NARROW_COLS = 128;

/**
 * y = x / sqrt(mean(x²) + eps) · weight over the last axis (Zhang & Sennrich 2019, arXiv 1910.07467).
 * x [rows, cols], weight [cols] f32. Backward: dx, added to what has reached x; dweight accumulated into `weight.grad`.
 */
export function rmsNorm(tape: Tape, x: Tensor, weight: Tensor, eps: number): Tensor {
  const [rows, cols] = [x.shape[0]!, x.shape[1]!];
  expectShape('rmsNorm weight', weight, [cols]);
  return normRows(tape, x, weight, eps, { rows, cols });
}

/**
 * RMS norm of each head by itself, all with the same weight [headDim] (Henry et al. 2020, arXiv 2010.04245, with RMS norm for
 * the l2 norm): x [n, heads · headDim]. Backward as of `rmsNorm`.
 */
export function headNorm(tape: Tape, x: Tensor, weight: Tensor, eps: number): Tensor {
  const cols = sizeOf(weight.shape);
  const heads = x.shape[1]! / cols;
  expectShape('headNorm input', x, [-1, cols * Math.ceil(heads)]);
  return normRows(tape, x, weight, eps, { rows: x.shape[0]! * heads, cols });
}

/** The norm of `rows` runs of `cols` values each, in the order in which x holds them. */
function normRows(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  eps: number,
  { rows, cols }: { readonly rows: number; readonly cols: number },
): Tensor {
  const { recorder } = tape;
  const y = recorder.temp('rmsNorm', x.shape);
  const rstd = recorder.temp('rmsNorm rstd', [rows]);
  const values = { rows, cols, eps, with_before: 0 };
  const narrow = cols <= NARROW_COLS;
  const workgroups = narrow ? Math.ceil(rows / 64) : rows;
  recorder.dispatch(narrow ? forwardNarrow : forward, {
    uniforms: values,
    tensors: { x, weight, y, rstd },
    workgroups,
  });
  tape.record([y], [x, weight], () => {
    const dy = tape.gradOf(y)!;
    if (weight.grad) {
      recorder.dispatch(backwardWeight, {
        uniforms: values,
        tensors: { x, rstd, dy, dweight: weight.grad },
        workgroups: Math.ceil(cols / 64),
      });
    }
    tape.mergeGrad(x, (before) => {
      const dx = recorder.temp('d rmsNorm', x.shape);
      recorder.dispatch(narrow ? backwardInputNarrow : backwardInput, {
        uniforms: { ...values, with_before: Number(before !== undefined) },
        // A layout has no optional bindings: what is absent is stood in for by a tensor that is not read.
        tensors: { x, weight, rstd, dy, dx, before: before ?? dy },
        workgroups,
      });
      return dx;
    });
  });
  return y;
}
