/** The memory of runs on published models, planned without a device: on WebGPU's default limits, and on larger ones. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../src/cli/real-size/write.ts';
import { dryDevice, Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { type OpenModel, openModel } from '../../src/worker/inputs/model.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { writeQwen2Vl2b } from '../reference/qwen2-vl-2b.ts';

const GIB = 2 ** 30;
const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
let model: OpenModel;
beforeAll(async () => {
  await makeCheckpoint(folder, { seed: 1, empty: true });
  model = await openModel(await treeFromDisk(folder));
});
afterAll(() => rmSync(folder, { recursive: true }));

const REAL = { promptsPerStep: 8, groupSize: 8, maxCompletionLength: 256, beta: 0.04 };
function plan(values: Partial<Config>) {
  const config = parseConfig({ ...REAL, ...values });
  return planMemory(model, config, runTexts(model, config, []));
}

describe('the published 0.5B model', () => {
  it('has every tensor it needs; the rest is listed', () => {
    const known = [
      /^model\.vision_tower.*\.(encoder\.layers\.11|post_layernorm|head)\./,
      /^model\.audio_tower\.audio_tower\.(projector|classifier)\./,
      /^model\.bert_model\.pooler\./,
    ];
    const unused = model.unusedTensors.filter((name) => !known.some((pattern) => pattern.test(name)));
    expect(unused).toEqual([]);
    expect(model.unusedTensors).toContain('model.bert_model.pooler.dense.weight');
  });

  it.each([1, 8])('trains LoRA in 3 GiB, and encodes clips in 4: %d clips a step', async (promptsPerStep) => {
    const { peak, encoding, training } = await plan({ loraRank: 16, promptsPerStep });
    console.log('LoRA', { peak, encoding, training });
    expect(peak.training).toBeLessThanOrEqual(3 * GIB);
    expect(peak.withTowers).toBeLessThanOrEqual(4 * GIB);
  });

  it('takes no more for short answers to one clip', async () => {
    const long = await plan({ loraRank: 16, promptsPerStep: 1 });
    const short = await plan({ loraRank: 16, promptsPerStep: 1, groupSize: 2, maxCompletionLength: 16 });
    expect(short.peak.training).toBeLessThanOrEqual(long.peak.training);
  });

  it('trains decoder and projectors in 14 GiB', async () => {
    const { peak, training } = await plan({ loraRank: 0, trainDecoder: true, trainProjectors: true });
    console.log('full', { peak, training });
    expect(peak.training).toBeLessThanOrEqual(14 * GIB);
  });
});

describe('Qwen2-VL-2B with eight answers of 512 tokens', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qwen2-vl-2b-'));
  let model: OpenModel;
  beforeAll(async () => {
    await writeQwen2Vl2b(folder);
    model = await openModel(await treeFromDisk(folder));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const config = parseConfig({ ...REAL, maxCompletionLength: 512, promptsPerStep: 1, loraRank: 16 });
  const planned = async (bindingBytes: number) => {
    const { features, limits } = dryDevice();
    const device = dryDevice({ features, limits: { ...limits, maxStorageBufferBindingSize: bindingBytes } });
    return planMemory(model, config, runTexts(model, config, []), new Gpu(device));
  };

  it('trains in two passes on default limits and in one on bindings of 1 GiB', async () => {
    const split = await planned(128 * 2 ** 20);
    const prompt = split.passes.tokens - 4 * 511;
    expect(split.passes.perGroup).toBe(2);
    expect(prompt).toBeGreaterThan(model.clips!.counts.video);
    const whole = await planned(GIB);
    expect(whole.passes).toEqual({ perGroup: 1, tokens: prompt + 8 * 511 });
    // The work is the same in however many passes: answers, the prompt, and about what 1.3 billion weights take of a token.
    expect(split.work).toEqual(whole.work);
    expect(whole.work).toMatchObject({ answerTokens: 8 * 512, promptTokens: prompt });
    const perToken = whole.work.passFlops / whole.passes.tokens / 1.31e9;
    expect(perToken).toBeGreaterThan(4);
    expect(perToken).toBeLessThan(8);
    // A decode step reads the weights once for all answers, at two bytes each.
    expect(whole.work.decodeBytes / (512 * 2 * 1.54e9)).toBeGreaterThan(1);
    expect(whole.work.decodeBytes / (512 * 2 * 1.54e9)).toBeLessThan(1.5);
    console.log('Qwen2-VL-2B', { split, whole });
    expect(split.peak.training).toBeLessThan(whole.peak.training);
  });
});
