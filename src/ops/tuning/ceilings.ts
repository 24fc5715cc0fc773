/** Kernels that do one thing only, copy or multiply and add: what a device gives at best, for judging others by. */
import { kernelsOf, type Recorder, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('ceilings', ['count', 'steps', 'factor']);
const copy = kernel('copy', { reads: ['x'], writes: ['y'] });
const multiplyAdd = kernel('multiply_add', { reads: ['x'], writes: ['y'] });

/** The most that a device gave. */
export interface Ceilings {
  readonly gflops: number;
  /** Bytes read and written, in 1e9 a second. */
  readonly gigabytes: number;
}

/** Operations of one thread in one step of a chain: eight links of eight chains of vec4, a multiplication and an addition each. */
export const CHAIN_OPERATIONS = 512;

function record(recorder: Recorder, kernel: typeof copy, x: Tensor, steps: number): Tensor {
  const count = x.shape[0]! / 4;
  const y = recorder.temp(`${kernel.entry} output`, x.shape);
  const workgroups = Math.ceil(count / 64);
  recorder.dispatch(kernel, { uniforms: { count, steps, factor: 0.5 }, tensors: { x, y }, workgroups });
  return y;
}

/** A copy of x f32 [n], n divisible by 4. */
export const recordCopy = (recorder: Recorder, x: Tensor): Tensor => record(recorder, copy, x, 0);

/** Chains of that many steps on x f32 [n], by n / 4 threads. */
export const recordChains = (recorder: Recorder, x: Tensor, steps: number): Tensor =>
  record(recorder, multiplyAdd, x, steps);
