import { blockUntilReady, defaultDevice, getWebGPUDevice, init, numpy as np } from '@jax-js/jax';
import { InputError } from '../../math/errors.ts';
import type { Contestant } from '../timing.ts';

export type JaxArray = np.Array;

/** How jax-js's device was lost. jax-js never asks for another one. */
let loss: GPUDeviceLostInfo | undefined;

/** @throws InputError when jax-js has no device any more */
function demandDevice(): GPUDevice {
  if (!loss) return getWebGPUDevice();
  const reason = loss.message || loss.reason || 'no reason given';
  throw new InputError(`jax-js lost its GPU (${reason}) and takes no new one.`, {
    hint: 'Reload the page, or start the command again.',
  });
}

/** Starts jax-js: it opens a device of its own on the adapter that `navigator.gpu` offers, which in Node is `gpu`. */
export async function startJax(gpu?: GPU): Promise<GPUDevice> {
  if (gpu) {
    const navigator = { userAgent: 'node', gpu };
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  }
  if (!(await init('webgpu')).includes('webgpu')) {
    throw new InputError('jax-js found no WebGPU on this adapter.', {
      hint: 'Leave it out: compare with tfjs alone.',
    });
  }
  defaultDevice('webgpu');
  const device = getWebGPUDevice();
  void device.lost.then((info) => {
    loss = info;
  });
  return device;
}

/** An array on jax-js's device, ready before anything is timed. @throws InputError when that is lost */
export async function jaxArray(data: Float32Array<ArrayBuffer>, shape: readonly number[]): Promise<JaxArray> {
  demandDevice();
  return await blockUntilReady(np.array(data).reshape([...shape]));
}

/**
 * What jax-js computes. `compute` (jitted by the caller) returns the arrays that a caller would keep, the one to compare
 * first. jax-js submits a computation when its result is waited for, so the results of a sample are kept until then.
 */
export function jaxContestant(compute: () => JaxArray[]): Contestant {
  let pending: JaxArray[][] = [];
  const release = (calls: JaxArray[][]): void => {
    for (const array of calls.flat()) array.dispose();
  };
  return {
    start: () => {
      pending.push(compute());
    },
    settle: async () => {
      await blockUntilReady(pending.flat());
      await demandDevice().queue.onSubmittedWorkDone();
      release(pending.splice(0, pending.length - 1));
    },
    result: async () => Float32Array.from(await pending[0]![0]!.ref.data()),
    dispose: () => {
      release(pending);
      pending = [];
    },
  };
}
