import { defineKernel, write } from './kernel.ts';
import type { Recorder } from './recorder.ts';
import { sizeOf, type Tensor } from './tensor.ts';

const kernel = defineKernel({
  shader: 'accumulate',
  entry: 'fill',
  uniforms: { count: 'u32', value: 'f32' },
  bindings: { target: write(3) },
});

/** Records that every f32 of `target` becomes 0. */
export function fillZeros(recorder: Recorder, target: Tensor): void {
  const count = sizeOf(target.shape);
  recorder.dispatch(kernel, {
    uniforms: { count, value: 0 },
    tensors: { target },
    workgroups: Math.ceil(count / 64),
  });
}

/** A planned tensor of zeros. */
export function zeros(recorder: Recorder, label: string, shape: readonly number[]): Tensor {
  const target = recorder.temp(label, shape);
  fillZeros(recorder, target);
  return target;
}
