import { expectShape, kernelsOf, type Tape, type Tensor } from '../../gpu/index.ts';
import { addColumnSums } from '../column-sum.ts';
import { matrixExtents, threadGroups } from '../matmul/matrix.ts';
import { NARROW_COLS } from './rms-norm.ts';

const kernel = kernelsOf('layer_norm', ['rows', 'cols', 'eps']);
const forwardBuffers = { reads: ['x', 'weight', 'bias'], writes: ['y', 'moments'] } as const;
const backwardBuffers = { reads: ['x', 'weight', 'saved', 'dy'], writes: ['dx'] } as const;
const forward = kernel('forward', forwardBuffers);
const forwardNarrow = kernel('forward_narrow', forwardBuffers);
const backwardInput = kernel('backward_input', backwardBuffers);
const backwardInputNarrow = kernel('backward_input_narrow', backwardBuffers);
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
  const narrow = cols <= NARROW_COLS;
  const workgroups = narrow ? threadGroups(rows) : rows;
  recorder.dispatch(narrow ? forwardNarrow : forward, {
    uniforms: values,
    tensors: { x, weight, bias, y, moments },
    workgroups,
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
    recorder.dispatch(narrow ? backwardInputNarrow : backwardInput, {
      uniforms: values,
      tensors: { x, weight, saved: moments, dy, dx },
      workgroups,
    });
    tape.addGrad(x, dx);
  });
  return y;
}
