import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

const BACKEND = 'webgpu';
let current: GPUDevice | undefined;

/** What tfjs wants to know about an adapter. */
export type AdapterName = Pick<GPUAdapterInfo, 'vendor' | 'architecture'>;

/** The backend's constructor insists on `navigator.gpu`, though it never uses it; outside of a browser there is none. */
function provideNavigator(): void {
  if (globalThis.navigator?.gpu) return;
  const navigator = { userAgent: 'node', gpu: {} };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

/**
 * Makes tfjs run on our device, so that its tensors live beside ours; safe to call again with the same device.
 *
 * tfjs's own factory would open a second device without the features we need, so its backend is registered anew under
 * the same name (kernels are looked up by backend name and stay). Forwarding of small operations to the CPU is switched
 * off, so that results come from one place.
 */
export async function startTfOnDevice(device: GPUDevice, info: AdapterName): Promise<void> {
  if (current === device) {
    await tf.setBackend(BACKEND);
    return;
  }
  provideNavigator();
  if (tf.findBackendFactory(BACKEND)) tf.removeBackend(BACKEND);
  tf.registerBackend(BACKEND, () => new WebGPUBackend(device, info as GPUAdapterInfo));
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  if (!(await tf.setBackend(BACKEND))) {
    throw new Error('tfjs could not start its webgpu backend on this device.');
  }
  await tf.ready();
  current = device;
}

/** Frees tfjs's buffers on the device; {@link startTfOnDevice} may be called again afterwards. */
export function releaseTf(): void {
  if (!current) return;
  tf.removeBackend(BACKEND);
  current = undefined;
}

export { tf };
