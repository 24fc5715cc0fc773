/** The float64 decoder that the engine is held against, held itself against central differences and against the published code. */
import { describe, expect, it } from 'vitest';
import { activation, differing, holds, norm, scalar } from '../../src/cli/parity/quantity.ts';
import { openQwenTextFiles } from '../../src/families/qwen-text/files.ts';
import { blobSource } from '../../src/io/files/bytes.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, findFile, readJson } from '../../src/io/files/files.ts';
import { openSafetensors, type TensorSource } from '../../src/io/tensors/safetensors.ts';
import { numbers } from '../ops/harness.ts';
import { adamwState, adamwStep, globalNorm } from '../reference/adamw.ts';
import { Graph, type Matrix, matrix } from '../reference/autodiff.ts';
import { changeQuantities, gradientQuantities, logProbQuantity } from '../reference/model-bounds.ts';
import {
  completionLogProbs,
  greedyTokens,
  groupGradients,
  logitsOf,
  type ReferenceDecoder,
  readReference,
} from '../reference/qwen-decoder.ts';

const EXTENTS = { hidden_size: 6, intermediate_size: 7, num_hidden_layers: 2, vocab_size: 11 };
const HEADS = { num_attention_heads: 3, num_key_value_heads: 1, head_dim: 4, max_position_embeddings: 16 };

/** Random weights by name, small as they are in the published form. */
function smallModel(
  kind: 'qwen2' | 'qwen3',
  tied: boolean,
  rope: Readonly<Record<string, unknown>>,
): ReferenceDecoder {
  const config = { ...EXTENTS, ...HEADS, rope_theta: 100, rope_scaling: rope };
  const { hidden_size: d, intermediate_size: inner, vocab_size: vocab } = EXTENTS;
  const [q, kv, width] = [12, 4, 4];
  const weights = new Map<string, Matrix>();
  const add = (name: string, rows: number, cols: number, mean = 0): void => {
    const values = numbers(rows * cols, 40 + weights.size, rows === 1 ? 0.5 : 1).map((value) => mean + value);
    weights.set(name, matrix(rows, cols, values));
  };
  add('model.embed_tokens.weight', vocab, d);
  if (!tied) add('lm_head.weight', vocab, d);
  add('model.norm.weight', 1, d, 1);
  for (let index = 0; index < EXTENTS.num_hidden_layers; index++) {
    const path = `model.layers.${index}`;
    add(`${path}.input_layernorm.weight`, 1, d, 1);
    add(`${path}.post_attention_layernorm.weight`, 1, d, 1);
    for (const [name, rows] of [
      ['q', q],
      ['k', kv],
      ['v', kv],
    ] as const) {
      add(`${path}.self_attn.${name}_proj.weight`, rows, d);
      if (kind === 'qwen2') add(`${path}.self_attn.${name}_proj.bias`, 1, rows);
      else if (name !== 'v') add(`${path}.self_attn.${name}_norm.weight`, 1, width, 1);
    }
    add(`${path}.self_attn.o_proj.weight`, d, q);
    add(`${path}.mlp.gate_proj.weight`, inner, d);
    add(`${path}.mlp.up_proj.weight`, inner, d);
    add(`${path}.mlp.down_proj.weight`, d, inner);
  }
  const lora = new Map<string, Matrix>();
  for (const [name, rows, cols] of [
    ['self_attn.q_proj', q, d],
    ['mlp.down_proj', d, inner],
  ] as const) {
    lora.set(`model.layers.1.${name}.lora_A.weight`, matrix(2, cols, numbers(2 * cols, 7)));
    lora.set(`model.layers.1.${name}.lora_B.weight`, matrix(rows, 2, numbers(2 * rows, 8)));
  }
  return { config, weights, lora: { matrices: lora, scale: 0.7 } };
}

describe('gradients of the reference', () => {
  it.each([
    ['qwen2, tied, linear', smallModel('qwen2', true, { type: 'linear', factor: 3 })],
    ['qwen3, untied, YaRN', smallModel('qwen3', false, { rope_type: 'yarn', factor: 4, beta_fast: 2 })],
  ])('are the slopes of central differences: %s', (_, model) => {
    const [prompt, completion] = [
      [3, 1, 4],
      [1, 5, 10, 3],
    ];
    const seed = [0.3, -1.2, 0.8, 0.5];
    const objective = (): number => {
      const { values } = completionLogProbs(new Graph(), model, prompt, completion);
      return values.reduce((sum, value, index) => sum + seed[index]! * value, 0);
    };
    const graph = new Graph();
    graph.backward(completionLogProbs(graph, model, prompt, completion), seed);
    const tensors = [...model.weights, ...model.lora!.matrices];
    expect(tensors.length).toBeGreaterThan(24);
    expectSlopes(tensors, objective);
  });

  it('are so of a layer norm, of tanh, and of attention over all rows', () => {
    const shapes = { x: [5, 4], weight: [1, 4], bias: [1, 4], q: [1, 4], k: [5, 4], v: [5, 4] } as const;
    const given = Object.entries(shapes).map(
      ([name, [rows, cols]], at) => [name, matrix(rows, cols, numbers(rows * cols, 60 + at))] as const,
    );
    const [x, weight, bias, q, k, v] = given.map(([, each]) => each) as [Matrix, ...Matrix[]];
    const seed = numbers(4, 70);
    const forward = (graph: Graph): Matrix => {
      const rows = graph.layerNorm(x, weight!, bias!, 1e-5);
      const [keys, values] = [graph.multiply(k!, rows), graph.add(v!, rows)];
      return graph.tanh(graph.attention(q!, keys, values, 2, 2, false));
    };
    const graph = new Graph();
    graph.backward(forward(graph), seed);
    expectSlopes(given, () =>
      forward(new Graph()).values.reduce((sum, value, i) => sum + seed[i]! * value, 0),
    );
  });
});

/** Along the gradient of each tensor, its length is the slope. */
function expectSlopes(tensors: readonly (readonly [string, Matrix])[], objective: () => number): void {
  for (const [name, { values, gradient }] of tensors) {
    const length = norm(gradient);
    expect(length, name).toBeGreaterThan(1e-4);
    const [start, step] = [values.slice(), 1e-5];
    const moved = (sign: number): number => {
      values.set(start.map((value, i) => value + (sign * step * gradient[i]!) / length));
      return objective();
    };
    const slope = (moved(1) - moved(-1)) / (2 * step);
    values.set(start);
    expect(Math.abs(slope - length), name).toBeLessThan(1e-6 * Math.max(1, length));
  }
}

const CASES = 'test/golden/qwen-text';

async function arraysOf(tree: FileTree, name: string): Promise<TensorSource> {
  return openSafetensors(blobSource(await findFile(tree, name)!.blob()), name);
}

/** Rows of an [completion, token] array without what is masked. */
async function masked(arrays: TensorSource, name: string): Promise<number[][]> {
  const [rows, width] = arrays.info('completion_ids').shape as [number, number];
  const mask = await arrays.integers('completion_mask');
  const isIds = name === 'completion_ids';
  const values = isIds ? await arrays.integers(name) : [...(await arrays.float32(name))];
  return Array.from({ length: rows }, (_, row) =>
    values.slice(row * width, (row + 1) * width).filter((_value, t) => mask[row * width + t] === 1),
  );
}

const valuesOf = (tensors: ReadonlyMap<string, Matrix>) =>
  new Map([...tensors].map(([name, { values }]) => [name, values] as const));

async function allOf(source: TensorSource): Promise<Map<string, Float32Array>> {
  const arrays = new Map<string, Float32Array>();
  for (const name of source.names()) arrays.set(name, await source.float32(name));
  return arrays;
}

interface Settings {
  readonly beta: number;
  readonly grpo_loss: number;
  readonly grad_norm: number;
  readonly greedy_tokens: readonly number[];
  readonly adamw: Readonly<Record<'learning_rate' | 'eps' | 'weight_decay' | 'max_grad_norm', number>>;
}

describe('the reference beside the published code', () => {
  it.each(['qwen2_5-tiny', 'qwen2_5-yarn-tiny', 'qwen3-tiny'])('holds every bound: %s', async (name) => {
    const tree = await treeFromDisk(`${CASES}/${name}`);
    const { main } = await openQwenTextFiles(tree);
    const model = await readReference(main.config, main.weights);
    const before = new Map([...valuesOf(model.weights)].map(([key, values]) => [key, values.slice()]));
    const arrays = await arraysOf(tree, 'case.safetensors');
    const settings = (await readJson(tree, 'case.json')) as unknown as Settings;
    const [prompt, completions] = [
      await arrays.integers('prompt_ids'),
      await masked(arrays, 'completion_ids'),
    ];
    const logits = logitsOf(new Graph(), model, prompt);
    const group = { prompt, completions, advantages: [...(await arrays.float32('advantages'))] };
    const ofReference = await masked(arrays, 'ref_logps');
    const { logProbs, loss } = groupGradients(model, group, settings.beta, ofReference);
    const gradients = new Map([...model.weights].map(([key, { gradient }]) => [key, gradient] as const));
    const {
      learning_rate: learningRate,
      eps,
      weight_decay: weightDecay,
      max_grad_norm: maxGradNorm,
    } = settings.adamw;
    const state = adamwState(before);
    adamwStep(state, gradients, 1, { learningRate, beta1: 0.9, beta2: 0.999, eps, weightDecay, maxGradNorm });
    const greedy = greedyTokens(model, prompt, 4);
    const quantities = [
      activation(
        'prompt_logits_last',
        logits.values.subarray(-logits.cols),
        await arrays.float32('prompt_logits_last'),
      ),
      differing('greedy_tokens', greedy.ids, settings.greedy_tokens.slice(0, 4)),
      logProbQuantity('logps', logProbs.flat(), (await masked(arrays, 'logps')).flat()),
      scalar('grpo_loss', loss, settings.grpo_loss),
      scalar('grad_norm', globalNorm(gradients), settings.grad_norm),
      ...gradientQuantities(gradients, await allOf(await arraysOf(tree, 'grads_grpo.safetensors'))),
      ...changeQuantities(
        before,
        state.values,
        await allOf(await arraysOf(tree, 'after_1_adamw_step.safetensors')),
      ),
    ];
    expect(quantities.length).toBeGreaterThan(50);
    // Of the bounds for two float32 computations, float64 leaves nine tenths to the other one.
    const tight = quantities.map((quantity) => ({ ...quantity, bound: quantity.bound / 10 }));
    expect(tight.filter((quantity) => !holds(quantity))).toEqual([]);
  });
});
