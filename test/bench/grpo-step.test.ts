import { describe, expect, it } from 'vitest';
import { GrpoSteps } from '../../src/bench/cases/grpo-step.ts';
import { randomPolicy } from '../../src/cli/bench/random-checkpoint.ts';
import { testGpu } from '../ops/harness.ts';

const TINY = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 64,
};
const SIZE = { group: 4, promptTokens: 6, length: 8, beta: 0.04 };

describe('steps that are timed', () => {
  it('sample a group and train on it, and give their memory back', async () => {
    const gpu = await testGpu();
    gpu.trim();
    const before = gpu.ledger.parts();
    {
      using policy = await randomPolicy(gpu, TINY, { rank: 2, maxPositions: 16 });
      const weights = await gpu.read(policy.store.get(policy.store.names()[1]!));
      {
        using steps = await GrpoSteps.create(policy, { ...SIZE, endIds: 16 });
        const lengths = [(await steps.run(0)).lengths, (await steps.run(1)).lengths].flat();
        expect(new Set(lengths).size).toBeGreaterThan(1);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(8);
      }
      expect(await gpu.read(policy.store.get(policy.store.names()[1]!))).not.toEqual(weights);
    }
    gpu.trim();
    expect(gpu.ledger.parts()).toEqual(before);
  });

  it('may be all the same, with a policy that stays as it is', async () => {
    using policy = await randomPolicy(await testGpu(), TINY, { rank: 2, maxPositions: 16 });
    using steps = await GrpoSteps.create(policy, { ...SIZE, still: true });
    const { lengths } = await steps.run(0);
    expect(lengths).toHaveLength(4);
    expect((await steps.run(5)).lengths).toEqual(lengths);
  });
});
