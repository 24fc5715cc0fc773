/** The engine's public face: what ops, models and optimizers use. */
export { Arena } from './arena.ts';
export { ShaderStruct } from './bound.ts';
export { clear, copyWords, Gpu, placed } from './device.ts';
export { type DeviceSpan, millisecondsByPart } from './device-clock.ts';
export { dryDevice, dryGpu } from './dry-device.ts';
export { fillZeros, zeros } from './fill.ts';
export { kernelsOf, updating } from './kernel.ts';
export type { MemoryPart } from './ledger.ts';
export { limitsToAskFor, offeredLimits } from './limits.ts';
export { lossOf } from './loss.ts';
export { FULL_PACE, GENTLE_PACE } from './pace.ts';
export { Plan } from './plan.ts';
export { probeMemory } from './probe.ts';
export { Recorder } from './recorder.ts';
export { Tape } from './tape.ts';
export {
  byteLength,
  bytesOf,
  type DType,
  expectShape,
  reshape,
  rowsOf,
  sizeOf,
  type Tensor,
} from './tensor.ts';
export { PLAIN, type Traits } from './traits.ts';
