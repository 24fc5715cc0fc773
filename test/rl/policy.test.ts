import { beforeAll, describe, expect, it } from 'vitest';
import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import { featureShapes, mediaTokenCounts } from '../../src/families/humanomni/parts.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { type GateText, gateTextsOf } from '../../src/rl/media/gate.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import type { UpdateGroup } from '../../src/rl/update/micro-batches.ts';
import { numbers, relativeError, testGpu } from '../ops/harness.ts';
import {
  LORA,
  readGradients,
  tinyPolicy,
  tinyUpdater,
  toyCompletion,
  toyPrompt,
} from '../reference/omni-tiny.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

describe('a policy', () => {
  const options = [
    { lora: LORA, reference: true },
    { trainDecoder: true, reference: true },
    { trainProjectors: true, trainGate: true, trainBert: true },
  ] as const;

  it.each(options)('gives back all memory when it is closed: %o', async (chosen) => {
    const before = gpu.ledger.parts();
    const policy = await tinyPolicy(gpu, chosen);
    expect(gpu.ledger.parts().trainable).toBeGreaterThan(before.trainable ?? 0);
    policy[Symbol.dispose]();
    expect(gpu.ledger.parts()).toEqual(before);
  });

  it('trains the parts it is told to and no others, and knows whether media tokens change', async () => {
    const trained = async (chosen: Parameters<typeof tinyPolicy>[1]) => {
      using policy = await tinyPolicy(gpu, chosen);
      const parts = policy.store.names().map((name) => name.split('.').slice(0, 2).join('.'));
      return { parts: [...new Set(parts)].sort(), trainsMedia: policy.trainsMedia };
    };
    expect(await trained({ trainDecoder: true })).toEqual({
      parts: ['model.embed_tokens', 'model.layers', 'model.norm'],
      trainsMedia: false,
    });
    expect(await trained({ trainProjectors: true })).toEqual({
      parts: ['model.audio_projector', 'model.mm_projector'],
      trainsMedia: true,
    });
    expect(await trained({ trainGate: true })).toEqual({ parts: ['model.bert_gate'], trainsMedia: true });
    expect(await trained({ lora: LORA })).toEqual({ parts: ['model.layers'], trainsMedia: false });
  });
});

/** A prompt with all its media, its clip's features made up. */
function clipGroup(policy: Policy, seed: number, gate: GateText = numbers(32, seed + 2)): UpdateGroup {
  const { video, audio } = mediaTokenCounts(humanOmniConfig(policy.config));
  const shapes = featureShapes(humanOmniConfig(policy.config));
  const vision = numbers(shapes.vision[0] * shapes.vision[1], seed);
  const sound = numbers(shapes.audio[0] * shapes.audio[1], seed + 1);
  return {
    prompt: toyPrompt(seed, 6, video, audio),
    completions: [toyCompletion(seed, 3), toyCompletion(seed + 1, 4)],
    media: { features: { vision, audio: sound, gate } },
    advantages: [1, -0.5],
  };
}

describe('a pass that trains projectors', () => {
  it('sends gradients into them, and takes fewer prompts than it has slots for', async () => {
    using policy = await tinyPolicy(gpu, { trainProjectors: true, trainGate: true });
    const groups = [1, 5, 9].map((seed) => clipGroup(policy, seed));
    const kind = {
      mediaCounts: mediaTokenCounts(humanOmniConfig(policy.config)),
      gate: { width: 32 },
    };
    const gradients: Map<string, Float32Array>[] = [];
    for (const promptsPerPass of [2, 1]) {
      using updater = await tinyUpdater(policy, groups, { promptsPerPass, kind }, { learningRate: 0 });
      await updater.update(groups, 0);
      gradients.push(await readGradients(policy));
    }
    const [paired, single] = gradients as [Map<string, Float32Array>, Map<string, Float32Array>];
    for (const [name, gradient] of paired) {
      expect(gradient.every(Number.isFinite), name).toBe(true);
    }
    const whole = (one: Map<string, Float32Array>): number[] =>
      [...one.values()].flatMap((values) => [...values]);
    expect(relativeError(whole(paired), whole(single))).toBeLessThan(1e-5);
    for (const part of ['mm_projector', 'audio_projector', 'bert_gate']) {
      const sizes = [...paired]
        .filter(([name]) => name.includes(part))
        .map(([, values]) => Math.hypot(...values));
      expect(Math.max(...sizes), part).toBeGreaterThan(0);
    }
  });

  it('lets BERT, where it trains, read the text of each prompt', async () => {
    using policy = await tinyPolicy(gpu, { trainProjectors: true, trainGate: true, trainBert: true });
    const texts = [
      [2, 5, 9, 3],
      [2, 7, 3],
      [2, 8, 11, 4, 6, 3],
    ];
    const groups = texts.map((ids, index) => clipGroup(policy, 1 + 4 * index, ids));
    const kind = {
      mediaCounts: mediaTokenCounts(humanOmniConfig(policy.config)),
      gate: { width: 32, trained: gateTextsOf(texts.map((gateIds) => ({ gateIds }))) },
    };
    const gradients = async (asked: readonly UpdateGroup[], promptsPerPass: number): Promise<number[]> => {
      using updater = await tinyUpdater(policy, asked, { promptsPerPass, kind }, { learningRate: 0 });
      await updater.update(asked, 0);
      const found = await readGradients(policy);
      return [...found].filter(([name]) => name.includes('bert_')).flatMap(([, values]) => [...values]);
    };
    const together = await gradients(groups, 3);
    expect(relativeError(together, await gradients(groups, 1))).toBeLessThan(1e-5);
    const swapped = groups.map((group, index) => ({
      ...group,
      media: { features: { ...group.media.features, gate: texts[(index + 1) % 3]! } },
    }));
    expect(relativeError(await gradients(swapped, 3), together)).toBeGreaterThan(1e-3);
  });
});
