import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import type { ModelView, Policy } from '../../src/rl/policy/policy.ts';
import { packPass, passSize } from '../../src/rl/update/pass-arrays.ts';
import { PassInputs, scoreTokens } from '../../src/rl/update/pass-inputs.ts';
import { relativeError, runOnce, testGpu } from '../ops/harness.ts';
import { LORA, readAll, stirAdapters, tinyPolicy, toyCompletion, toyPrompt } from '../reference/omni-tiny.ts';

const GROUPS = [{ prompt: toyPrompt(1, 9), completions: [toyCompletion(2, 5), toyCompletion(3, 7)] }];

let gpu: Gpu;
let base: Policy;
beforeAll(async () => {
  gpu = await testGpu();
  base = await tinyPolicy(gpu, {});
});
afterAll(() => base[Symbol.dispose]());

/** Log-probabilities of the two completions under a view of a policy. */
async function logProbs({ decoder, adapters }: ModelView): Promise<Float32Array> {
  const size = passSize(GROUPS);
  using inputs = new PassInputs(gpu, size);
  inputs.write(packPass(GROUPS, size), 1);
  const [values] = await runOnce(gpu, 'log-probabilities', (tape) => [
    scoreTokens(tape, decoder, inputs, [], { adapters }).logProbs,
  ]);
  return values!;
}

const lora = (targets: (typeof LORA)['targets'] | ['q_proj', 'v_proj'] = LORA.targets, seed = 3) =>
  tinyPolicy(gpu, { lora: { ...LORA, targets }, reference: true, seed });

describe('LoRA', () => {
  it('changes nothing while B is zero: not one bit', async () => {
    const expected = await logProbs(base.current);
    for (const seed of [3, 4]) {
      using policy = await lora(LORA.targets, seed);
      expect(policy.current.adapters).toBe(true);
      expect(await logProbs(policy.current)).toEqual(expected);
    }
  });

  it('changes the policy once B is not zero, and its reference never', async () => {
    const expected = await logProbs(base.current);
    using policy = await lora();
    stirAdapters(policy);
    expect(relativeError(await logProbs(policy.current), expected)).toBeGreaterThan(1e-3);
    expect(await logProbs(policy.reference!)).toEqual(expected);
  });

  it('counts the weights once: the reference takes no memory of its own', async () => {
    const before = gpu.ledger.total;
    using without = await tinyPolicy(gpu, { lora: LORA });
    const plain = gpu.ledger.total - before;
    using policy = await lora();
    expect(gpu.ledger.total - before - plain).toBe(plain);
    expect(policy.reference!.decoder).toBe(policy.current.decoder);
    expect(without.reference).toBeUndefined();
  });

  it('acts as the merged weight W + scale · B·A', async () => {
    using policy = await lora(['q_proj', 'v_proj']);
    stirAdapters(policy);
    using merged = await tinyPolicy(gpu, { trainDecoder: true });
    const adapter = await readAll(policy);
    for (const name of merged.store.names()) {
      const path = name.replace(/\.weight$/, '');
      const [a, b] = [adapter.get(`${path}.lora_A.weight`), adapter.get(`${path}.lora_B.weight`)];
      if (!a || !b) continue;
      const [out, inputs] = merged.store.get(name).shape as [number, number];
      const weight = await merged.store.read(name);
      for (let i = 0; i < out * inputs; i++) {
        for (let r = 0; r < LORA.rank; r++) {
          weight[i]! +=
            (LORA.alpha / LORA.rank) *
            b[Math.floor(i / inputs) * LORA.rank + r]! *
            a[r * inputs + (i % inputs)]!;
        }
      }
      merged.store.write(name, weight);
    }
    expect(relativeError(await logProbs(merged.current), await logProbs(policy.current))).toBeLessThan(1e-5);
  });

  it('trains two matrices for each target of each layer, and nothing else', async () => {
    using policy = await lora(['q_proj', 'v_proj']);
    const expected = [0, 1, 2].flatMap((layer) =>
      ['q_proj', 'v_proj'].flatMap((target) =>
        ['A', 'B'].map((matrix) => `model.layers.${layer}.self_attn.${target}.lora_${matrix}.weight`),
      ),
    );
    expect([...policy.store.names()].sort()).toEqual(expected.sort());
    const values = await readAll(policy);
    for (const [name, data] of values) {
      if (name.includes('lora_B')) expect(data.every((value) => value === 0)).toBe(true);
      else
        expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(
          1 / Math.sqrt(policy.store.get(name).shape[1]!),
        );
    }
  });
});
