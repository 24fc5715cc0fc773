import { defineKernel, expectShape, read, sizeOf, type Tape, type Tensor, write } from '../../gpu/index.ts';

const uniforms = { frames: 'u32', pixels: 'u32', channels: 'u32' } as const;
const mean = defineKernel({
  shader: 'squeeze',
  entry: 'mean',
  uniforms,
  bindings: { x: read(1), out: write(4) },
});
const meanBackward = defineKernel({
  shader: 'squeeze',
  entry: 'mean_backward',
  uniforms,
  bindings: { dmean: read(2), dx: write(3) },
});
const scale = defineKernel({
  shader: 'squeeze',
  entry: 'scale',
  uniforms,
  bindings: { x: read(1), z: read(2), out: write(3) },
});
const scaleBackwardFactor = defineKernel({
  shader: 'squeeze',
  entry: 'scale_backward_factor',
  uniforms,
  bindings: { x: read(1), dy: read(5), dz: write(4) },
});

const perElement = (tensor: Tensor): number => Math.ceil(sizeOf(tensor.shape) / 64);

/** Mean over the pixels of each frame: x [T, P, C] → [T, C]. Backward: dx overwritten. */
export function spatialMean(tape: Tape, x: Tensor): Tensor {
  expectShape('spatialMean x', x, [-1, -1, -1]);
  const [frames, pixels, channels] = x.shape as [number, number, number];
  const values = { frames, pixels, channels };
  const { recorder } = tape;
  const out = recorder.temp('spatialMean', [frames, channels]);
  recorder.dispatch(mean, { uniforms: values, tensors: { x, out }, workgroups: perElement(out) });
  tape.record([out], [x], () => {
    const dx = recorder.temp('d spatialMean', x.shape);
    recorder.dispatch(meanBackward, {
      uniforms: values,
      tensors: { dmean: tape.gradOf(out)!, dx },
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
  recorder.dispatch(scale, { uniforms: values, tensors: { x, z, out }, workgroups: perElement(x) });
  tape.record([out], [x, z], () => {
    const dy = tape.gradOf(out)!;
    if (tape.needsGrad(z)) {
      const dz = recorder.temp('d scaleChannels z', z.shape);
      recorder.dispatch(scaleBackwardFactor, {
        uniforms: values,
        tensors: { x, dy, dz },
        workgroups: perElement(z),
      });
      tape.addGrad(z, dz);
    }
    if (tape.needsGrad(x)) {
      const dx = recorder.temp('d scaleChannels x', x.shape);
      recorder.dispatch(scale, {
        uniforms: values,
        tensors: { x: dy, z, out: dx },
        workgroups: perElement(x),
      });
      tape.addGrad(x, dx);
    }
  });
  return out;
}
