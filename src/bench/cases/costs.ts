import type { Qwen2Config } from '../../decoder/qwen2.ts';
import type { Cost, CostShape } from '../../rl/measure/cost-model.ts';

/** The bench's decoders: f32 weights, no adapters. */
export const costShape = (decoder: Qwen2Config, trainsDecoder: boolean): CostShape => ({
  decoder,
  weightBytes: 4,
  trainsDecoder,
});

export const NO_REFERENCE = { reference: false } as const;

export const sumCosts = (costs: readonly Cost[]): Cost => ({
  flops: costs.reduce((sum, { flops }) => sum + flops, 0),
  bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
});

export const perUnit = ({ flops, bytes }: Cost, units: number): Cost => ({
  flops: flops / units,
  bytes: bytes / units,
});
