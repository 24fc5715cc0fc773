import type { RgbFrame } from './types.ts';

/** How often chroma is stored against luma, across and down, and how far apart its samples lie in memory. */
interface ChromaLayout {
  readonly across: number;
  readonly down: number;
  /** 2 when both chroma components share a plane, sample by sample. */
  readonly step: number;
}

const LAYOUTS: Readonly<Record<string, ChromaLayout>> = {
  I420: { across: 2, down: 2, step: 1 },
  I422: { across: 2, down: 1, step: 1 },
  I444: { across: 1, down: 1, step: 1 },
  NV12: { across: 2, down: 2, step: 2 },
};

/** Luma weights of red and blue. */
const MATRICES: Readonly<Record<string, readonly [number, number]>> = {
  bt709: [0.2126, 0.0722],
  'bt2020-ncl': [0.2627, 0.0593],
};
/** ITU-R BT.601, which is also what a stream without tags is taken to be. */
const BT601: readonly [number, number] = [0.299, 0.114];

/** Where a plane begins and how long its lines are, in bytes. */
export interface Plane {
  readonly offset: number;
  readonly stride: number;
}

export interface YuvImage {
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly planes: readonly Plane[];
  readonly width: number;
  readonly height: number;
  /** The stream's matrix by WebCodecs' name; null when it does not say. */
  readonly matrix: string | null;
  readonly fullRange: boolean;
}

/** Whether {@link rgbFromYuv} knows the pixel format (8-bit YUV without alpha). */
export function isYuv(format: string | null): format is string {
  return format !== null && format in LAYOUTS;
}

/**
 * 8-bit YUV to RGB as ffmpeg does it, whichever browser decoded: the matrix is the tagged one or BT.601, chroma is taken
 * from the nearest sample, and no transfer function is applied. (Browsers convert to the screen's colours instead.)
 */
export function rgbFromYuv(image: YuvImage): RgbFrame {
  const { bytes, planes, width, height, fullRange } = image;
  const { across, down, step } = LAYOUTS[image.format]!;
  const [red, blue] = MATRICES[image.matrix ?? ''] ?? BT601;
  const green = 1 - red - blue;
  const lumaGain = fullRange ? 1 : 255 / 219;
  const chromaGain = fullRange ? 1 : 255 / 224;
  const black = fullRange ? 0 : 16;
  const [luma, first] = [planes[0]!, planes[1]!];
  const second = step === 2 ? { offset: first.offset + 1, stride: first.stride } : planes[2]!;
  const fromV = [2 * (1 - red) * chromaGain, (-2 * red * (1 - red) * chromaGain) / green];
  const fromU = [2 * (1 - blue) * chromaGain, (-2 * blue * (1 - blue) * chromaGain) / green];
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const line = Math.floor(y / down);
    for (let x = 0; x < width; x++, to += 3) {
      const column = Math.floor(x / across) * step;
      const level = lumaGain * (bytes[luma.offset + y * luma.stride + x]! - black);
      const u = bytes[first.offset + line * first.stride + column]! - 128;
      const v = bytes[second.offset + line * second.stride + column]! - 128;
      data[to] = level + fromV[0]! * v;
      data[to + 1] = level + fromV[1]! * v + fromU[1]! * u;
      data[to + 2] = level + fromU[0]! * u;
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}
