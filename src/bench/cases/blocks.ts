/** Pieces of a Qwen2 decoder, each written for our engine, for tfjs and for jax-js. */

import { decode, openQwen2, QWEN2, type Qwen2Config } from '../../decoder/qwen2.ts';
import type { Tensor } from '../../gpu/index.ts';
import { attention } from '../../ops/attention/attention.ts';
import { swiglu } from '../../ops/elementwise.ts';
import { linear } from '../../ops/matmul/linear.ts';
import { rmsNorm } from '../../ops/norm/rms-norm.ts';
import { passCost } from '../../rl/measure/cost-model.ts';
import * as jax from '../peers/decoder-jax.ts';
import * as tfjs from '../peers/decoder-tfjs.ts';
import type { Block, Named } from './block.ts';
import { causalRows, uploadRows } from './causal-rows.ts';
import { costShape, NO_REFERENCE, sumCosts } from './costs.ts';
import { type DecoderShape, EPSILON, THETA } from './shapes.ts';

export function configOf(shape: DecoderShape, tokens: number, layers: number): Qwen2Config {
  const { hidden, intermediate, heads, kvHeads, headDim } = shape;
  return {
    ...QWEN2,
    hiddenSize: hidden,
    intermediateSize: intermediate,
    layers,
    heads,
    kvHeads,
    headDim,
    vocabSize: 8,
    maxPositions: tokens,
    rmsNormEps: EPSILON,
    ropeTheta: THETA,
    tieWordEmbeddings: true,
  };
}

const F32 = 4;
const LAYER = 'model.layers.0.';
const at = (shape: DecoderShape, tokens: number): string => `${shape.name} ${tokens} tokens`;

export function normBlock(shape: DecoderShape, tokens: number): Block {
  return {
    kernel: 'norm forward+backward',
    shape: at(shape, tokens),
    inputs: { x: [tokens, shape.hidden], weight: [shape.hidden] },
    compared: 'x',
    output: [tokens, shape.hidden],
    // x, y; x, dy, dx.
    cost: { flops: 0, bytes: 5 * F32 * tokens * shape.hidden },
    ours:
      () =>
      (tape, { x, weight }) =>
        rmsNorm(tape, x!, weight!, EPSILON),
    tfjs: ({ x, weight }) => tfjs.rmsNorm(x!, weight!),
    jax: ({ x, weight }) => jax.rmsNorm(x!, weight!),
  };
}

export function mlpBlock(shape: DecoderShape, tokens: number): Block {
  const { hidden, intermediate } = shape;
  const weights = 3 * hidden * intermediate;
  return {
    kernel: 'mlp forward+backward',
    shape: at(shape, tokens),
    inputs: {
      x: [tokens, hidden],
      'gate.weight': [intermediate, hidden],
      'up.weight': [intermediate, hidden],
      'down.weight': [hidden, intermediate],
    },
    compared: 'x',
    output: [tokens, hidden],
    // Weights are read twice and get gradients; of a token, x, gate, up, their product and y pass five times.
    cost: {
      flops: 3 * 2 * tokens * weights,
      bytes: F32 * (3 * weights + 5 * tokens * (2 * hidden + 3 * intermediate)),
    },
    ours: () => (tape, inputs) => {
      const { x, 'gate.weight': gate, 'up.weight': up, 'down.weight': down } = inputs;
      return linear(tape, swiglu(tape, linear(tape, x!, gate!), linear(tape, x!, up!)), down!);
    },
    tfjs: (inputs) =>
      tfjs.mlp(inputs.x!, inputs['gate.weight']!, inputs['up.weight']!, inputs['down.weight']!),
    jax: (inputs) => jax.mlp(inputs.x!, inputs['gate.weight']!, inputs['up.weight']!, inputs['down.weight']!),
  };
}

export function attentionBlock(shape: DecoderShape, tokens: number): Block {
  const { heads, kvHeads, headDim } = shape;
  return {
    kernel: 'attention forward+backward',
    shape: `${at(shape, tokens)}, causal`,
    inputs: {
      q: [tokens, heads * headDim],
      k: [tokens, kvHeads * headDim],
      v: [tokens, kvHeads * headDim],
    },
    compared: 'k',
    output: [tokens, heads * headDim],
    // Two matmuls forward, four backward. q and its output, dq and d output pass six times in all, k and v six, too.
    cost: {
      flops: 12 * heads * headDim * ((tokens * (tokens + 1)) / 2),
      bytes: 6 * F32 * tokens * (heads + kvHeads) * headDim,
    },
    ours: (gpu) => {
      const { spans, keySpans } = uploadRows(gpu, causalRows(tokens));
      return (tape, { q, k, v }) => attention(tape, q!, k!, v!, { heads, kvHeads, headDim, spans, keySpans });
    },
    tfjs: ({ q, k, v }) => tfjs.attention(q!, k!, v!, shape),
    jax: ({ q, k, v }) => jax.attention(q!, k!, v!, shape),
  };
}

/** Names and shapes of one layer's weights as checkpoints have them, the prefix left out. */
export function layerWeights(shape: DecoderShape): Named<readonly number[]> {
  const { hidden, intermediate, heads, kvHeads, headDim } = shape;
  const [wide, narrow] = [heads * headDim, kvHeads * headDim];
  return {
    'input_layernorm.weight': [hidden],
    'self_attn.q_proj.weight': [wide, hidden],
    'self_attn.q_proj.bias': [wide],
    'self_attn.k_proj.weight': [narrow, hidden],
    'self_attn.k_proj.bias': [narrow],
    'self_attn.v_proj.weight': [narrow, hidden],
    'self_attn.v_proj.bias': [narrow],
    'self_attn.o_proj.weight': [hidden, wide],
    'post_attention_layernorm.weight': [hidden],
    'mlp.gate_proj.weight': [intermediate, hidden],
    'mlp.up_proj.weight': [intermediate, hidden],
    'mlp.down_proj.weight': [hidden, intermediate],
  };
}

/** One decoder layer and the norm behind the last one, as the models end. */
export function layerBlock(shape: DecoderShape, tokens: number): Block {
  const decoder = { ...configOf(shape, tokens, 1), vocabSize: 0 };
  const parts = passCost(costShape(decoder, true), [{ prompt: tokens, completions: [] }], NO_REFERENCE);
  return {
    kernel: 'layer forward+backward',
    shape: at(shape, tokens),
    inputs: { x: [tokens, shape.hidden], ...layerWeights(shape), 'norm.weight': [shape.hidden] },
    compared: 'x',
    output: [tokens, shape.hidden],
    cost: sumCosts([parts.forward, parts.backward]),
    ours: (gpu) => (tape, inputs) => {
      const model = openQwen2(gpu, configOf(shape, tokens, 1), {
        open: (name) => weightOf(inputs, name),
        openRows: () => [],
      });
      const rows = uploadRows(gpu, causalRows(tokens));
      return decode(tape, model, inputs.x!, rows, { adapters: false });
    },
    tfjs: (inputs) => tfjs.layer(inputs, shape),
    jax: (inputs) => jax.layer(inputs, shape),
  };
}

/** A tensor of one layer by the name it has in a checkpoint. */
export function weightOf(inputs: Named<Tensor>, name: string): Tensor {
  const own = name.startsWith(LAYER) ? name.slice(LAYER.length) : name.replace(/^model\./, '');
  return inputs[own]!;
}
