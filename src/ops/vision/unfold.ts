import { defineKernel, expectShape, read, sizeOf, type Tape, type Tensor, write } from '../../gpu/index.ts';

const uniforms = {
  frames: 'u32',
  height: 'u32',
  width: 'u32',
  channels: 'u32',
  kernelT: 'u32',
  kernelH: 'u32',
  kernelW: 'u32',
  strideT: 'u32',
  strideH: 'u32',
  strideW: 'u32',
  padT: 'u32',
  padH: 'u32',
  padW: 'u32',
  outFrames: 'u32',
  outHeight: 'u32',
  outWidth: 'u32',
  channelsFirst: 'u32',
} as const;
const forward = defineKernel({
  shader: 'unfold',
  entry: 'forward',
  uniforms,
  bindings: { x: read(1), y: write(2) },
});
const backward = defineKernel({
  shader: 'unfold',
  entry: 'backward',
  uniforms,
  bindings: { dy: read(3), dx: write(4) },
});

type Extents = readonly [t: number, h: number, w: number];

export interface UnfoldOptions {
  readonly kernel: Extents;
  readonly stride: Extents;
  /** Zeros before the first frame, row and column; what lies behind the last ones is zero too. */
  readonly padding: Extents;
  /** Extents of the result; fewer than the padding would allow drops the last ones. */
  readonly output: Extents;
  /** Layout of x: `channels-last` [T, H, W, C] (default) or `channels-first` [T, C, H, W]. */
  readonly layout?: 'channels-last' | 'channels-first';
}

/**
 * Patches as rows: x of four axes → [T'·H'·W', C·kt·kh·kw], columns in the order (c, kt, kh, kw), so that
 * `linear(unfold(x), reshape(weight, [out, C·kt·kh·kw]))` is the 1-D, 2-D or 3-D convolution with that weight (why: D-005).
 * Backward: dx overwritten, each element the sum over the patches that hold it.
 */
export function unfold(tape: Tape, x: Tensor, options: UnfoldOptions): Tensor {
  expectShape('unfold x', x, [-1, -1, -1, -1]);
  const { kernel, stride, padding, output, layout = 'channels-last' } = options;
  const channelsFirst = layout === 'channels-first';
  const [frames, a, b, c] = x.shape as [number, number, number, number];
  const [height, width, channels] = channelsFirst ? [b, c, a] : [a, b, c];
  const values = {
    ...{ frames, height, width, channels },
    ...{ kernelT: kernel[0], kernelH: kernel[1], kernelW: kernel[2] },
    ...{ strideT: stride[0], strideH: stride[1], strideW: stride[2] },
    ...{ padT: padding[0], padH: padding[1], padW: padding[2] },
    ...{ outFrames: output[0], outHeight: output[1], outWidth: output[2] },
    channelsFirst: channelsFirst ? 1 : 0,
  };
  const { recorder } = tape;
  const y = recorder.temp('unfold', [sizeOf(output), channels * sizeOf(kernel)]);
  const workgroups = Math.ceil(sizeOf(y.shape) / 64);
  recorder.dispatch(forward, { uniforms: values, tensors: { x, y }, workgroups });
  tape.record([y], [x], () => {
    const dx = recorder.temp('d unfold', x.shape);
    recorder.dispatch(backward, {
      uniforms: values,
      tensors: { dy: tape.gradOf(y)!, dx },
      workgroups: Math.ceil(sizeOf(x.shape) / 64),
    });
    tape.addGrad(x, dx);
  });
  return y;
}
