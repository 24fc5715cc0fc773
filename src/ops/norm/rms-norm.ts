import { expectShape, kernelsOf, sizeOf, type Tape, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('rms_norm', ['rows', 'cols', 'eps', 'with_before']);
const forwardBuffers = { reads: ['x', 'weight'], writes: ['y', 'rstd'] } as const;
const backwardBuffers = { reads: ['x', 'weight', 'saved_rstd', 'dy', 'before'], writes: ['dx'] } as const;
const forward = kernel('forward', forwardBuffers);
const forwardNarrow = kernel('forward_narrow', forwardBuffers);
const backwardInput = kernel('backward_input', backwardBuffers);
const backwardInputNarrow = kernel('backward_input_narrow', backwardBuffers);
const backwardWeight = kernel('backward_weight', { reads: ['x', 'saved_rstd', 'dy'], updates: ['dweight'] });

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
        tensors: { x, saved_rstd: rstd, dy, dweight: weight.grad },
        workgroups: Math.ceil(cols / 64),
      });
    }
    tape.mergeGrad(x, (before) => {
      const dx = recorder.temp('d rmsNorm', x.shape);
      recorder.dispatch(narrow ? backwardInputNarrow : backwardInput, {
        uniforms: { ...values, with_before: Number(before !== undefined) },
        // A layout has no optional bindings: what is absent is stood in for by a tensor that is not read.
        tensors: { x, weight, saved_rstd: rstd, dy, dx, before: before ?? dy },
        workgroups,
      });
      return dx;
    });
  });
  return y;
}
