import { describe, expect, it } from 'vitest';
import { openCase } from '../../src/cli/parity/humanomni-case.ts';
import {
  EVERYTHING,
  grpoPass,
  load,
  referenceLogProbs,
  runForward,
} from '../../src/cli/parity/humanomni-policy.ts';
import { distance, largestDifference, norm } from '../../src/cli/parity/quantity.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import type { FloatDtype } from '../../src/io/tensors/dtype.ts';
import type { PolicyOptions } from '../../src/rl/policy/policy.ts';
import { testGpu } from '../ops/harness.ts';
import { roundedTo, savedAs } from '../reference/layouts.ts';
import { LORA } from '../reference/omni-tiny.ts';

const LAYER = 'model.layers.1.self_attn.q_proj';
const OF_EVERYTHING = [
  `${LAYER}.weight`,
  'model.embed_tokens.weight',
  'model.norm.weight',
  'model.mm_projector.sampler_body.0.weight',
  'model.bert_gate.0.weight',
];
/** Adapters start with B = 0, so that A has no gradient yet. */
const OF_ADAPTERS = [`${LAYER}.lora_B.weight`, 'model.layers.0.mlp.down_proj.lora_B.weight'];

/** Log-probabilities of the frozen model, and some gradients of its training. */
async function results(tree: FileTree) {
  const gpu = await testGpu();
  const inputs = await openCase(tree);
  using frozen = await load(gpu, inputs, {});
  const logProbs = (await runForward(frozen, inputs)).get('logProbs')!;
  const reference = await referenceLogProbs(gpu, inputs);
  const gradientsOf = async (options: Partial<PolicyOptions>, names: readonly string[]) => {
    using policy = await load(gpu, inputs, options);
    using pass = await grpoPass(policy, inputs, reference, true);
    await pass.run();
    return Promise.all(names.map((name) => policy.store.readGradient(name)));
  };
  const gradients = [
    ...(await gradientsOf(EVERYTHING, OF_EVERYTHING)),
    ...(await gradientsOf({ lora: LORA }, OF_ADAPTERS)),
  ];
  const dtype = frozen.current.decoder.embedTokens[0]!.dtype;
  return { logProbs, gradients, dtype };
}

describe('weights stored in 16 bits', () => {
  it.each([
    ['bf16', 'BF16'],
    ['f16', 'F16'],
  ] as const)('compute as F32 weights of the same values: %s', async (layout, dtype: FloatDtype) => {
    const tree = await treeFromDisk('test/golden/omni-tiny');
    const stored = await results(await savedAs(layout, tree));
    const widened = await results(await roundedTo(dtype, tree));
    expect([stored.dtype, widened.dtype]).toEqual([layout, 'f32']);
    expect(largestDifference(stored.logProbs, widened.logProbs)).toBeLessThanOrEqual(1e-6);
    expect(widened.gradients.map(norm).every((length) => length > 1e-4)).toBe(true);
    const errors = stored.gradients.map((ours, i) => {
      const expected = widened.gradients[i]!;
      return distance(ours, expected) / norm(expected);
    });
    expect(Math.max(...errors)).toBeLessThanOrEqual(1e-6);
  });
});
