/** A device that checks shaders and layouts as the WebGPU standard wants it, has every feature, and computes nothing. */
import { OPTIONAL_FEATURES } from '../../src/cli/adapter.ts';

let opened: Promise<GPUDevice> | undefined;
/** Dawn frees the instance under a live device when its JavaScript object is collected. */
let instance: GPU | undefined;

/** Dawn without a driver: what it refuses, every browser refuses; how a driver compiles the rest, other tests see. */
export function openCheckingDevice(): Promise<GPUDevice> {
  opened ??= open();
  return opened;
}

async function open(): Promise<GPUDevice> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  instance = create(['backend=null']);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error('Dawn has no null backend: expected one in every build of it.');
  return adapter.requestDevice({ requiredFeatures: [...OPTIONAL_FEATURES] });
}
