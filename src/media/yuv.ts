import type { RgbFrame } from './types.ts';

/** How samples are stored: how often chroma against luma, across and down, and how far apart its samples lie in memory. */
interface Layout {
  readonly across: number;
  readonly down: number;
  /** 2 when both chroma components share a plane, sample by sample. */
  readonly step: number;
  /** Bits of a sample; more than 8 are stored in two bytes, little-endian. */
  readonly bits: number;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  I420: { across: 2, down: 2, step: 1, bits: 8 },
  I422: { across: 2, down: 1, step: 1, bits: 8 },
  I444: { across: 1, down: 1, step: 1, bits: 8 },
  NV12: { across: 2, down: 2, step: 2, bits: 8 },
  I420P10: { across: 2, down: 2, step: 1, bits: 10 },
  I422P10: { across: 2, down: 1, step: 1, bits: 10 },
  I444P10: { across: 1, down: 1, step: 1, bits: 10 },
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

/** Whether {@link rgbFromYuv} knows the pixel format (YUV of 8 or 10 bits, without alpha). */
export function isYuv(format: string | null): format is string {
  return format !== null && format in LAYOUTS;
}

/**
 * YUV to 8-bit RGB as ffmpeg does it, whichever browser decoded: the matrix is the tagged one or BT.601, chroma is taken
 * from the nearest sample, and no transfer function is applied. (Browsers convert to the screen's colours instead.)
 */
export function rgbFromYuv(image: YuvImage): RgbFrame {
  const { planes, width, height, fullRange } = image;
  const { across, down, step, bits } = LAYOUTS[image.format]!;
  const sampleAt = sampleReader(image.bytes, bits);
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
      const level = lumaGain * (sampleAt(luma, y, x) - black);
      const u = sampleAt(first, line, column) - 128;
      const v = sampleAt(second, line, column) - 128;
      data[to] = level + fromV[0]! * v;
      data[to + 1] = level + fromV[1]! * v + fromU[1]! * u;
      data[to + 2] = level + fromU[0]! * u;
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}

/** Reads a plane's sample on the scale of 8 bits. */
function sampleReader(
  bytes: Uint8Array,
  bits: number,
): (plane: Plane, line: number, column: number) => number {
  if (bits === 8) return ({ offset, stride }, line, column) => bytes[offset + line * stride + column]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const unit = 2 ** (8 - bits);
  return ({ offset, stride }, line, column) =>
    unit * view.getUint16(offset + line * stride + 2 * column, true);
}
