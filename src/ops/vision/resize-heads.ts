import { expectShape, kernelsOf, type Recorder, type Tape, type Tensor } from '../../gpu/index.ts';

const resize = kernelsOf('resize_heads', ['rows', 'heads', 'from_dim', 'to_dim'])('resize', {
  reads: ['source'],
  writes: ['resized'],
});

function dispatchResize(recorder: Recorder, source: Tensor, heads: number, from: number, to: number): Tensor {
  const rows = source.shape[0]!;
  const resized = recorder.temp(`${source.label} resized`, [rows, heads * to]);
  recorder.dispatch(resize, {
    uniforms: { rows, heads, from_dim: from, to_dim: to },
    tensors: { source, resized },
    workgroups: Math.ceil((rows * heads * to) / 64),
  });
  return resized;
}

/**
 * x [n, heads·from] with `to` columns to a head: [n, heads·to]. New columns are 0, those that do not fit are dropped.
 * Backward: the same the other way round.
 */
export function resizeHeads(tape: Tape, x: Tensor, heads: number, from: number, to: number): Tensor {
  expectShape('resizeHeads', x, [-1, heads * from]);
  const y = dispatchResize(tape.recorder, x, heads, from, to);
  tape.record([y], [x], () => {
    if (tape.needsGrad(x)) tape.addGrad(x, dispatchResize(tape.recorder, tape.gradOf(y)!, heads, to, from));
  });
  return y;
}
