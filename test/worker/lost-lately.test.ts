/** What is said where WebGPU offers no adapter: after a loss, that it is withheld, and not that a driver is missing. */
import { afterEach, expect, it, vi } from 'vitest';
import { openDevice } from '../../src/worker/gpu/device.ts';
import { LostLately } from '../../src/worker/gpu/lost-lately.ts';
import { MemoryStore } from '../io/memory-store.ts';

afterEach(() => vi.unstubAllGlobals());

async function hintWithoutAdapter(lost: LostLately): Promise<string> {
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => null }, userAgent: 'X11; Linux x86_64' });
  const opened = await openDevice(() => lost.isSo());
  expect(opened).toMatchObject({ kind: 'unavailable', reason: 'WebGPU is there, but it offers no adapter.' });
  return opened.kind === 'unavailable' ? opened.hint : '';
}

const lostBy = (reason: GPUDeviceLostReason) => ({ lost: Promise.resolve({ reason } as GPUDeviceLostInfo) });

it('a loss is remembered for some minutes, over a reload, too', async () => {
  const files = new MemoryStore();
  let now = 1e12;
  const visit = () => new LostLately(files, () => now);
  expect(await hintWithoutAdapter(visit())).toContain('Install a Vulkan driver');
  await visit().watch(lostBy('unknown'));
  now += 60_000;
  expect(await hintWithoutAdapter(visit())).toMatch(/withhold WebGPU .* in a minute, or restart the browser/);
  now += 10 * 60_000;
  expect(await hintWithoutAdapter(visit())).toContain('Install a Vulkan driver');
});

it('is remembered where nothing can be kept, and a device that was given back was not lost', async () => {
  const lost = new LostLately(undefined);
  await lost.watch(lostBy('destroyed'));
  expect(await lost.isSo()).toBe(false);
  await lost.watch(lostBy('unknown'));
  expect(await lost.isSo()).toBe(true);
});

it('a mark that cannot be read is none', async () => {
  const files = new MemoryStore();
  const writer = await files.create('lost-device.txt');
  writer.write(new TextEncoder().encode('yesterday'));
  writer.close();
  expect(await new LostLately(files).isSo()).toBe(false);
});
