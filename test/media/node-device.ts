import { create, globals } from 'webgpu';

/** Dawn in Node with the globals a browser would have; the adapter is whatever the Vulkan environment variables name. */
export async function nodeDevice(): Promise<{ device: GPUDevice; info: GPUAdapterInfo }> {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const adapter = await gpu.requestAdapter();
  if (!adapter)
    throw new Error('Dawn found no adapter: set VK_ICD_FILENAMES to the manifest of a Vulkan driver.');
  return { device: await adapter.requestDevice(), info: adapter.info };
}
