/** The Qwen2, Qwen2.5 and Qwen3 decoder in float64, from config.json to log-probabilities and their gradients. Nothing of the engine is in it. */
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import { Graph, type Matrix, matrix } from './autodiff.ts';

type Json = Readonly<Record<string, unknown>>;

export interface LoraMatrices {
  /** By linear layer and 'A' or 'B', as in `model.layers.0.mlp.up_proj.lora_A.weight`. */
  readonly matrices: ReadonlyMap<string, Matrix>;
  readonly scale: number;
}

export interface ReferenceDecoder {
  readonly config: Json;
  /** By published name; vectors are one row. */
  readonly weights: ReadonlyMap<string, Matrix>;
  readonly lora?: LoraMatrices;
}

const numberOf = (json: Json, key: string, fallback?: number): number => {
  const value = json[key] ?? fallback;
  if (typeof value !== 'number') throw new Error(`reference decoder: ${key} is ${String(value)}.`);
  return value;
};

const headDimOf = (config: Json): number =>
  numberOf(config, 'head_dim', numberOf(config, 'hidden_size') / numberOf(config, 'num_attention_heads'));

/** Angle per position of each pair of columns, and what cosines and sines are multiplied with. */
function rotaryOf(config: Json): { frequencies: number[]; amplitude: number } {
  const rope = (config.rope_parameters ?? config.rope_scaling ?? {}) as Json;
  const theta = numberOf(rope, 'rope_theta', numberOf(config, 'rope_theta', 10_000));
  const dim = headDimOf(config);
  const plain = Array.from({ length: dim / 2 }, (_, i) => 1 / theta ** ((2 * i) / dim));
  const kind = rope.rope_type ?? rope.type ?? 'default';
  if (kind === 'default') return { frequencies: plain, amplitude: 1 };
  const factor = numberOf(rope, 'factor');
  if (kind === 'linear') return { frequencies: plain.map((f) => f / factor), amplitude: 1 };
  if (kind !== 'yarn') throw new Error(`reference decoder: rope type ${String(kind)}.`);
  return { frequencies: yarn(config, rope, theta, plain), amplitude: yarnAmplitude(rope, factor) };
}

/** By the definition in transformers: a share of each frequency is divided by the factor. */
function yarn(config: Json, rope: Json, theta: number, plain: readonly number[]): number[] {
  const dim = 2 * plain.length;
  const original = numberOf(
    rope,
    'original_max_position_embeddings',
    numberOf(config, 'max_position_embeddings'),
  );
  const correction = (turns: number): number =>
    (dim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  let low = correction(numberOf(rope, 'beta_fast', 32));
  let high = correction(numberOf(rope, 'beta_slow', 1));
  if (rope.truncate !== false) [low, high] = [Math.floor(low), Math.ceil(high)];
  low = Math.max(low, 0);
  high = Math.min(high, dim - 1);
  if (low === high) high += 0.001;
  const factor = numberOf(rope, 'factor');
  return plain.map((frequency, i) => {
    const divided = Math.min(1, Math.max(0, (i - low) / (high - low)));
    return (frequency / factor) * divided + frequency * (1 - divided);
  });
}

function yarnAmplitude(rope: Json, factor: number): number {
  if (typeof rope.attention_factor === 'number') return rope.attention_factor;
  const magnitude = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  if (rope.mscale && rope.mscale_all_dim)
    return magnitude(numberOf(rope, 'mscale')) / magnitude(numberOf(rope, 'mscale_all_dim'));
  return magnitude(1);
}

function linear(graph: Graph, model: ReferenceDecoder, x: Matrix, name: string): Matrix {
  const { weights, lora } = model;
  const y = graph.linear(x, weights.get(`${name}.weight`)!, weights.get(`${name}.bias`));
  const [a, b] = ['A', 'B'].map((side) => lora?.matrices.get(`${name}.lora_${side}.weight`));
  return a && b ? graph.add(y, graph.scale(graph.linear(graph.linear(x, a), b), lora!.scale)) : y;
}

function layer(
  graph: Graph,
  model: ReferenceDecoder,
  x: Matrix,
  index: number,
  angles: readonly (readonly number[])[],
  amplitude: number,
): Matrix {
  const { config, weights } = model;
  const path = `model.layers.${index}`;
  const eps = numberOf(config, 'rms_norm_eps', 1e-6);
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', heads);
  const norm = (input: Matrix, name: string): Matrix => {
    const weight = weights.get(`${path}.${name}.weight`);
    return weight ? graph.rmsNorm(input, weight, eps) : input;
  };
  const project = (input: Matrix, name: string): Matrix => linear(graph, model, input, `${path}.${name}`);
  const h = norm(x, 'input_layernorm');
  const turned = (which: string): Matrix =>
    graph.rotate(norm(project(h, `self_attn.${which}_proj`), `self_attn.${which}_norm`), angles, amplitude);
  const mixed = graph.attention(turned('q'), turned('k'), project(h, 'self_attn.v_proj'), heads, kvHeads);
  const attended = graph.add(x, project(mixed, 'self_attn.o_proj'));
  const g = norm(attended, 'post_attention_layernorm');
  const inner = graph.multiply(graph.silu(project(g, 'mlp.gate_proj')), project(g, 'mlp.up_proj'));
  return graph.add(attended, project(inner, 'mlp.down_proj'));
}

/** Logits [ids, vocabulary] of one sequence. Without an `lm_head.weight` among the weights the head is the embedding. */
export function logitsOf(graph: Graph, model: ReferenceDecoder, ids: readonly number[]): Matrix {
  const { config, weights } = model;
  const { frequencies, amplitude } = rotaryOf(config);
  const angles = ids.map((_, position) => frequencies.map((frequency) => position * frequency));
  const embedding = weights.get('model.embed_tokens.weight')!;
  let x = graph.rows(embedding, ids);
  for (let index = 0; index < numberOf(config, 'num_hidden_layers'); index++)
    x = layer(graph, model, x, index, angles, amplitude);
  const last = graph.rmsNorm(x, weights.get('model.norm.weight')!, numberOf(config, 'rms_norm_eps', 1e-6));
  return graph.linear(last, weights.get('lm_head.weight') ?? embedding);
}

/** Log-probabilities of a completion's tokens behind a prompt. */
export function completionLogProbs(
  graph: Graph,
  model: ReferenceDecoder,
  prompt: readonly number[],
  completion: readonly number[],
): Matrix {
  const logits = logitsOf(graph, model, [...prompt, ...completion].slice(0, -1));
  const positions = completion.map((_, index) => prompt.length - 1 + index);
  return graph.logProbs(graph.rows(logits, positions), completion);
}

/** The likeliest token after another, without a cache, and how much likelier it is than the next (in logits), at the closest. */
export function greedyTokens(
  model: ReferenceDecoder,
  prompt: readonly number[],
  count: number,
): { ids: number[]; margin: number } {
  const ids = [...prompt];
  let margin = Infinity;
  for (let step = 0; step < count; step++) {
    const { values, cols } = logitsOf(new Graph(), model, ids);
    const last = values.subarray(values.length - cols);
    const best = last.indexOf(Math.max(...last));
    margin = Math.min(margin, ...last.filter((_, id) => id !== best).map((value) => last[best]! - value));
    ids.push(best);
  }
  return { ids: ids.slice(prompt.length), margin };
}

/** Reads every tensor of a checkpoint. */
export async function readReference(config: Json, source: TensorSource): Promise<ReferenceDecoder> {
  const weights = new Map<string, Matrix>();
  for (const name of source.names()) {
    const { shape } = source.info(name);
    const [rows, cols] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
    weights.set(name, matrix(rows, cols, await source.float32(name)));
  }
  return { config, weights };
}

/** A prompt, its completions, and how each of them turned out beside the others. */
export interface ReferenceGroup {
  readonly prompt: readonly number[];
  readonly completions: readonly (readonly number[])[];
  readonly advantages: readonly number[];
}

/**
 * Log-probabilities of a group, completion by completion, with the gradients of its GRPO loss before the policy moves: the mean over
 * completions of the mean over tokens of beta · KL - advantage. `reference`: log-probabilities of the reference, where beta is not 0.
 */
export function groupGradients(
  model: ReferenceDecoder,
  { prompt, completions, advantages }: ReferenceGroup,
  beta = 0,
  reference: readonly (readonly number[])[] = [],
): { logProbs: number[][]; loss: number } {
  let loss = 0;
  const logProbs = completions.map((completion, index) => {
    const graph = new Graph();
    const scores = completionLogProbs(graph, model, prompt, completion);
    const tokens = completions.length * completion.length;
    const seed = [...scores.values].map((logProb, t) => {
      const difference = beta === 0 ? 0 : reference[index]![t]! - logProb;
      loss += (beta * (Math.exp(difference) - difference - 1) - advantages[index]!) / tokens;
      return (beta * (1 - Math.exp(difference)) - advantages[index]!) / tokens;
    });
    graph.backward(scores, seed);
    return [...scores.values];
  });
  return { logProbs, loss };
}
