import { expect, it } from 'vitest';
import { Gpu } from '../../src/gpu/index.ts';
import { ceilingsOf, quickCeilings } from '../../src/worker/gpu/quick-ceilings.ts';
import { openTestDevice } from '../setup/adapter.ts';

it('measures what a device gives, and leaves no memory behind; software adapters are not asked', async () => {
  const { device, info } = await openTestDevice();
  const gpu = new Gpu(device, { info });
  let measured = 0;
  const measure = (on: Gpu) => {
    measured++;
    return quickCeilings(on, { copied: 2 ** 14, threads: 2 ** 8, steps: 4 });
  };
  const found = await measure(gpu);
  expect(found.gflops).toBeGreaterThan(0);
  expect(found.gigabytes).toBeGreaterThan(0);
  expect(gpu.ledger.total).toBe(0);
  expect(gpu.isSoftware).toBe(true);
  expect(await ceilingsOf(gpu, measure)).toBeUndefined();
  expect(measured).toBe(1);
  // The same device under a name that does not say so.
  const hardware = new Gpu(device);
  const [first, second] = await Promise.all([ceilingsOf(hardware, measure), ceilingsOf(hardware, measure)]);
  expect(second).toBe(first);
  expect(measured).toBe(2);
});
