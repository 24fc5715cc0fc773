/**
 * A decode step in tfjs, as one would write it for speed: the rows share the prompt's keys in one batched matmul, and each
 * adds its own key to the softmax, so that no cache is copied.
 */
import { tf } from '../../media/tf-device.ts';
import type { Named } from '../cases/block.ts';
import type { DecoderShape } from '../cases/shapes.ts';
import { linear, mlp, rmsNorm } from './decoder-tfjs.ts';

/** [rows, heads, headDim], rotated by the angles of the rows' position. */
function rope(x: tf.Tensor, heads: number, { cos, sin }: Named<tf.Tensor>): tf.Tensor {
  const split = x.reshape([x.shape[0]!, heads, -1]);
  const [left, right] = tf.split(split, 2, 2) as [tf.Tensor, tf.Tensor];
  return tf.concat([left.mul(cos!).sub(right.mul(sin!)), right.mul(cos!).add(left.mul(sin!))], 2);
}

/** q [rows, heads, headDim], k and v [rows, kvHeads, headDim] behind the prompt's keys and values: [rows, heads · headDim]. */
function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { keys, values }: Named<tf.Tensor>,
  { heads, kvHeads, headDim }: DecoderShape,
): tf.Tensor {
  const rows = q.shape[0]!;
  const group = heads / kvHeads;
  const byHead = (x: tf.Tensor, each: number): tf.Tensor =>
    tf.transpose(x.reshape([rows, kvHeads, each, headDim]), [1, 0, 2, 3]);
  const queries = byHead(q.mul(1 / Math.sqrt(headDim)), group);
  const flat = [kvHeads, rows * group];
  const shared = tf.matMul(queries.reshape([...flat, headDim]), keys!, false, true);
  const own = tf.sum(queries.mul(byHead(k, 1)), -1).reshape([...flat, 1]);
  const weights = tf.softmax(tf.concat([shared, own], -1));
  const [ofPrompt, ofOwn] = tf.split(weights, [keys!.shape[1]!, 1], -1) as [tf.Tensor, tf.Tensor];
  const prompt = tf.matMul(ofPrompt, values!).reshape([kvHeads, rows, group, headDim]);
  const mixed = prompt.add(ofOwn.reshape([kvHeads, rows, group, 1]).mul(byHead(v, 1)));
  return tf.transpose(mixed, [1, 0, 2, 3]).reshape([rows, heads * headDim]);
}

/** Logits, and the rows' own keys and values, which a caller would keep. */
export function decodeStep(inputs: Named<tf.Tensor>, shape: DecoderShape): tf.Tensor[] {
  const { heads, kvHeads, headDim } = shape;
  const weight = (name: string): tf.Tensor => inputs[`${name}.weight`]!;
  const x = inputs.x!;
  const h = rmsNorm(x, weight('input_layernorm'));
  const projected = (name: string): tf.Tensor =>
    linear(h, weight(`self_attn.${name}`), inputs[`self_attn.${name}.bias`]!);
  const q = rope(projected('q_proj'), heads, inputs);
  const k = rope(projected('k_proj'), kvHeads, inputs);
  const v = projected('v_proj').reshape([x.shape[0]!, kvHeads, headDim]);
  const attended = x.add(linear(attention(q, k, v, inputs, shape), weight('self_attn.o_proj')));
  const g = rmsNorm(attended, weight('post_attention_layernorm'));
  const added = mlp(g, weight('mlp.gate_proj'), weight('mlp.up_proj'), weight('mlp.down_proj'));
  const last = rmsNorm(attended.add(added), weight('norm'));
  return [linear(last, weight('embed_tokens')), k, v];
}
