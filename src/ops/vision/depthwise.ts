import { expectShape, kernelsOf, sizeOf, type Tape, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('depthwise', ['frames', 'height', 'width', 'channels']);
const forward = kernel('forward', { reads: ['x', 'weight'], writes: ['y'] });
const backwardInput = kernel('backward_input', { reads: ['weight', 'dy'], writes: ['dx'] });
const backwardWeight = kernel('backward_weight', { reads: ['x', 'dy'], updates: ['dweight'] });

/**
 * 3×3 convolution of every channel by itself, padding 1, no bias. x [T, H, W, C], weight [C, 3, 3] f32 → [T, H, W, C].
 * Backward: dx overwritten; dweight accumulated into `weight.grad`.
 */
export function depthwise3x3(tape: Tape, x: Tensor, weight: Tensor): Tensor {
  expectShape('depthwise3x3 x', x, [-1, -1, -1, -1]);
  const [frames, height, width, channels] = x.shape as [number, number, number, number];
  expectShape('depthwise3x3 weight', weight, [channels, 3, 3]);
  const values = { frames, height, width, channels };
  const { recorder } = tape;
  const y = recorder.temp('depthwise3x3', x.shape);
  const workgroups = Math.ceil(sizeOf(x.shape) / 64);
  recorder.dispatch(forward, { uniforms: values, tensors: { x, weight, y }, workgroups });
  tape.record([y], [x, weight], () => {
    const dy = tape.gradOf(y)!;
    if (weight.grad) {
      recorder.dispatch(backwardWeight, {
        uniforms: values,
        tensors: { x, dy, dweight: weight.grad },
        workgroups: Math.ceil((channels * 9) / 64),
      });
    }
    if (tape.needsGrad(x)) {
      const dx = recorder.temp('d depthwise3x3', x.shape);
      recorder.dispatch(backwardInput, { uniforms: values, tensors: { weight, dy, dx }, workgroups });
      tape.addGrad(x, dx);
    }
  });
  return y;
}
