/** A Qwen2 decoder layer in tfjs, as one would write it for speed: no masks or angles computed twice, heads as batches. */
import { tf } from '../../media/tf-device.ts';
import type { Named } from '../cases/block.ts';
import { rotaryAngles } from '../cases/causal-rows.ts';
import { type DecoderShape, EPSILON, THETA } from '../cases/shapes.ts';

/** x / sqrt(mean(x²) + eps) · weight over the last axis. */
export function rmsNorm(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return x.mul(tf.rsqrt(tf.mean(tf.square(x), -1, true).add(EPSILON))).mul(weight);
}

/** x·Wᵀ + b. */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const y = tf.matMul(x, weight, false, true);
  return bias ? y.add(bias) : y;
}

/** down(silu(gate x) · up x). */
export function mlp(x: tf.Tensor, gate: tf.Tensor, up: tf.Tensor, down: tf.Tensor): tf.Tensor {
  const opened = linear(x, gate);
  return linear(opened.mul(tf.sigmoid(opened)).mul(linear(x, up)), down);
}

/** -1e30 where a query must not see a key, repeated for every head of a group: [group · tokens, tokens]. */
function causalMask(tokens: number, group: number): tf.Tensor {
  const hidden = Float32Array.from({ length: tokens * tokens }, (_, i) =>
    i % tokens > Math.floor(i / tokens) ? -1e30 : 0,
  );
  return tf.tile(tf.tensor2d(hidden, [tokens, tokens]), [group, 1]);
}

const kept = new Map<string, tf.Tensor[]>();

/** Tensors that do not change between calls, made once and kept as long as the command runs. */
function constants(key: string, make: () => tf.Tensor[]): tf.Tensor[] {
  const found = kept.get(key) ?? make().map((tensor) => tf.keep(tensor));
  kept.set(key, found);
  return found;
}

const heads = (x: tf.Tensor, count: number, headDim: number): tf.Tensor =>
  tf.transpose(x.reshape([-1, count, headDim]), [1, 0, 2]);

/** Causal attention; the query heads of a group are rows of one batch, so that keys are not copied. */
export function attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, shape: DecoderShape): tf.Tensor {
  const { heads: all, kvHeads, headDim } = shape;
  const tokens = q.shape[0]!;
  const group = all / kvHeads;
  const [mask] = constants(`mask ${tokens} ${group}`, () => [causalMask(tokens, group)]);
  const queries = heads(q, all, headDim).reshape([kvHeads, group * tokens, headDim]);
  const scores = tf.matMul(queries, heads(k, kvHeads, headDim), false, true);
  const weights = tf.softmax(scores.mul(1 / Math.sqrt(headDim)).add(mask!));
  const mixed = tf.matMul(weights, heads(v, kvHeads, headDim)).reshape([all, tokens, headDim]);
  return tf.transpose(mixed, [1, 0, 2]).reshape([tokens, all * headDim]);
}

function rope(x: tf.Tensor, count: number, headDim: number): tf.Tensor {
  const tokens = x.shape[0]!;
  const [cos, sin] = constants(`angles ${tokens} ${headDim}`, () => {
    const angles = rotaryAngles(tokens, headDim, THETA);
    const shape: [number, number, number] = [tokens, 1, headDim / 2];
    return [tf.tensor3d(angles.cos, shape), tf.tensor3d(angles.sin, shape)];
  });
  const [left, right] = tf.split(x.reshape([tokens, count, headDim]), 2, 2) as [tf.Tensor, tf.Tensor];
  const rotated = [left.mul(cos!).sub(right.mul(sin!)), right.mul(cos!).add(left.mul(sin!))];
  return tf.concat(rotated, 2).reshape([tokens, count * headDim]);
}

/** One layer and the last norm; inputs by their names in `layerWeights`. */
export function layer(inputs: Named<tf.Tensor>, shape: DecoderShape): tf.Tensor {
  const { heads: all, kvHeads, headDim } = shape;
  const weight = (name: string): tf.Tensor => inputs[`${name}.weight`]!;
  const h = rmsNorm(inputs.x!, weight('input_layernorm'));
  const projected = (name: string): tf.Tensor =>
    linear(h, weight(`self_attn.${name}`), inputs[`self_attn.${name}.bias`]!);
  const q = rope(projected('q_proj'), all, headDim);
  const k = rope(projected('k_proj'), kvHeads, headDim);
  const mixed = attention(q, k, projected('v_proj'), shape);
  const attended = inputs.x!.add(linear(mixed, weight('self_attn.o_proj')));
  const g = rmsNorm(attended, weight('post_attention_layernorm'));
  const added = mlp(g, weight('mlp.gate_proj'), weight('mlp.up_proj'), weight('mlp.down_proj'));
  return rmsNorm(attended.add(added), weight('norm'));
}
