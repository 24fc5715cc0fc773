import { Arena, type Gpu, Plan, placed, sizeOf, Tape, type Tensor } from '../../gpu/index.ts';
import type { Contestant } from '../timing.ts';

/** What our engine records once and replays; `result` is the tensor that is compared with a peer's. */
export async function plannedContestant(
  gpu: Gpu,
  label: string,
  record: (tape: Tape) => Tensor,
  tape = Tape.on(gpu),
): Promise<Contestant> {
  const result = tape.recorder.keep(record(tape));
  const arena = new Arena(gpu, label);
  const plan = await Plan.create(gpu, label, tape.recorder, arena);
  return {
    start: () => plan.run(),
    settle: () => gpu.device.queue.onSubmittedWorkDone(),
    result: async () => (await gpu.read(plan.output(result))).slice(0, sizeOf(result.shape)),
    dispose: () => {
      plan[Symbol.dispose]();
      arena[Symbol.dispose]();
    },
  };
}

/** A frozen f32 tensor on our device. */
export function uploaded(gpu: Gpu, label: string, shape: readonly number[], data: Float32Array): Tensor {
  return gpu.upload('weights', label, shape, data);
}

/** The same with a place for its gradient. */
export function trainable(gpu: Gpu, label: string, shape: readonly number[], data: Float32Array): Tensor {
  const grad = gpu.tensor('gradients', `d ${label}`, shape);
  return { ...uploaded(gpu, label, shape, data), grad };
}

/** Frees tensors made by `uploaded` and `trainable`. */
export function freeAll(gpu: Gpu, tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) {
    gpu.release(placed(tensor).buffer);
    if (tensor.grad) gpu.free(tensor.grad);
  }
}
