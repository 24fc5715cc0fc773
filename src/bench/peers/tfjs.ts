import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Gpu } from '../../gpu/index.ts';
import { startTfOnDevice, tf } from '../../media/tf-device.ts';
import type { Contestant } from '../timing.ts';

/** tfjs records into an encoder of its own: this submits what it holds back. */
function flush(): void {
  const backend = tf.backend() as WebGPUBackend;
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
}

/** Puts tfjs on our device; tensors may be made afterwards. */
export const startTf = (gpu: Gpu): Promise<void> => startTfOnDevice(gpu.device, gpu.info);

/** What tfjs computes eagerly on our device. `compute` returns the tensors a caller would keep, the one to compare first. */
export function tfjsContestant(gpu: Gpu, compute: () => tf.Tensor[]): Contestant {
  let kept: tf.Tensor[] = [];
  return {
    start: () => {
      tf.dispose(kept);
      kept = tf.tidy(compute);
    },
    settle: async () => {
      flush();
      await gpu.device.queue.onSubmittedWorkDone();
    },
    result: async () => Float32Array.from(await kept[0]!.data()),
    dispose: () => tf.dispose(kept),
  };
}
