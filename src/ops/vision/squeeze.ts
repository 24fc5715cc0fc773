import { expectShape, kernelsOf, sizeOf, type Tape, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('squeeze', ['frames', 'pixels', 'channels']);
const mean = kernel('mean', { reads: ['x'], writes: ['row_out'] });
const meanBackward = kernel('mean_backward', { reads: ['z'], writes: ['map_out'] });
const scale = kernel('scale', { reads: ['x', 'z'], writes: ['map_out'] });
const scaleBackwardFactor = kernel('scale_backward_factor', { reads: ['x', 'dy'], writes: ['row_out'] });

const perElement = (tensor: Tensor): number => Math.ceil(sizeOf(tensor.shape) / 64);

/** Mean over the pixels of each frame: x [T, P, C] → [T, C]. Backward: dx overwritten. */
export function spatialMean(tape: Tape, x: Tensor): Tensor {
  expectShape('spatialMean x', x, [-1, -1, -1]);
  const [frames, pixels, channels] = x.shape as [number, number, number];
  const values = { frames, pixels, channels };
  const { recorder } = tape;
  const out = recorder.temp('spatialMean', [frames, channels]);
  recorder.dispatch(mean, { uniforms: values, tensors: { x, row_out: out }, workgroups: perElement(out) });
  tape.record([out], [x], () => {
    const dx = recorder.temp('d spatialMean', x.shape);
    recorder.dispatch(meanBackward, {
      uniforms: values,
      tensors: { z: tape.gradOf(out)!, map_out: dx },
      workgroups: perElement(dx),
    });
    tape.addGrad(x, dx);
  });
  return out;
}

/** Every channel of every frame times its factor: x [T, P, C], z [T, C] → [T, P, C]. Backward: dx, dz overwritten. */
export function scaleChannels(tape: Tape, x: Tensor, z: Tensor): Tensor {
  expectShape('scaleChannels x', x, [-1, -1, -1]);
  const [frames, pixels, channels] = x.shape as [number, number, number];
  expectShape('scaleChannels z', z, [frames, channels]);
  const values = { frames, pixels, channels };
  const { recorder } = tape;
  const out = recorder.temp('scaleChannels', x.shape);
  recorder.dispatch(scale, { uniforms: values, tensors: { x, z, map_out: out }, workgroups: perElement(x) });
  tape.record([out], [x, z], () => {
    const dy = tape.gradOf(out)!;
    if (tape.needsGrad(z)) {
      const dz = recorder.temp('d scaleChannels z', z.shape);
      recorder.dispatch(scaleBackwardFactor, {
        uniforms: values,
        tensors: { x, dy, row_out: dz },
        workgroups: perElement(z),
      });
      tape.addGrad(z, dz);
    }
    if (tape.needsGrad(x)) {
      const dx = recorder.temp('d scaleChannels x', x.shape);
      recorder.dispatch(scale, {
        uniforms: values,
        tensors: { x: dy, z, map_out: dx },
        workgroups: perElement(x),
      });
      tape.addGrad(x, dx);
    }
  });
  return out;
}
