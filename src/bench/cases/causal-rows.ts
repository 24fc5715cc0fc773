import type { RowTensors } from '../../decoder/qwen2.ts';
import { layoutGroups, type PackedRows, packRows } from '../../decoder/rows.ts';
import type { Gpu } from '../../gpu/index.ts';

/** One sequence of `tokens` in which every token sees those before it. */
export function causalRows(tokens: number): PackedRows {
  return packRows(layoutGroups([{ promptLength: tokens, completionLengths: [] }]), tokens);
}

/** The tokens' ranges and positions on our device. */
export function uploadRows(gpu: Gpu, { capacity, positions, spans, keySpans }: PackedRows): RowTensors {
  return {
    positions: gpu.upload('inputs', 'positions', [capacity], positions, 'u32'),
    spans: gpu.upload('inputs', 'spans', [capacity, 4], spans, 'u32'),
    keySpans: gpu.upload('inputs', 'key spans', [capacity, 2], keySpans, 'u32'),
  };
}

/** Cosines and sines [tokens, headDim / 2] of rotary positions 0, 1, 2 … (Su et al. 2021, arXiv 2104.09864). */
export function rotaryAngles(
  tokens: number,
  headDim: number,
  theta: number,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = headDim / 2;
  const angle = (i: number): number => Math.floor(i / half) * theta ** (-(i % half) / half);
  const count = { length: tokens * half };
  return {
    cos: Float32Array.from(count, (_, i) => Math.cos(angle(i))),
    sin: Float32Array.from(count, (_, i) => Math.sin(angle(i))),
  };
}
