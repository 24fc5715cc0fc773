import { expectShape, kernelsOf, sizeOf, type Tape, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('unfold', [
  ...['frames', 'height', 'width', 'channels'],
  ...['kernel_t', 'kernel_h', 'kernel_w', 'stride_t', 'stride_h', 'stride_w', 'pad_t', 'pad_h', 'pad_w'],
  ...['out_frames', 'out_height', 'out_width', 'channels_first'],
]);
const forward = kernel('forward', { reads: ['x'], writes: ['y'] });
const backward = kernel('backward', { reads: ['dy'], writes: ['dx'] });

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
    ...{ kernel_t: kernel[0], kernel_h: kernel[1], kernel_w: kernel[2] },
    ...{ stride_t: stride[0], stride_h: stride[1], stride_w: stride[2] },
    ...{ pad_t: padding[0], pad_h: padding[1], pad_w: padding[2] },
    ...{ out_frames: output[0], out_height: output[1], out_width: output[2] },
    channels_first: channelsFirst ? 1 : 0,
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
