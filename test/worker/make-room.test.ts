/** A run that the device cannot hold is refused before anything is loaded, with a setting that would fit. */
import { beforeAll, describe, expect, it } from 'vitest';
import { dryDevice, Gpu, probeMemory } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { InputError } from '../../src/math/errors.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { alternatives } from '../../src/protocol/memory.ts';
import { type OpenModel, openModel } from '../../src/worker/inputs/model.ts';
import { demandRoom } from '../../src/worker/make-room.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import { type RunTexts, runTexts } from '../../src/worker/run-options.ts';

/** A device that holds so many bytes and then says that it is out of memory. */
function deviceOf(capacity: number): GPUDevice {
  const device = dryDevice();
  let held = 0;
  let failed = false;
  return Object.assign(device, {
    createBuffer({ size }: GPUBufferDescriptor) {
      failed = held + size > capacity;
      if (!failed) held += size;
      const kept = failed ? 0 : size;
      return { size, destroy: () => (held -= kept) };
    },
    popErrorScope: async () => (failed ? { message: 'out of memory' } : null),
  });
}

let model: OpenModel;
let texts: RunTexts;
const config = parseConfig({ groupSize: 8, promptsPerStep: 4, loraRank: 0, trainDecoder: true, beta: 0 });
beforeAll(async () => {
  model = await openModel(await treeFromDisk('test/golden/omni-tiny'));
  texts = runTexts(model, config, []);
});

describe('probing', () => {
  it('finds what a device can hold, to a piece, and lets go of it', async () => {
    const device = deviceOf(500 * 2 ** 20);
    expect(await probeMemory({ device }, 300 * 2 ** 20)).toBe(300 * 2 ** 20);
    expect(await probeMemory({ device }, 2 ** 30)).toBe(500 * 2 ** 20);
    expect(await probeMemory({ device }, 500 * 2 ** 20)).toBe(500 * 2 ** 20);
  });
});

describe('a run', () => {
  it('that fits is let through', async () => {
    const plan = await planMemory(model, config, texts);
    const gpu = new Gpu(deviceOf(2 * plan.peak.training));
    await expect(demandRoom(gpu, model, config, texts)).resolves.toEqual({
      besideRun: true,
      rewardsStay: true,
    });
  });

  it('that fits, but not with the towers beside it, is told so', async () => {
    const { peak, encoding } = await planMemory(model, config, texts);
    expect(peak.withTowers).toBeGreaterThan(Math.max(peak.training, encoding));
    for (const [bytes, besideRun] of [
      [peak.withTowers - 1, false],
      [peak.withTowers, true],
    ] as const) {
      const gpu = new Gpu(deviceOf(bytes));
      await expect(demandRoom(gpu, model, config, texts)).resolves.toMatchObject({ besideRun });
    }
  });

  it('that does not is refused with a setting that would', async () => {
    const plan = await planMemory(model, config, texts);
    const gpu = new Gpu(deviceOf(plan.peak.training - 1));
    const refused = await demandRoom(gpu, model, config, texts).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InputError);
    expect((refused as InputError).message).toMatch(/^This run needs .* most of it for .* could be had\.$/);
    expect((refused as InputError).hint).toMatch(/^[A-Z4].* would take .* MiB\./);
  });
});

describe('alternatives', () => {
  it('that save memory come first, and none is offered that changes nothing', () => {
    const labels = alternatives(config).map(({ label }) => label);
    expect(labels[0]).toBe('LoRA of rank 16 instead of the whole decoder');
    expect(labels).toContain('4 answers per clip');
    expect(labels).not.toContain('without a reference model (beta 0)');
  });
});
