import { beforeAll, describe, expect, it } from 'vitest';
import { byteLength, type Gpu, sizeOf } from '../../src/gpu/index.ts';
import { quantise } from '../../src/math/quantise.ts';
import { type FrozenWeights, quantisedFormat } from '../../src/rl/policy/frozen-weights.ts';
import type { ModelView } from '../../src/rl/policy/policy.ts';
import { packPass, passSize } from '../../src/rl/update/pass-arrays.ts';
import { PassInputs, scoreTokens } from '../../src/rl/update/pass-inputs.ts';
import { relativeError, runOnce, testGpu } from '../ops/harness.ts';
import {
  LORA,
  readGradients,
  stirAdapters,
  tinyPolicy,
  tinyUpdater,
  toyCompletion,
  toyGroup,
  toyPrompt,
} from '../reference/omni-tiny.ts';
import { dequantised } from '../reference/quantised.ts';

const COMPLETIONS = [40, 32, 24].map((length, i) => toyCompletion(20 + i, length));
const GROUPS = [{ prompt: toyPrompt(1, 30), completions: COMPLETIONS }];
const TOKENS = 96;
const QUANTISED = ['int8', 'int4'] as const;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

async function logProbs({ decoder, adapters }: ModelView): Promise<Float32Array> {
  const size = passSize(GROUPS);
  using inputs = new PassInputs(gpu, size);
  inputs.write(packPass(GROUPS, size), 1);
  const [values] = await runOnce(gpu, 'log-probabilities', (tape) => [
    scoreTokens(tape, decoder, inputs, [], { adapters }).logProbs,
  ]);
  return values!.slice(0, TOKENS);
}

const rms = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / TOKENS);

describe('frozen weights', () => {
  it('are the decoder’s matrices, never norms, biases, towers or projectors', () => {
    const linear = 'model.layers.11.self_attn.q_proj.weight';
    expect(quantisedFormat(linear, 'published')).toBeUndefined();
    expect(quantisedFormat(linear, 'int8')).toBe('q8');
    expect(quantisedFormat(linear, 'int4')).toBe('q4');
    expect(quantisedFormat('model.layers.0.mlp.down_proj.weight', 'int4')).toBe('q4');
    for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) {
      expect(quantisedFormat(name, 'int4')).toBe('q8');
    }
    for (const name of [
      'model.layers.0.self_attn.q_proj.bias',
      'model.layers.0.input_layernorm.weight',
      'model.norm.weight',
      'model.mm_projector.readout_video.0.weight',
      'model.vision_tower.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight',
      'model.bert_model.encoder.layer.0.attention.self.query.weight',
    ]) {
      expect(quantisedFormat(name, 'int8'), name).toBeUndefined();
    }
  });

  it.each(QUANTISED)(
    'of %s take the ledger’s bytes down to 34 or 18 for 32 values',
    async (frozenWeights) => {
      const bytes = async (chosen: FrozenWeights): Promise<number> => {
        const before = gpu.ledger.parts().weights ?? 0;
        using policy = await tinyPolicy(gpu, { lora: LORA, frozenWeights: chosen });
        expect(policy.notQuantised).toEqual([]);
        return gpu.ledger.parts().weights! - before;
      };
      using policy = await tinyPolicy(gpu, { lora: LORA });
      let saved = 0;
      for (const { linears } of policy.current.decoder.layers) {
        for (const { weight } of Object.values(linears)) {
          saved += byteLength(weight) - (sizeOf(weight.shape) / 32) * (frozenWeights === 'int8' ? 34 : 18);
        }
      }
      for (const shard of policy.current.decoder.embedTokens) {
        saved += byteLength(shard) - (sizeOf(shard.shape) / 32) * 34;
      }
      expect(saved).toBeGreaterThan(0);
      expect((await bytes('published')) - (await bytes(frozenWeights))).toBe(saved);
    },
  );

  it.each(QUANTISED)('of %s act as the numbers they stand for', async (frozenWeights) => {
    using policy = await tinyPolicy(gpu, { frozenWeights });
    using wide = await tinyPolicy(gpu, { trainDecoder: true });
    for (const name of wide.store.names()) {
      const format = quantisedFormat(name, frozenWeights);
      if (!format) continue;
      const bits = format === 'q8' ? 8 : 4;
      const values = await wide.store.read(name);
      const stored = dequantised(quantise(values, bits, name), bits, values.length);
      wide.store.write(name, Float32Array.from(stored));
    }
    expect(relativeError(await logProbs(policy.current), await logProbs(wide.current))).toBeLessThan(1e-6);
  });

  /**
   * Each matrix is off by a share ε of its norm, and adds that share to what the residual stream carries. The errors are
   * independent, so n matrices between ids and logits add up to ε√n of the logits' spread; the factor 2 leaves room for
   * products, which double it (gate · up, query · key). Half an ε√n at least shows that nothing stayed as published.
   */
  it.each([
    ['int8', 0.0054],
    ['int4', 0.082],
  ] as const)(
    'of %s change log-probabilities no more than rounding by %d must',
    async (frozenWeights, share) => {
      using published = await tinyPolicy(gpu, {});
      using policy = await tinyPolicy(gpu, { frozenWeights });
      const before = await logProbs(published.current);
      const after = await logProbs(policy.current);
      const mean = before.reduce((sum, x) => sum + x, 0) / TOKENS;
      const spread = rms(before.map((x) => x - mean));
      const matrices = 2 + 7 * policy.config.decoder.layers;
      const unit = share * Math.sqrt(matrices) * spread;
      const change = rms(after.map((x, i) => x - before[i]!));
      expect(change).toBeLessThanOrEqual(2 * unit);
      expect(change).toBeGreaterThanOrEqual(unit / 2);
    },
  );

  it.each(QUANTISED)(
    'of %s serve policy and reference, and the adapter trains on them',
    async (frozenWeights) => {
      using policy = await tinyPolicy(gpu, { lora: LORA, reference: true, frozenWeights });
      expect(policy.reference!.decoder).toBe(policy.current.decoder);
      const fresh = await logProbs(policy.current);
      expect(await logProbs(policy.reference!)).toEqual(fresh);
      stirAdapters(policy);
      expect(await logProbs(policy.reference!)).toEqual(fresh);
      const groups = [toyGroup(4, [5, 6])];
      using updater = await tinyUpdater(policy, groups, {}, { learningRate: 0 });
      await updater.update(groups, 0);
      for (const [name, gradient] of await readGradients(policy)) {
        expect(Math.hypot(...gradient), name).toBeGreaterThan(0);
      }
    },
  );

  it('of parts that train are f32 whatever the setting', async () => {
    using policy = await tinyPolicy(gpu, { trainDecoder: true, frozenWeights: 'int8', reference: true });
    using plain = await tinyPolicy(gpu, { trainDecoder: true });
    expect(await logProbs(policy.current)).toEqual(await logProbs(plain.current));
    expect(policy.current.decoder.embedTokens.map(({ dtype }) => dtype)).toEqual(['f32']);
    expect(await logProbs(policy.reference!)).toEqual(await logProbs(policy.current));
  });
});
