/** A device opened with what its adapter offers, beside one on WebGPU's default limits, on which all other tests run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPTIONAL_FEATURES, openNodeDevice } from '../../src/cli/adapter.ts';
import { dryDevice, Gpu, limitsToAskFor, offeredLimits } from '../../src/gpu/index.ts';
import { RAISED_LIMITS } from '../../src/gpu/limits.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { LORA, readAll, stirAdapters, tinyPolicy, tinyUpdater, toyGroup } from '../reference/omni-tiny.ts';
import { type NodeDevice, sharedTestDevice } from '../setup/adapter.ts';

let usual: NodeDevice;
let raised: NodeDevice;
beforeAll(async () => {
  usual = await sharedTestDevice();
  raised = await openNodeDevice(usual.kind, OPTIONAL_FEATURES, ({ limits }) => offeredLimits(limits));
});
afterAll(() => raised.device.destroy());

const gpuOf = ({ device, info }: NodeDevice): Gpu => new Gpu(device, { info });

describe('limits', () => {
  it('are those of the adapter on a GPU, and the defaults on a processor', () => {
    const gpu = { vendor: 'nvidia', architecture: 'ada', description: '' };
    const { limits } = raised.adapter;
    expect(Object.keys(limitsToAskFor({ info: gpu, limits }))).toEqual([...RAISED_LIMITS]);
    expect(limitsToAskFor({ info: usual.adapter.info, limits })).toEqual({});
    for (const name of RAISED_LIMITS) expect(raised.device.limits[name], name).toBe(limits[name]);
  });

  it('that are raised let larger tensors be bound', () => {
    const most = dryDevice().limits.maxStorageBufferBindingSize;
    // Lavapipe offers no more than the default.
    const bytes = Math.min(raised.adapter.limits.maxStorageBufferBindingSize, most + 4);
    const gpu = gpuOf(raised);
    gpu.release(gpu.buffer('inputs', 'wide', bytes));
    const bindable = () => gpuOf(usual).buffer('inputs', 'wide', most + 4);
    expect(bindable).toThrow(`maxStorageBufferBindingSize of ${most}`);
    if (usual.kind === 'swiftshader') expect(bytes).toBeGreaterThan(most);
  });

  it('do not change a bit of what a small run computes', async () => {
    const groups = [toyGroup(1, [5, 3, 8]), toyGroup(2, [1, 7, 4])];
    const trained = async (gpu: Gpu) => {
      using policy: Policy = await tinyPolicy(gpu, { lora: LORA, reference: true });
      stirAdapters(policy);
      using updater = await tinyUpdater(policy, groups, { objective: { beta: 0.1 } });
      const { micro, gradient } = await updater.update(groups, 1e-3);
      return { losses: micro.map(({ loss }) => loss), gradient, weights: await readAll(policy) };
    };
    expect(await trained(gpuOf(raised))).toEqual(await trained(gpuOf(usual)));
  });
});
