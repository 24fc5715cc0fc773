import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

const BACKEND = 'webgpu';
let current: GPUDevice | undefined;

/**
 * Makes tfjs run on our device, so that its tensors live beside ours; safe to call again with the same device.
 *
 * tfjs's own factory would open a second device without the features we need, so its backend is registered anew under
 * the same name (kernels are looked up by backend name and stay). Forwarding of small operations to the CPU is switched
 * off, so that results come from one place. In Node, `globalThis.navigator.gpu` must exist: the backend asks for it.
 */
export async function useTfOnDevice(device: GPUDevice, info: GPUAdapterInfo): Promise<void> {
  if (current === device && tf.getBackend() === BACKEND) return;
  if (tf.findBackendFactory(BACKEND)) tf.removeBackend(BACKEND);
  tf.registerBackend(BACKEND, () => new WebGPUBackend(device, info));
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  if (!(await tf.setBackend(BACKEND)))
    throw new Error('tfjs could not start its webgpu backend on this device.');
  await tf.ready();
  current = device;
}

/** Frees tfjs's buffers on the device; {@link useTfOnDevice} may be called again afterwards. */
export function releaseTf(): void {
  if (!current) return;
  tf.removeBackend(BACKEND);
  current = undefined;
}

/** Bytes tfjs holds in live tensors, for the memory ledger. */
export function tfBytes(): number {
  return current ? tf.memory().numBytes : 0;
}

export { tf };
