import { kernelsOf, type Tape, type Tensor } from '../../gpu/index.ts';
import { matrixExtents } from '../matmul/matrix.ts';

const kernel = kernelsOf('softmax', ['rows', 'cols']);
const forward = kernel('forward', { reads: ['x'], writes: ['y'] });
const backward = kernel('backward', { reads: ['saved', 'dy'], writes: ['dx'] });

/** Softmax over the last axis of x [n, d] (or [..., d]). Backward: dx = y · (dy - Σ dy·y), overwritten. */
export function softmaxRows(tape: Tape, x: Tensor): Tensor {
  const values = matrixExtents(x);
  const { recorder } = tape;
  const y = recorder.temp('softmaxRows', x.shape);
  recorder.dispatch(forward, { uniforms: values, tensors: { x, y }, workgroups: values.rows });
  tape.record([y], [x], () => {
    const dx = recorder.temp('d softmaxRows', x.shape);
    const tensors = { saved: y, dy: tape.gradOf(y)!, dx };
    recorder.dispatch(backward, { uniforms: values, tensors, workgroups: values.rows });
    tape.addGrad(x, dx);
  });
  return y;
}
