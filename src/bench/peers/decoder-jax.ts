/** A Qwen2 decoder layer in jax-js. Every function takes ownership of its arguments, as jax-js asks. */
import { nn, numpy as np } from '@jax-js/jax';
import type { Named } from '../cases/block.ts';
import { rotaryAngles } from '../cases/causal-rows.ts';
import { type DecoderShape, EPSILON, THETA } from '../cases/shapes.ts';
import type { JaxArray } from './jax.ts';

/** x / sqrt(mean(x²) + eps) · weight over the last axis. */
export function rmsNorm(x: JaxArray, weight: JaxArray): JaxArray {
  const square = np.mean(np.square(x.ref), -1, { keepdims: true });
  return x.div(np.sqrt(square.add(EPSILON))).mul(weight);
}

/** x·Wᵀ + b. */
export function linear(x: JaxArray, weight: JaxArray, bias?: JaxArray): JaxArray {
  const y = np.matmul(x, np.transpose(weight));
  return bias ? y.add(bias) : y;
}

/** down(silu(gate x) · up x). */
export function mlp(x: JaxArray, gate: JaxArray, up: JaxArray, down: JaxArray): JaxArray {
  return linear(nn.silu(linear(x.ref, gate)).mul(linear(x, up)), down);
}

/** -1e30 where a query must not see a key, for every head of a group: [group · tokens, tokens]. */
function causalMask(tokens: number, group: number): JaxArray {
  const hidden = Float32Array.from({ length: group * tokens * tokens }, (_, i) =>
    i % tokens > Math.floor(i / tokens) % tokens ? -1e30 : 0,
  );
  return np.array(hidden).reshape([group * tokens, tokens]);
}

/** Causal attention; the query heads of a group are rows of one batch. (jax-js's own function needs Node 22.) */
export function attention(q: JaxArray, k: JaxArray, v: JaxArray, shape: DecoderShape): JaxArray {
  const { heads: all, kvHeads, headDim } = shape;
  const tokens = q.shape[0]!;
  const group = all / kvHeads;
  const heads = (x: JaxArray, count: number): JaxArray =>
    np.transpose(x.reshape([tokens, count, headDim]), [1, 0, 2]);
  const queries = heads(q, all).reshape([kvHeads, group * tokens, headDim]);
  const scores = np.matmul(queries, np.transpose(heads(k, kvHeads), [0, 2, 1]));
  const weights = nn.softmax(scores.mul(1 / Math.sqrt(headDim)).add(causalMask(tokens, group)), -1);
  const mixed = np.matmul(weights, heads(v, kvHeads)).reshape([all, tokens, headDim]);
  return np.transpose(mixed, [1, 0, 2]).reshape([tokens, all * headDim]);
}

/** The signed permutation R with x·R = (-second half, first half) of x: [headDim, headDim]. */
export function halfTurn(headDim: number): JaxArray {
  const half = headDim / 2;
  const turn = new Float32Array(headDim * headDim);
  for (let i = 0; i < half; i++) {
    turn[(i + half) * headDim + i] = -1;
    turn[i * headDim + i + half] = 1;
  }
  return np.array(turn).reshape([headDim, headDim]);
}

/**
 * x · cos + (x·R) · sin. Joining the halves by `concatenate` instead lets jax-js fuse the angles into the attention's
 * products, in kernels that take software adapters minutes to compile.
 */
function rope(x: JaxArray, count: number, headDim: number): JaxArray {
  const tokens = x.shape[0]!;
  const angles = rotaryAngles(tokens, headDim, THETA);
  const both = (values: Float32Array<ArrayBuffer>): JaxArray =>
    np.tile(np.array(values).reshape([tokens, 1, headDim / 2]), [1, 1, 2]);
  const split = x.reshape([tokens, count, headDim]);
  const rotated = np.matmul(split.ref, halfTurn(headDim));
  return split
    .mul(both(angles.cos))
    .add(rotated.mul(both(angles.sin)))
    .reshape([tokens, count * headDim]);
}

/** One layer and the last norm; inputs by their names in `layerWeights`. */
export function layer(inputs: Named<JaxArray>, shape: DecoderShape): JaxArray {
  const { heads, kvHeads, headDim } = shape;
  const weight = (name: string): JaxArray => inputs[`${name}.weight`]!;
  const h = rmsNorm(inputs.x!.ref, weight('input_layernorm'));
  const projected = (name: string, from: JaxArray): JaxArray =>
    linear(from, weight(`self_attn.${name}`), inputs[`self_attn.${name}.bias`]!);
  const q = rope(projected('q_proj', h.ref), heads, headDim);
  const k = rope(projected('k_proj', h.ref), kvHeads, headDim);
  const mixed = attention(q, k, projected('v_proj', h), shape);
  const attended = inputs.x!.add(linear(mixed, weight('self_attn.o_proj')));
  const g = rmsNorm(attended.ref, weight('post_attention_layernorm'));
  const added = mlp(g, weight('mlp.gate_proj'), weight('mlp.up_proj'), weight('mlp.down_proj'));
  return rmsNorm(attended.add(added), weight('norm'));
}
