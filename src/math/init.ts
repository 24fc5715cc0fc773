import { uniform } from './random.ts';

/**
 * PyTorch's default start of a Linear's weight, and PEFT's of LoRA's A: kaiming_uniform with a = sqrt(5), which is
 * U(-1/sqrt(fanIn), 1/sqrt(fanIn)). Returns [fanOut, fanIn], row-major; element i is a pure function of (seed, stream, i).
 */
export function kaimingUniform(
  fanOut: number,
  fanIn: number,
  seed: number,
  stream = 0,
): Float32Array<ArrayBuffer> {
  const bound = 1 / Math.sqrt(fanIn);
  const values = new Float32Array(fanOut * fanIn);
  for (let i = 0; i < values.length; i++) values[i] = (2 * uniform(seed, stream, i) - 1) * bound;
  return values;
}
