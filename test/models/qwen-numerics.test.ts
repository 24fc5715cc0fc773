/** The engine's Qwen decoders beside a float64 reference, at extents and with scalings that no recorded case has. */
import { describe, expect, it } from 'vitest';
import { adamwSteps } from '../../src/cli/parity/adamw-steps.ts';
import { recordPass } from '../../src/cli/parity/case-pass.ts';
import { activation, differing, holds, type Quantity, scalar } from '../../src/cli/parity/quantity.ts';
import type { TinyQwenOptions } from '../../src/cli/tiny-qwen/architecture.ts';
import { tinyQwen } from '../../src/cli/tiny-qwen/checkpoint.ts';
import { openQwenTextFiles } from '../../src/families/qwen-text/files.ts';
import type { ModelFiles } from '../../src/families/shared/model-files.ts';
import { Arena } from '../../src/gpu/index.ts';
import { blobSource } from '../../src/io/files/bytes.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { LOSS_DEFAULTS } from '../../src/protocol/loss-config.ts';
import { loadPolicy, type Policy, type PolicyOptions } from '../../src/rl/policy/policy.ts';
import { Generator } from '../../src/rl/rollout/generator.ts';
import { testGpu } from '../ops/harness.ts';
import { adamwState, adamwStep, globalNorm } from '../reference/adamw.ts';
import { Graph, type Matrix, matrix } from '../reference/autodiff.ts';
import { changeQuantities, gradientQuantities, logProbQuantity } from '../reference/model-bounds.ts';
import { LORA, NOTHING, readAll, readGradients, SAMPLING, stirAdapters } from '../reference/omni-tiny.ts';
import {
  greedyTokens,
  groupGradients,
  logitsOf,
  type ReferenceDecoder,
  readReference,
} from '../reference/qwen-decoder.ts';

type Json = Readonly<Record<string, unknown>>;

type Contents = Awaited<ReturnType<typeof tinyQwen>>;

/** A checkpoint, and what its config.json says otherwise than the one that is made. */
interface Case {
  readonly made: Partial<TinyQwenOptions> & Pick<TinyQwenOptions, 'family'>;
  readonly config?: Json;
  /** What lies in the folder otherwise than it is made. */
  readonly change?: (contents: Contents) => Contents | Promise<Contents>;
}

const CASES: Readonly<Record<string, Case>> = {
  'Qwen2.5, one key-value head, untied': {
    made: {
      ...{ family: 'qwen2.5', heads: 3, kvHeads: 1, headDim: 8, hiddenSize: 32, intermediateSize: 52 },
      ...{ vocabSize: 551, tied: false, ropeTheta: 1e4 },
    },
  },
  'Qwen2.5, three key-value heads, linear scaling': {
    made: {
      ...{ family: 'qwen2.5', heads: 6, kvHeads: 3, headDim: 8, hiddenSize: 48, intermediateSize: 100 },
      ...{ ropeScaling: { type: 'linear', factor: 2.5 }, maxPositions: 64 },
    },
  },
  'Qwen2.5, as many key-value heads as heads, YaRN in the newer form': {
    made: { family: 'qwen2.5', heads: 3, kvHeads: 3, headDim: 8, hiddenSize: 36, intermediateSize: 76 },
    config: {
      rope_parameters: {
        ...{ rope_type: 'yarn', rope_theta: 5e4, factor: 4, original_max_position_embeddings: 16 },
        attention_factor: 0.8,
      },
      ...{ rope_theta: undefined, rope_scaling: undefined, torch_dtype: undefined, dtype: 'float32' },
    },
  },
  'Qwen3, one key-value head, heads of 24, untied, YaRN by mscale': {
    made: {
      ...{ family: 'qwen3', heads: 2, kvHeads: 1, headDim: 24, hiddenSize: 40, intermediateSize: 72 },
      ...{ vocabSize: 533, tied: false, ropeTheta: 3e5, maxPositions: 40 },
      ropeScaling: {
        ...{ rope_type: 'yarn', type: 'yarn', factor: 5, original_max_position_embeddings: 8 },
        ...{ beta_fast: 4, beta_slow: 0.5, truncate: false, mscale: 1.3, mscale_all_dim: 0.6 },
      },
    },
  },
  'Qwen3, three key-value heads, linear scaling in the newer form, three layers': {
    made: {
      ...{ family: 'qwen3', heads: 6, kvHeads: 3, headDim: 8, hiddenSize: 64, intermediateSize: 92 },
      layers: 3,
    },
    config: {
      rope_parameters: { rope_type: 'linear', factor: 3, rope_theta: 1e3 },
      ...{ rope_theta: undefined, rope_scaling: undefined },
    },
  },
  'Qwen2.5, heads of 20 columns': {
    made: { family: 'qwen2.5', heads: 3, kvHeads: 1, headDim: 20, hiddenSize: 40, intermediateSize: 56 },
  },
  'Qwen3, heads and layers of odd extents': {
    made: { family: 'qwen3', heads: 5, kvHeads: 5, headDim: 6, hiddenSize: 37, intermediateSize: 45 },
  },
};

const PROMPT = [33, 7, 250, 91, 91, 4, 18, 300, 77];
const COMPLETIONS = [[12], [5, 260, 5, 41], [400, 3, 19, 88, 120, 9, 2]];
const ADVANTAGES = [0.9, -1.3, 0.6];
const GROUP = { prompt: PROMPT, completions: COMPLETIONS, advantages: ADVANTAGES };
const GREEDY = 6;
const ADAMW = { learningRate: 1e-3, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, maxGradNorm: 0.5 };

async function openCase({ made, config = {}, change = (same) => same }: Case): Promise<ModelFiles> {
  const contents = await change(await tinyQwen({ seed: 11, dtype: 'F32', ...made }));
  const changed = { ...JSON.parse(contents['config.json'] as string), ...config };
  return openQwenTextFiles(treeFromMemory('tiny', { ...contents, 'config.json': JSON.stringify(changed) }));
}

/** Loads what `options` train. */
async function load(files: ModelFiles, options: Partial<PolicyOptions>): Promise<Policy> {
  const rest = { reference: false, seed: 3, maxPositions: 40 };
  return loadPolicy(await testGpu(), files, { ...NOTHING, ...rest, ...options });
}

/** The tokens that the engine draws without chance, through its cache. */
async function drawn({ gpu, current }: Policy): Promise<number[]> {
  using arena = new Arena(gpu, 'greedy');
  const extents = { rows: 1, groupSize: 1, places: 1, prefillTogether: 1, mediaRows: 0 };
  const shape = { ...extents, promptTokens: PROMPT.length, maxNewTokens: GREEDY };
  const options = { endIds: [0], adapters: current.adapters };
  using generator = await Generator.create(gpu, arena, current.decoder, shape, options);
  const prompts = [{ ids: Uint32Array.from(PROMPT) }];
  const none = { rows: new Float32Array(0) };
  const [[completion] = []] = await generator.generate(prompts, { ...SAMPLING, temperature: 0 }, () => none);
  return [...completion!.ids];
}

async function greedyQuantity(policy: Policy, model: ReferenceDecoder): Promise<Quantity> {
  const { ids, margin } = greedyTokens(model, PROMPT, GREEDY);
  // Two tokens as likely as each other say nothing of an engine that draws the other one.
  expect(margin).toBeGreaterThan(1e-3);
  return differing('greedy tokens', await drawn(policy), ids);
}

/** The reference's tensors that train, as matrices. */
type Trained = ReadonlyMap<string, Matrix>;

const arraysOf = (trained: Trained, part: 'values' | 'gradient') =>
  new Map([...trained].map(([name, tensor]) => [name, tensor[part].slice()] as const));

/** Everything that is compared of a policy in which `trained` trains. */
async function compared(policy: Policy, model: ReferenceDecoder, trained: Trained): Promise<Quantity[]> {
  const { gpu, store, current } = policy;
  const before = arraysOf(trained, 'values');
  const logits = logitsOf(new Graph(), model, PROMPT);
  const { logProbs } = groupGradients(model, GROUP);
  const gradients = arraysOf(trained, 'gradient');
  const state = adamwState(before);
  adamwStep(state, gradients, 1, ADAMW);
  const greedy = await greedyQuantity(policy, model);
  const groups = [
    {
      prompt: { ids: Uint32Array.from(PROMPT) },
      completions: COMPLETIONS.map((completion) => Uint32Array.from(completion)),
    },
  ];
  const objective = { config: { ...LOSS_DEFAULTS, lossType: 'grpo', beta: 0 } } as const;
  const options = { groups, objective, advantages: ADVANTAGES, backward: true } as const;
  using pass = await recordPass(gpu, current, options, async () => []);
  const [{ seen, norm }] = (await adamwSteps(gpu, { store, pass }, ADAMW, 1)) as [
    Awaited<ReturnType<typeof adamwSteps>>[number],
  ];
  return [
    activation('prompt_logits_last', seen.get('prompt_logits_last')!, logits.values.subarray(-logits.cols)),
    greedy,
    logProbQuantity('log-probabilities', seen.get('logProbs')!, logProbs.flat()),
    scalar('gradient norm', norm, globalNorm(gradients)),
    ...gradientQuantities(await readGradients(policy), gradients),
    ...changeQuantities(before, await readAll(policy), state.values),
  ];
}

/** The weights with a head beside the embedding: the same values, or others. */
async function withHead(contents: Contents, scale: number): Promise<Contents> {
  const file = 'model.safetensors';
  const source = await openSafetensors(blobSource(contents[file] as Blob), file);
  const tensors = source.names().map((name) => ({
    ...{ name, dtype: 'F32' as const, shape: source.info(name).shape },
    bytes: () => source.bytes(name),
  }));
  const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
  const head = {
    ...{ ...embedding, name: 'lm_head.weight' },
    bytes: async () => {
      const values = await source.float32(embedding.name);
      return f32ToBytes('F32', Float32Array.from(values.map((value) => scale * value)));
    },
  };
  return { ...contents, [file]: await writeSafetensors([...tensors, head]) };
}

const SMALL = { family: 'qwen2.5', heads: 4, kvHeads: 2, headDim: 8, hiddenSize: 32 } as const;
const SMALL3 = { ...SMALL, family: 'qwen3', tied: false } as const;

/** Frozen beneath adapters, where weights stay in the type of the files. */
const FROZEN: Readonly<Record<string, Case>> = {
  'in bf16': { made: { ...SMALL, dtype: 'BF16' } },
  'in f16': { made: { ...SMALL3, dtype: 'F16' } },
};

/** Trained whole, where every tensor of the files goes by its name. */
const WHOLE: Readonly<Record<string, Case>> = {
  'in three shards': { made: { ...SMALL3, shards: 3 } },
  'with a head that is the embedding, written once more': {
    made: SMALL,
    change: (contents) => withHead(contents, 1),
  },
  'with a head that is not the embedding, though the config says so': {
    made: SMALL,
    change: (contents) => withHead(contents, -2),
  },
  'with a head of their own, of which the config says nothing': {
    made: SMALL3,
    config: { tie_word_embeddings: undefined },
  },
};

/** The model of the files; a head that is the embedding trains as this. */
async function referenceOf({ main, tied }: ModelFiles): Promise<ReferenceDecoder> {
  const model = await readReference(main.config, main.weights);
  const weights = [...model.weights].filter(([name]) => !(tied && name === 'lm_head.weight'));
  return { ...model, weights: new Map(weights) };
}

async function decoderQuantities(one: Case): Promise<Quantity[]> {
  const files = await openCase(one);
  const model = await referenceOf(files);
  using policy = await load(files, { trainDecoder: true });
  return await compared(policy, model, model.weights);
}

async function adapterQuantities(one: Case): Promise<Quantity[]> {
  const files = await openCase(one);
  using policy = await load(files, { lora: LORA });
  stirAdapters(policy);
  const matrices = new Map<string, Matrix>();
  for (const [name, values] of await readAll(policy)) {
    const [rows, cols] = policy.store.get(name).shape as [number, number];
    matrices.set(name, matrix(rows, cols, values));
  }
  const lora = { matrices, scale: LORA.alpha / LORA.rank };
  return await compared(policy, { ...(await referenceOf(files)), lora }, matrices);
}

const failed = (quantities: readonly Quantity[]): Quantity[] => quantities.filter((one) => !holds(one));

describe.each(Object.entries(CASES))('%s', (_name, one) => {
  it('computes and trains as the reference, the whole decoder', async () => {
    const quantities = await decoderQuantities(one);
    expect(quantities.length).toBeGreaterThan(2 * 24);
    expect(failed(quantities)).toEqual([]);
  });

  it('computes and trains as the reference, by adapters on all linear layers', async () => {
    const quantities = await adapterQuantities(one);
    expect(quantities.length).toBeGreaterThan(4 * 14);
    expect(failed(quantities)).toEqual([]);
  });
});

describe('weights in the files', () => {
  it.each(Object.entries(FROZEN))('are taken, %s', async (_name, one) => {
    expect(failed(await adapterQuantities(one))).toEqual([]);
  });

  it.each(Object.entries(WHOLE))('are taken, %s', async (_name, one) => {
    expect(failed(await decoderQuantities(one))).toEqual([]);
  });

  it('are missed by name where a head of its own is not there', async () => {
    const untied: Case = { made: SMALL, config: { tie_word_embeddings: false } };
    await expect(openCase(untied)).rejects.toThrow(/no lm_head\.weight, though config\.json says/);
  });
});
