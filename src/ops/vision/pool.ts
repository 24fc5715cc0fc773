import { expectShape, kernelsOf, sizeOf, type Tape, type Tensor } from '../../gpu/index.ts';

const uniforms = ['rows', 'cols', 'group', 'frames', 'height', 'width'] as const;
const kernel = kernelsOf('pool', uniforms);
const pair = (entry: string) => ({
  forward: kernel(entry, { reads: ['x'], writes: ['y'] }),
  backward: kernel(`${entry}_backward`, { reads: ['dy'], writes: ['dx'] }),
});
const average = pair('average');
const halve = pair('halve');

type Values = Readonly<Record<(typeof uniforms)[number], number>>;

function pool(
  tape: Tape,
  x: Tensor,
  shape: readonly number[],
  kernels: typeof average,
  values: Values,
): Tensor {
  const { recorder } = tape;
  const y = recorder.temp('pool', shape);
  recorder.dispatch(kernels.forward, {
    uniforms: values,
    tensors: { x, y },
    workgroups: Math.ceil(sizeOf(shape) / 64),
  });
  tape.record([y], [x], () => {
    const dx = recorder.temp('d pool', x.shape);
    recorder.dispatch(kernels.backward, {
      uniforms: values,
      tensors: { dy: tape.gradOf(y)!, dx },
      workgroups: Math.ceil(sizeOf(x.shape) / 64),
    });
    tape.addGrad(x, dx);
  });
  return y;
}

/** Means of consecutive groups of rows: x [n, d] → [floor(n / group), d]. Backward: dx overwritten. */
export function averageRows(tape: Tape, x: Tensor, group: number): Tensor {
  expectShape('averageRows x', x, [-1, -1]);
  const [rows, cols] = x.shape as [number, number];
  const pooled = Math.floor(rows / group);
  if (pooled < 1)
    throw new Error(`averageRows: ${x.label} has ${rows} rows, fewer than one group of ${group}.`);
  return pool(tape, x, [pooled, cols], average, { rows, cols, group, frames: 1, height: 1, width: 1 });
}

/**
 * Bilinear resize with half-pixel centres to half the sides: x [T, H, W, C] → [T, ceil(H/2), ceil(W/2), C].
 * Backward: dx overwritten.
 */
export function halveMaps(tape: Tape, x: Tensor): Tensor {
  expectShape('halveMaps x', x, [-1, -1, -1, -1]);
  const [frames, height, width, cols] = x.shape as [number, number, number, number];
  const shape = [frames, Math.ceil(height / 2), Math.ceil(width / 2), cols];
  return pool(tape, x, shape, halve, { rows: 1, cols, group: 1, frames, height, width });
}
