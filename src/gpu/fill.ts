import { kernelsOf } from './kernel.ts';
import type { Recorder } from './recorder.ts';
import { sizeOf, type Tensor } from './tensor.ts';

const fill = kernelsOf('accumulate', ['count', 'value'])('fill', { writes: ['out'] });

/** Records that every f32 of `target` becomes 0. */
export function fillZeros(recorder: Recorder, target: Tensor): void {
  const count = sizeOf(target.shape);
  recorder.dispatch(fill, {
    uniforms: { count, value: 0 },
    tensors: { out: target },
    workgroups: Math.ceil(count / 64),
  });
}

/** A planned tensor of zeros. */
export function zeros(recorder: Recorder, label: string, shape: readonly number[]): Tensor {
  const target = recorder.temp(label, shape);
  fillZeros(recorder, target);
  return target;
}
