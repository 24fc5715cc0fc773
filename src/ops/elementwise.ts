import { expectShape, kernelsOf, sizeOf, type Tape, type Tensor } from '../gpu/index.ts';
import { threadGroups } from './matmul/matrix.ts';

/** What shaders/elementwise.wgsl calls ACTIVATION. */
const ACTIVATIONS = {
  silu: 0,
  sigmoid: 1,
  geluErf: 2,
  geluTanh: 3,
  geluQuick: 4,
  tanh: 5,
  relu: 6,
} as const;
type Activation = keyof typeof ACTIVATIONS;

const kernel = kernelsOf('elementwise', ['count', 'alpha']);
const forward = kernel('forward', { reads: ['x'], writes: ['y'] });
const scaleKernel = kernel('scale', { reads: ['x'], writes: ['y'] });
const backward = kernel('backward', { reads: ['x', 'dy'], writes: ['dx'] });
const forwardProduct = kernel('forward_product', { reads: ['x', 'factor'], writes: ['y'] });
const backwardProduct = kernel('backward_product', {
  reads: ['x', 'factor', 'dy'],
  writes: ['dx', 'dfactor'],
});
const sumKernel = kernelsOf('accumulate', ['count', 'value'])('sum', { reads: ['a', 'b'], writes: ['out'] });

function activate(tape: Tape, x: Tensor, activation: Activation): Tensor {
  const { recorder } = tape;
  const count = sizeOf(x.shape);
  const shared = {
    uniforms: { count, alpha: 1 },
    workgroups: threadGroups(count),
    defines: { ACTIVATION: ACTIVATIONS[activation] },
  };
  const y = recorder.temp(activation, x.shape);
  recorder.dispatch(forward, { ...shared, tensors: { x, y } });
  tape.record([y], [x], () => {
    const dx = recorder.temp(`d ${activation}`, x.shape);
    recorder.dispatch(backward, { ...shared, tensors: { x, dy: tape.gradOf(y)!, dx } });
    tape.addGrad(x, dx);
  });
  return y;
}

/** y = x · sigmoid(x), any shape (Elfwing et al. 2017, arXiv 1702.03118). */
export function silu(tape: Tape, x: Tensor): Tensor {
  return activate(tape, x, 'silu');
}

/** y = 1 / (1 + exp(-x)), any shape. */
export function sigmoid(tape: Tape, x: Tensor): Tensor {
  return activate(tape, x, 'sigmoid');
}

/** y = tanh(x), any shape. */
export function tanh(tape: Tape, x: Tensor): Tensor {
  return activate(tape, x, 'tanh');
}

/** y = max(x, 0), any shape; its slope at 0 is 0. */
export function relu(tape: Tape, x: Tensor): Tensor {
  return activate(tape, x, 'relu');
}

/** What `gelu` computes: exactly, by its tanh form, or by its sigmoid form. */
export type GeluForm = 'erf' | 'tanh' | 'quick';
const GELU = { erf: 'geluErf', tanh: 'geluTanh', quick: 'geluQuick' } as const;

/**
 * y = x · Phi(x), any shape, exactly (`erf`), by its tanh form, or as x · sigmoid(1.702 x) (`quick`); all three are of
 * Hendrycks & Gimpel 2016, arXiv 1606.08415.
 */
export function gelu(tape: Tape, x: Tensor, form: GeluForm): Tensor {
  return activate(tape, x, GELU[form]);
}

/** y = silu(gate) · up, shapes equal (Shazeer 2020, arXiv 2002.05202). */
export function swiglu(tape: Tape, gate: Tensor, up: Tensor): Tensor {
  expectShape('swiglu', up, gate.shape);
  const { recorder } = tape;
  const count = sizeOf(gate.shape);
  const shared = {
    uniforms: { count, alpha: 1 },
    workgroups: threadGroups(count),
    defines: { ACTIVATION: ACTIVATIONS.silu },
  };
  const y = recorder.temp('swiglu', gate.shape);
  recorder.dispatch(forwardProduct, { ...shared, tensors: { x: gate, factor: up, y } });
  tape.record([y], [gate, up], () => {
    const dx = recorder.temp('d swiglu gate', gate.shape);
    const dfactor = recorder.temp('d swiglu up', up.shape);
    const tensors = { x: gate, factor: up, dy: tape.gradOf(y)!, dx, dfactor };
    recorder.dispatch(backwardProduct, { ...shared, tensors });
    tape.addGrad(gate, dx);
    tape.addGrad(up, dfactor);
  });
  return y;
}

/** y = factor · x with a constant factor, any shape. */
export function scale(tape: Tape, x: Tensor, factor: number): Tensor {
  const { recorder } = tape;
  const count = sizeOf(x.shape);
  const shared = {
    uniforms: { count, alpha: factor },
    workgroups: threadGroups(count),
    defines: { ACTIVATION: ACTIVATIONS.silu },
  };
  const y = recorder.temp('scale', x.shape);
  recorder.dispatch(scaleKernel, { ...shared, tensors: { x, y } });
  tape.record([y], [x], () => {
    const dx = recorder.temp('d scale', x.shape);
    recorder.dispatch(scaleKernel, { ...shared, tensors: { x: tape.gradOf(y)!, y: dx } });
    tape.addGrad(x, dx);
  });
  return y;
}

/** a + b, shapes equal. */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  expectShape('add', b, a.shape);
  const count = sizeOf(a.shape);
  const out = tape.recorder.temp('add', a.shape);
  tape.recorder.dispatch(sumKernel, {
    uniforms: { count, value: 0 },
    tensors: { a, b, out },
    workgroups: threadGroups(count),
  });
  tape.record([out], [a, b], () => {
    const gradient = tape.gradOf(out)!;
    tape.addGrad(a, gradient);
    tape.addGrad(b, gradient);
  });
  return out;
}
