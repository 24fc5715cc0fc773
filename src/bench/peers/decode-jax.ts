/**
 * A decode step in jax-js. Every function takes ownership of its arguments, as jax-js asks. The softmax joins the prompt's
 * scores and a row's own by hand: a `concatenate` before a matmul is slow to compile.
 */
import { numpy as np } from '@jax-js/jax';
import type { Named } from '../cases/block.ts';
import type { DecoderShape } from '../cases/shapes.ts';
import { halfTurn, linear, mlp, rmsNorm } from './decoder-jax.ts';
import type { JaxArray } from './jax.ts';

/** [rows, heads, headDim], rotated by the angles of the rows' position. */
function rope(x: JaxArray, heads: number, headDim: number, { cos, sin }: Named<JaxArray>): JaxArray {
  const both = (half: JaxArray): JaxArray => np.tile(half.ref, [1, 1, 2]);
  const split = x.reshape([x.shape[0]!, heads, headDim]);
  const rotated = np.matmul(split.ref, halfTurn(headDim));
  return split.mul(both(cos!)).add(rotated.mul(both(sin!)));
}

/** q [rows, heads, headDim], k and v [rows, kvHeads, headDim] behind the prompt's keys and values: [rows, heads · headDim]. */
function attention(
  q: JaxArray,
  k: JaxArray,
  v: JaxArray,
  { keys, values }: Named<JaxArray>,
  { heads, kvHeads, headDim }: DecoderShape,
): JaxArray {
  const rows = q.shape[0]!;
  const group = heads / kvHeads;
  const byHead = (x: JaxArray, each: number): JaxArray =>
    np.transpose(x.reshape([rows, kvHeads, each, headDim]), [1, 0, 2, 3]);
  const flat = [kvHeads, rows * group];
  const queries = byHead(q.mul(1 / Math.sqrt(headDim)), group);
  const own = np.sum(queries.ref.mul(byHead(k, 1)), -1).reshape([...flat, 1]);
  const shared = np.matmul(queries.reshape([...flat, headDim]), np.transpose(keys!, [0, 2, 1]));
  const largest = np.maximum(np.max(shared.ref, -1, { keepdims: true }), own.ref);
  const ofPrompt = np.exp(shared.sub(largest.ref));
  const ofOwn = np.exp(own.sub(largest));
  const sum = np.sum(ofPrompt.ref, -1, { keepdims: true }).add(ofOwn.ref);
  const ownValues = byHead(v, 1).mul(ofOwn.reshape([kvHeads, rows, group, 1]));
  const prompt = np.matmul(ofPrompt, values!).reshape([kvHeads, rows, group, headDim]);
  const mixed = prompt.add(ownValues).div(sum.reshape([kvHeads, rows, group, 1]));
  return np.transpose(mixed, [1, 0, 2, 3]).reshape([rows, heads * headDim]);
}

/** Logits, and the rows' own keys and values, which a caller would keep. */
export function decodeStep(inputs: Named<JaxArray>, shape: DecoderShape): JaxArray[] {
  const { heads, kvHeads, headDim } = shape;
  const weight = (name: string): JaxArray => inputs[`${name}.weight`]!;
  const x = inputs.x!;
  const rows = x.shape[0]!;
  const h = rmsNorm(x.ref, weight('input_layernorm'));
  const projected = (name: string): JaxArray =>
    linear(h.ref, weight(`self_attn.${name}`), inputs[`self_attn.${name}.bias`]!);
  const q = rope(projected('q_proj'), heads, headDim, inputs);
  const k = rope(projected('k_proj'), kvHeads, headDim, inputs);
  const v = projected('v_proj').reshape([rows, kvHeads, headDim]);
  const mixed = attention(q, k.ref, v.ref, inputs, shape);
  const attended = x.add(linear(mixed, weight('self_attn.o_proj')));
  const g = rmsNorm(attended.ref, weight('post_attention_layernorm'));
  const added = mlp(g, weight('mlp.gate_proj'), weight('mlp.up_proj'), weight('mlp.down_proj'));
  const last = rmsNorm(attended.add(added), weight('norm'));
  return [linear(last, weight('embed_tokens')), k, v];
}
