/** How many dispatches a sampled token takes at the published size, counted without a device; and which models are refused. */
import { describe, expect, it } from 'vitest';
import { DecodeAdapters } from '../../src/decoder/decode-adapters.ts';
import { type Adapter, adaptedLinears, adapterNames, freshAdapters } from '../../src/decoder/lora.ts';
import { linearShapes, openQwen2, parseQwen2Config, type Qwen2 } from '../../src/decoder/qwen2.ts';
import { rowShards } from '../../src/decoder/row-shards.ts';
import { Arena, dryDevice, Gpu, Plan, type Tensor } from '../../src/gpu/index.ts';
import { LORA_LINEARS } from '../../src/io/formats/peft.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import { Generator } from '../../src/rl/rollout/generator.ts';

/** Qwen2.5-0.5B. */
const REAL = {
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  vocab_size: 151_936,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
};
const RANK = 16;

/** How adapters lie in memory: in a store, as they do when they train, or each matrix in a buffer of its own. */
type Adapters = 'none' | 'in a store' | 'apart';

/** Matrices of an adapter, by the name of its linear. */
function adapterIn(gpu: Gpu, store: ParameterStore, kind: Adapters): (name: string) => Adapter {
  const matrix = (name: string): Tensor =>
    kind === 'apart' ? gpu.tensor('trainable', name, store.get(name).shape) : store.get(name);
  return (name) => {
    const { a, b } = adapterNames(name);
    return { a: matrix(a), b: matrix(b), scale: 2 };
  };
}

/** A model without contents, with adapters on all linears if asked. */
function dryModel(gpu: Gpu, changes: Partial<typeof REAL>, kind: Adapters): Qwen2 {
  const open = (name: string, shape: readonly number[]): Tensor =>
    gpu.tensor('weights', name, shape, shape.length === 2 ? 'bf16' : 'f32');
  const config = parseQwen2Config({ ...REAL, ...changes });
  const lora = { rank: RANK, alpha: 2 * RANK, targets: LORA_LINEARS };
  const shapes = linearShapes(config);
  const store = new ParameterStore(
    gpu,
    kind === 'none'
      ? []
      : freshAdapters(
          lora,
          adaptedLinears(lora, config.layers, (linear) => shapes[linear]),
          1,
        ),
  );
  return openQwen2(gpu, config, {
    open,
    openRows: (name, shape) =>
      rowShards(name, shape).map((shard) => open(shard.name, [shard.rows, shape[1]])),
    ...(kind === 'none' ? {} : { adapter: adapterIn(gpu, store, kind) }),
    maxPositions: 64,
  });
}

/** Dispatches of one decode step of 8 rows. */
async function dispatchesOf(changes: Partial<typeof REAL>, kind: Adapters): Promise<number> {
  const gpu = new Gpu(dryDevice());
  const model = dryModel(gpu, changes, kind);
  const adapters = kind !== 'none';
  const create = Plan.create.bind(Plan);
  const counts = new Map<string, number>();
  Plan.create = async (...args) => {
    const plan = await create(...args);
    counts.set(args[1], plan.dispatchCount);
    return plan;
  };
  const extents = { promptTokens: 40, mediaRows: 1, maxNewTokens: 8 };
  const shape = { rows: 8, groupSize: 8, places: 1, prefillTogether: 1, ...extents };
  try {
    await Generator.create(gpu, new Arena(gpu, 'rollout'), model, shape, { endIds: [1], adapters });
  } finally {
    Plan.create = create;
  }
  return counts.get('decode step')!;
}

describe('a sampled token of the published 0.5B decoder', () => {
  it('takes five dispatches a layer, and a few around', async () => {
    // Five shards of the embedding, a dispatch each; the same as a head, three to a dispatch; angles; sampling; moving on.
    const around = 5 + 2 + 1 + 6 + 1;
    expect(await dispatchesOf({}, 'none')).toBe(5 * REAL.num_hidden_layers + around);
  });

  it('takes at most 200 with adapters on all seven linears: two more a layer', async () => {
    const [plain, adapted] = [await dispatchesOf({}, 'none'), await dispatchesOf({}, 'in a store')];
    expect(adapted - plain).toBe(2 * REAL.num_hidden_layers);
    expect(adapted).toBeLessThanOrEqual(200);
  });

  it('is decoded with more of them where biases train, or weights next to one another have different formats', () => {
    const gpu = new Gpu(dryDevice());
    const { layers, ...model } = dryModel(gpu, { num_hidden_layers: 1 }, 'in a store');
    const near = (changes: Partial<(typeof layers)[number]['linears']>) => {
      const [layer] = layers;
      const linears = { ...layer!.linears, ...changes };
      return new DecodeAdapters(gpu, { ...model, layers: [{ ...layer!, linears }] }).layer(0);
    };
    const { k_proj, v_proj } = layers[0]!.linears;
    expect(near({})).toBeDefined();
    expect(near({ k_proj: { ...k_proj, bias: { ...k_proj.bias!, grad: k_proj.bias! } } })).toBeUndefined();
    expect(near({ v_proj: { ...v_proj, weight: { ...v_proj.weight, dtype: 'q8' } } })).toBeUndefined();
  });

  it('takes five more a layer where the adapters lie apart', async () => {
    const [plain, adapted] = [await dispatchesOf({}, 'none'), await dispatchesOf({}, 'apart')];
    expect(adapted - plain).toBe(5 * REAL.num_hidden_layers);
  });
});

describe('a decoder that the fused kernels cannot take', () => {
  it.each([{ intermediate_size: 4862 }, { num_attention_heads: 224, num_key_value_heads: 224 }])(
    'is decoded by the ops of a forward, in more dispatches: %o',
    async (changes) => {
      const layers = { num_hidden_layers: 1 };
      const [fused, plain] = [
        await dispatchesOf(layers, 'none'),
        await dispatchesOf({ ...layers, ...changes }, 'none'),
      ];
      expect(plain).toBeGreaterThan(fused);
    },
  );
});
