import { openQwen2, type Qwen2, type Qwen2Config } from '../../decoder/qwen2.ts';
import type { Gpu, Tensor } from '../../gpu/index.ts';
import { freeRopeTable } from '../../ops/attention/rope.ts';
import { freeAll, trainable, uploaded } from './planned.ts';
import { randomData } from './random-data.ts';

/** A decoder of random f32 weights, trained or frozen, and how to free it. */
export function randomDecoder(
  gpu: Gpu,
  config: Qwen2Config,
  trained: boolean,
): { decoder: Qwen2; free: () => void } {
  const tensors: Tensor[] = [];
  const make = trained ? trainable : uploaded;
  const open = (name: string, shape: readonly number[]): Tensor => {
    const scale = shape.length === 2 ? Math.sqrt(3 / shape[1]!) : 1;
    const tensor = make(gpu, name, shape, randomData(shape, tensors.length + 1, scale));
    tensors.push(tensor);
    return tensor;
  };
  const openRows = (name: string, shape: readonly [number, number]): Tensor[] => [open(name, shape)];
  const decoder = openQwen2(gpu, config, { open, openRows });
  const free = (): void => {
    freeAll(gpu, tensors);
    freeRopeTable(gpu, decoder.rope);
  };
  return { decoder, free };
}
