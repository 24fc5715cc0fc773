import type { Tape, Tensor } from '../../gpu/index.ts';
import { addColumnSums } from '../column-sum.ts';
import { swiglu } from '../elementwise.ts';
import { matmul } from './matmul.ts';
import { matrixExtents } from './matrix.ts';

/** Low-rank update of a linear layer: W + scale · b · a (Hu et al. 2021, arXiv 2106.09685). */
export interface LoraAdapter {
  /** [rank, in] f32. */
  readonly a: Tensor;
  /** [out, rank] f32. */
  readonly b: Tensor;
  /** alpha / rank. */
  readonly scale: number;
}

/** The epilogue that a linear layer is fused with, [n, out] each. */
export interface Fused {
  /** Is added. */
  readonly addend?: Tensor | undefined;
  /** silu(gate) multiplies the sum: the second half of a gated MLP. A backward pass would need the sum: with one, it is a pass of its own. */
  readonly gate?: Tensor | undefined;
}

function output(tape: Tape, label: string, x: Tensor, weight: Tensor): Tensor {
  return tape.recorder.temp(label, [...x.shape.slice(0, -1), matrixExtents(weight).rows]);
}

/** dx = dy·W and what has reached x before, on a new tensor. */
function inputGradient(tape: Tape, x: Tensor, dy: Tensor, weight: Tensor, before?: Tensor): Tensor {
  const dx = tape.recorder.temp('d linear', x.shape);
  matmul(tape.recorder, 'nn', { a: dy, b: weight, out: dx, addend: before });
  return dx;
}

/** dW += dyᵀ·x and db += column sums of dy, for whichever of the two is trained. */
function accumulateParameters(tape: Tape, x: Tensor, dy: Tensor, weight: Tensor, bias?: Tensor): void {
  const { recorder } = tape;
  if (weight.grad) matmul(recorder, 'tn', { a: dy, b: x, out: weight.grad, accumulate: true });
  if (bias?.grad) addColumnSums(recorder, dy, bias.grad);
}

/**
 * y = silu(gate) · (x·Wᵀ + bias + addend). x [n, in] (or [..., in]), weight [out, in] in any weight format, bias [out] f32, gate,
 * addend and y [n, out]. Backward: dx = dy·W, added to what has reached x; dW += dyᵀ·x and db += column sums of dy in `weight.grad` and `bias.grad`.
 */
export function linear(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, fused: Fused = {}): Tensor {
  const { addend, gate } = fused;
  if (gate && tape.isRecording) return swiglu(tape, gate, linear(tape, x, weight, bias, { addend }));
  const y = output(tape, 'linear', x, weight);
  matmul(tape.recorder, 'nt', { a: x, b: weight, out: y, bias, addend, gate });
  tape.record([y], [x, weight, bias, addend], () => {
    const dy = tape.gradOf(y)!;
    if (addend) tape.addGrad(addend, dy);
    accumulateParameters(tape, x, dy, weight, bias);
    tape.mergeGrad(x, (before) => inputGradient(tape, x, dy, weight, before));
  });
  return y;
}

/**
 * y = x·Wᵀ + bias + scale · (x·Aᵀ)·Bᵀ + addend, times silu(gate). Shapes as in `linear`.
 * Backward: dB += scale · dyᵀ·h with h = x·Aᵀ; dh = scale · dy·B; dA += dhᵀ·x; dx = dy·W + dh·A, added to what
 * has reached x; W, bias, addend and gate as in `linear`.
 */
export function loraLinear(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  adapter: LoraAdapter,
  fused: Fused = {},
): Tensor {
  const { addend, gate } = fused;
  if (gate && tape.isRecording) {
    return swiglu(tape, gate, loraLinear(tape, x, weight, bias, adapter, { addend }));
  }
  const { a, b, scale } = adapter;
  const { recorder } = tape;
  const y = output(tape, 'loraLinear', x, weight);
  const h = output(tape, 'loraLinear h', x, a);
  matmul(recorder, 'nt', { a: x, b: weight, out: y, bias });
  matmul(recorder, 'nt', { a: x, b: a, out: h });
  matmul(recorder, 'nt', { a: h, b, out: y, alpha: scale, accumulate: true, addend, gate });
  tape.record([y], [x, weight, bias, a, b, addend], () => {
    const dy = tape.gradOf(y)!;
    if (addend) tape.addGrad(addend, dy);
    accumulateParameters(tape, x, dy, weight, bias);
    if (b.grad) matmul(recorder, 'tn', { a: dy, b: h, out: b.grad, alpha: scale, accumulate: true });
    if (!a.grad && !tape.needsGrad(x)) return;
    const dh = recorder.temp('d loraLinear h', h.shape);
    matmul(recorder, 'nn', { a: dy, b, out: dh, alpha: scale });
    if (a.grad) matmul(recorder, 'tn', { a: dh, b: x, out: a.grad, accumulate: true });
    tape.mergeGrad(x, (before) => {
      const dx = inputGradient(tape, x, dy, weight, before);
      matmul(recorder, 'nn', { a: dh, b: a, out: dx, accumulate: true });
      return dx;
    });
  });
  return y;
}
