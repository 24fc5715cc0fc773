import { expectShape, kernelsOf, type Tape, type Tensor } from '../../gpu/index.ts';
import { addColumnSums } from '../column-sum.ts';
import { matrixExtents, threadGroups } from '../matmul/matrix.ts';

const kernel = kernelsOf('layer_norm', ['rows', 'cols', 'eps']);
const forward = kernel('forward', { reads: ['x', 'weight', 'bias'], writes: ['y', 'moments'] });
const backwardInput = kernel('backward_input', { reads: ['x', 'weight', 'saved', 'dy'], writes: ['dx'] });
const backwardWeight = kernel('backward_weight', { reads: ['x', 'saved', 'dy'], updates: ['dweight'] });

/**
 * y = (x - mean) / sqrt(variance + eps) · weight + bias over the last axis, variance biased (Ba, Kiros & Hinton 2016,
 * arXiv 1607.06450). x [n, d] (or [..., d]), weight and bias [d] f32. Backward: dx overwritten; dweight and dbias
 * accumulated into `weight.grad` and `bias.grad`.
 */
export function layerNorm(tape: Tape, x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  const { rows, cols } = matrixExtents(x);
  expectShape('layerNorm weight', weight, [cols]);
  expectShape('layerNorm bias', bias, [cols]);
  const { recorder } = tape;
  const values = { rows, cols, eps };
  const y = recorder.temp('layerNorm', x.shape);
  const moments = recorder.temp('layerNorm moments', [rows, 2]);
  recorder.dispatch(forward, {
    uniforms: values,
    tensors: { x, weight, bias, y, moments },
    workgroups: rows,
  });
  tape.record([y], [x, weight, bias], () => {
    const dy = tape.gradOf(y)!;
    if (weight.grad) {
      recorder.dispatch(backwardWeight, {
        uniforms: values,
        tensors: { x, saved: moments, dy, dweight: weight.grad },
        workgroups: threadGroups(cols),
      });
    }
    if (bias.grad) addColumnSums(recorder, dy, bias.grad);
    if (!tape.needsGrad(x)) return;
    const dx = recorder.temp('d layerNorm', x.shape);
    recorder.dispatch(backwardInput, {
      uniforms: values,
      tensors: { x, weight, saved: moments, dy, dx },
      workgroups: rows,
    });
    tape.addGrad(x, dx);
  });
  return y;
}
