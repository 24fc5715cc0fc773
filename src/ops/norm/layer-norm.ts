import { defineKernel, expectShape, read, type Tape, type Tensor, update, write } from '../../gpu/index.ts';
import { addColumnSums } from '../column-sum.ts';
import { matrixExtents, threadGroups } from '../matmul/matrix.ts';

const shader = 'layer_norm';
const uniforms = { rows: 'u32', cols: 'u32', eps: 'f32' } as const;
const forward = defineKernel({
  shader,
  entry: 'forward',
  uniforms,
  bindings: { x: read(1), weight: read(2), bias: read(3), y: write(4), moments: write(5) },
});
const backwardInput = defineKernel({
  shader,
  entry: 'backward_input',
  uniforms,
  bindings: { x: read(1), weight: read(2), moments: read(6), dy: read(7), dx: write(8) },
});
const backwardWeight = defineKernel({
  shader,
  entry: 'backward_weight',
  uniforms,
  bindings: { x: read(1), moments: read(6), dy: read(7), dweight: update(9) },
});

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
        tensors: { x, moments, dy, dweight: weight.grad },
        workgroups: threadGroups(cols),
      });
    }
    if (bias.grad) addColumnSums(recorder, dy, bias.grad);
    if (!tape.needsGrad(x)) return;
    const dx = recorder.temp('d layerNorm', x.shape);
    recorder.dispatch(backwardInput, {
      uniforms: values,
      tensors: { x, weight, moments, dy, dx },
      workgroups: rows,
    });
    tape.addGrad(x, dx);
  });
  return y;
}
