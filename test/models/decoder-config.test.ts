/** What a language model's config.json becomes, in the layouts in which it is published; and what of it is refused. */
import { describe, expect, it } from 'vitest';
import { linearShapes, parseQwen2Config, QWEN3 } from '../../src/decoder/qwen2.ts';
import { parseQwenTextConfig } from '../../src/families/qwen-text/index.ts';

/** Qwen3-0.6B. */
const QWEN3_JSON = {
  ...{ hidden_size: 1024, intermediate_size: 3072, num_hidden_layers: 28, vocab_size: 151936 },
  ...{ num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128, max_position_embeddings: 40960 },
  ...{ attention_bias: false, sliding_window: null, use_sliding_window: false, max_window_layers: 28 },
  ...{ rope_scaling: null, rope_theta: 1000000, tie_word_embeddings: true, rms_norm_eps: 1e-6 },
};
/** Qwen2.5-7B-Instruct. */
const QWEN2_JSON = {
  ...{ hidden_size: 3584, intermediate_size: 18944, num_hidden_layers: 28, vocab_size: 152064 },
  ...{ num_attention_heads: 28, num_key_value_heads: 4, max_position_embeddings: 32768 },
  ...{ rope_theta: 1000000, use_sliding_window: false, sliding_window: 131072, max_window_layers: 28 },
};
const YARN = { factor: 4, original_max_position_embeddings: 32768 };

describe('the kinds of decoder', () => {
  it('are told apart by biases, norms of heads, and the width of a head', () => {
    const [qwen2, qwen3] = [
      parseQwenTextConfig('Qwen2', QWEN2_JSON),
      parseQwenTextConfig('Qwen3', QWEN3_JSON),
    ];
    expect(qwen2).toMatchObject({ qkvBias: true, qkNorm: false, headDim: 128, tieWordEmbeddings: false });
    expect(qwen3).toMatchObject({ qkvBias: false, qkNorm: true, headDim: 128, tieWordEmbeddings: true });
    expect(linearShapes(qwen3)).toMatchObject({
      q_proj: [2048, 1024],
      k_proj: [1024, 1024],
      o_proj: [1024, 2048],
    });
    const { head_dim, ...unsaid } = QWEN3_JSON;
    expect(parseQwenTextConfig('Qwen3', unsaid).headDim).toBe(head_dim);
  });

  it('refuse the biases of the other', () => {
    expect(() => parseQwenTextConfig('Qwen3', { ...QWEN3_JSON, attention_bias: true })).toThrow(
      /"attention_bias" is true: biases around attention, which is not built here/,
    );
    expect(() => parseQwenTextConfig('Qwen2', { ...QWEN2_JSON, attention_bias: false })).toThrow(
      /"attention_bias" is false: queries, keys and values without biases/,
    );
  });

  it.each([
    [
      { use_sliding_window: true, sliding_window: 4096, max_window_layers: 14 },
      /"use_sliding_window" is true/,
    ],
    [{ hidden_act: 'gelu' }, /"hidden_act" is "gelu", expected silu/],
    [{ rope_scaling: { rope_type: 'longrope', factor: 4 } }, /positions scaled by "longrope"/],
    [{ rope_scaling: { type: 'dynamic', factor: 2 } }, /positions scaled by "dynamic"/],
    [{ rope_scaling: { rope_type: 'llama3', factor: 8 } }, /positions scaled by "llama3"/],
    [{ rope_parameters: { rope_type: 'dynamic', factor: 2 } }, /"rope_parameters" is .*scaled by "dynamic"/],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, /"layer_types" is "sliding_attention"/],
    [{ head_dim: 127 }, /a head has 127 columns, expected an even number/],
    [{ head_dim: 256 }, /a head has 256 columns, expected an even number.* of at most 128/],
  ])('refuse %j', (changes, message) => {
    expect(() => parseQwen2Config({ ...QWEN3_JSON, ...changes }, 'config.json', QWEN3)).toThrow(message);
  });
});

describe('layers that attend to everything', () => {
  it.each([
    { use_sliding_window: false, sliding_window: 4096, max_window_layers: 0 },
    { use_sliding_window: true, sliding_window: null },
    { use_sliding_window: true, sliding_window: 4096, max_window_layers: 28 },
    { use_sliding_window: true, sliding_window: 4096, layer_types: Array(28).fill('full_attention') },
  ])('are taken, whatever is said of windows: %j', (changes) => {
    expect(parseQwenTextConfig('Qwen2', { ...QWEN2_JSON, ...changes })).toMatchObject({ layers: 28 });
  });
});

describe('theta', () => {
  const thetaOf = (changes: Readonly<Record<string, unknown>>): number =>
    parseQwenTextConfig('Qwen2', { ...QWEN2_JSON, ...changes }).ropeTheta;

  it('is read beside the scaling or from within it, and is that of transformers where it is not said', () => {
    expect(thetaOf({ rope_theta: 5e4 })).toBe(5e4);
    expect(thetaOf({ rope_theta: 5e4, rope_parameters: { rope_type: 'default', rope_theta: 3e5 } })).toBe(
      3e5,
    );
    expect(thetaOf({ rope_theta: 5e4, rope_parameters: { rope_type: 'linear', factor: 2 } })).toBe(5e4);
    expect(thetaOf({ rope_theta: undefined })).toBe(1e4);
    expect(thetaOf({ rope_theta: undefined, rope_scaling: { type: 'linear', factor: 2 } })).toBe(1e4);
  });
});

describe('scaled positions', () => {
  const scalingOf = (changes: Readonly<Record<string, unknown>>) =>
    parseQwenTextConfig('Qwen2', { ...QWEN2_JSON, ...changes }).ropeScaling;
  const defaults = { betaFast: 32, betaSlow: 1, attentionFactor: 0.1 * Math.log(4) + 1, truncate: true };
  const yarn = { kind: 'yarn', factor: 4, originalPositions: 32768, ...defaults };

  it('are read from both layouts alike', () => {
    expect(scalingOf({ rope_scaling: { type: 'yarn', ...YARN } })).toEqual(yarn);
    expect(scalingOf({ rope_scaling: { rope_type: 'yarn', type: 'yarn', ...YARN } })).toEqual(yarn);
    expect(scalingOf({ rope_parameters: { rope_type: 'yarn', rope_theta: 1e6, ...YARN } })).toEqual(yarn);
    expect(scalingOf({ rope_scaling: { type: 'linear', factor: 2 } })).toEqual({ kind: 'linear', factor: 2 });
  });

  it('may be said twice, but not otherwise each time', () => {
    const [older, newer] = [
      { type: 'yarn', ...YARN },
      { rope_type: 'yarn', rope_theta: 1e6, ...YARN },
    ];
    expect(scalingOf({ rope_scaling: older, rope_parameters: newer })).toEqual(yarn);
    expect(() => scalingOf({ rope_scaling: { ...older, factor: 2 }, rope_parameters: newer })).toThrow(
      /"rope_scaling" is .*: positions by another "factor" than in "rope_parameters", 4/,
    );
    expect(() => scalingOf({ rope_scaling: { type: 'linear', factor: 4 }, rope_parameters: newer })).toThrow(
      /scaled by "yarn" and by "linear" at once|scaled by "linear" and by "yarn" at once/,
    );
  });

  it('are absent where nothing is scaled', () => {
    for (const rope of [null, {}, { type: 'default' }, { type: 'linear', factor: 1 }])
      expect(scalingOf({ rope_scaling: rope })).toBeUndefined();
  });

  it('take from elsewhere what they do not say', () => {
    const asked = { type: 'yarn', factor: 4 };
    expect(scalingOf({ rope_scaling: asked })).toEqual(yarn);
    expect(scalingOf({ rope_scaling: asked, original_max_position_embeddings: 8192 })).toEqual({
      ...yarn,
      originalPositions: 8192,
    });
    const ratio = { type: 'yarn', original_max_position_embeddings: 8192 };
    expect(scalingOf({ rope_scaling: ratio })).toEqual({ ...yarn, originalPositions: 8192 });
  });

  it('take all that YaRN can be told', () => {
    const told = { beta_fast: 16, beta_slow: 2, truncate: false, mscale: 1, mscale_all_dim: 0.7 };
    const magnitude = (0.1 * Math.log(4) + 1) / (0.07 * Math.log(4) + 1);
    expect(scalingOf({ rope_scaling: { type: 'yarn', ...YARN, ...told } })).toMatchObject({
      ...{ betaFast: 16, betaSlow: 2, truncate: false },
      attentionFactor: magnitude,
    });
    const factor = scalingOf({ rope_scaling: { type: 'yarn', ...YARN, ...told, attention_factor: 0.9 } });
    expect(factor).toMatchObject({ attentionFactor: 0.9 });
  });
});
