/** RegNet stages (Radosavovic et al. 2020, arXiv 2003.13678) with LayerNorm, as the video projectors use them. */

import type { Weights } from '../../decoder/weights.ts';
import { reshape, sizeOf, type Tape, type Tensor } from '../../gpu/index.ts';
import { roundHalfEven } from '../../math/half.ts';
import { add, sigmoid, silu } from '../../ops/elementwise.ts';
import { depthwise3x3 } from '../../ops/vision/depthwise.ts';
import { scaleChannels, spatialMean } from '../../ops/vision/squeeze.ts';
import { applyLinear, applyNorm, type Linear, type Norm, openNorm } from '../shared/encoder-layer.ts';

const LAYER_NORM_EPS = 1e-5;
const SQUEEZE_RATIO = 0.25;

interface ConvNorm {
  readonly conv: Tensor;
  readonly norm: Norm;
}

export interface RegBlock {
  readonly conv1: ConvNorm;
  /** Depthwise, [channels, 3, 3]. */
  readonly conv2: ConvNorm;
  readonly squeeze: Linear;
  readonly excite: Linear;
  readonly conv3: ConvNorm;
  /** On the shortcut, where the width changes. */
  readonly downsample?: ConvNorm;
}

function openPointwise(open: Weights, name: string, outputs: number, inputs: number): ConvNorm {
  const conv = open(`${name}.conv.weight`, [outputs, inputs, 1, 1]);
  return { conv: reshape(conv, [outputs, inputs]), norm: openNorm(open, `${name}.bn`, outputs) };
}

function openSqueeze(open: Weights, name: string, outputs: number, inputs: number): Linear {
  const weight = open(`${name}.weight`, [outputs, inputs, 1, 1]);
  return { weight: reshape(weight, [outputs, inputs]), bias: open(`${name}.bias`, [outputs]) };
}

function openBlock(open: Weights, name: string, inputs: number, width: number): RegBlock {
  const hidden = roundHalfEven(inputs * SQUEEZE_RATIO);
  const depthwise = open(`${name}.conv2.conv.weight`, [width, 1, 3, 3], { as: 'f32' });
  return {
    conv1: openPointwise(open, `${name}.conv1`, width, inputs),
    conv2: { conv: reshape(depthwise, [width, 3, 3]), norm: openNorm(open, `${name}.conv2.bn`, width) },
    squeeze: openSqueeze(open, `${name}.se.fc1`, hidden, width),
    excite: openSqueeze(open, `${name}.se.fc2`, width, hidden),
    conv3: openPointwise(open, `${name}.conv3`, width, width),
    ...(inputs === width ? {} : { downsample: openPointwise(open, `${name}.downsample`, width, inputs) }),
  };
}

/** Opens blocks b1 … b`depth`; the first one takes `inputs` channels. */
export function openRegStage(
  open: Weights,
  name: string,
  depth: number,
  inputs: number,
  width: number,
): readonly RegBlock[] {
  return Array.from({ length: depth }, (_, index) =>
    openBlock(open, `${name}.b${index + 1}`, index === 0 ? inputs : width, width),
  );
}

/** 1×1 convolution and LayerNorm over channels: [T, H, W, in] → [T, H, W, out]. */
function pointwise(tape: Tape, x: Tensor, { conv, norm }: ConvNorm): Tensor {
  const rows = reshape(x, [sizeOf(x.shape.slice(0, 3)), x.shape[3]!]);
  const y = applyNorm(tape, applyLinear(tape, rows, { weight: conv }), norm, LAYER_NORM_EPS);
  return reshape(y, [...x.shape.slice(0, 3), conv.shape[0]!]);
}

function depthwise(tape: Tape, x: Tensor, { conv, norm }: ConvNorm): Tensor {
  const rows = [sizeOf(x.shape.slice(0, 3)), x.shape[3]!];
  const y = applyNorm(tape, reshape(depthwise3x3(tape, x, conv), rows), norm, LAYER_NORM_EPS);
  return reshape(y, x.shape);
}

/** Squeeze and excitation (Hu et al. 2018, arXiv 1709.01507): channels scaled by what their means say. */
function squeezeExcite(tape: Tape, x: Tensor, squeeze: Linear, excite: Linear): Tensor {
  const [frames, height, width, channels] = x.shape as [number, number, number, number];
  const map = reshape(x, [frames, height * width, channels]);
  const hidden = silu(tape, applyLinear(tape, spatialMean(tape, map), squeeze));
  const factors = sigmoid(tape, applyLinear(tape, hidden, excite));
  return reshape(scaleChannels(tape, map, factors), x.shape);
}

function regBlock(tape: Tape, x: Tensor, block: RegBlock): Tensor {
  const first = silu(tape, pointwise(tape, x, block.conv1));
  const second = silu(tape, depthwise(tape, first, block.conv2));
  const third = pointwise(tape, squeezeExcite(tape, second, block.squeeze, block.excite), block.conv3);
  const shortcut = block.downsample ? pointwise(tape, x, block.downsample) : x;
  return silu(tape, add(tape, third, shortcut));
}

/** x [T, H, W, inputs] → [T, H, W, width]. */
export function regStage(tape: Tape, x: Tensor, blocks: readonly RegBlock[]): Tensor {
  return blocks.reduce((map, block) => regBlock(tape, map, block), x);
}
