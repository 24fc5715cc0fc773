import { defineKernel, read, type Tape, type Tensor, write } from '../../gpu/index.ts';
import { matrixExtents } from '../matmul/matrix.ts';

const uniforms = { rows: 'u32', cols: 'u32' } as const;
const forward = defineKernel({
  shader: 'softmax',
  entry: 'forward',
  uniforms,
  bindings: { x: read(1), y: write(2) },
});
const backward = defineKernel({
  shader: 'softmax',
  entry: 'backward',
  uniforms,
  bindings: { y: read(3), dy: read(4), dx: write(5) },
});

/** Softmax over the last axis of x [n, d] (or [..., d]). Backward: dx = y · (dy - Σ dy·y), overwritten. */
export function softmaxRows(tape: Tape, x: Tensor): Tensor {
  const values = matrixExtents(x);
  const { recorder } = tape;
  const y = recorder.temp('softmaxRows', x.shape);
  recorder.dispatch(forward, { uniforms: values, tensors: { x, y }, workgroups: values.rows });
  tape.record([y], [x], () => {
    const dx = recorder.temp('d softmaxRows', x.shape);
    const tensors = { y, dy: tape.gradOf(y)!, dx };
    recorder.dispatch(backward, { uniforms: values, tensors, workgroups: values.rows });
    tape.addGrad(x, dx);
  });
  return y;
}
