import { describe, expect, it } from 'vitest';
import { partOf } from '../../src/rl/policy/trained-parts.ts';
import { sftStep } from '../../src/rl/sft.ts';
import { testGpu } from '../ops/harness.ts';
import { openRun } from '../reference/tiny-run.ts';

const SWITCHES = [
  ['trainProjectors', 'projectors'],
  ['trainGate', 'gate'],
  ['trainBert', 'bert'],
] as const;

describe('the switches of trained parts', () => {
  it.each(SWITCHES)('%s trains the %s and nothing else', async (name, part) => {
    using run = await openRun(await testGpu(), {
      stage: 'sft',
      loraRank: 0,
      [name]: true,
      learningRate: 1e-2,
    });
    const { store } = run.policy;
    expect(new Set(store.names().map(partOf))).toEqual(new Set([part]));
    const before = new Map<string, Float32Array>();
    for (const tensor of store.names()) before.set(tensor, await store.read(tensor));
    const { metrics } = await sftStep(run.context, run.examples.slice(0, 2), 0);
    expect(metrics.grad_norm).toBeGreaterThan(0);
    let moved = 0;
    for (const [tensor, values] of before) {
      const now = await store.read(tensor);
      if (now.some((value, i) => value !== values[i])) moved++;
    }
    expect(moved).toBeGreaterThan(0.9 * before.size);
  });
});
