import type { RgbFrame } from './types.ts';
import { isYuv, rgbFromYuv } from './yuv.ts';

/** Drops the fourth byte of packed RGBA. */
export function rgbFromRgba(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number): RgbFrame {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from]!;
    data[to + 1] = rgba[from + 1]!;
    data[to + 2] = rgba[from + 2]!;
  }
  return { width, height, data };
}

/** Turns a frame clockwise by 0, 90, 180 or 270 degrees. */
export function rotate(frame: RgbFrame, degrees: number): RgbFrame {
  if (degrees === 0) return frame;
  const { width: w, height: h } = frame;
  const sideways = degrees % 180 !== 0;
  const width = sideways ? h : w;
  const height = sideways ? w : h;
  const data = new Uint8Array(frame.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] =
        degrees === 90 ? [y, h - 1 - x] : degrees === 180 ? [w - 1 - x, h - 1 - y] : [w - 1 - y, x];
      const from = 3 * (sy * w + sx);
      data.set(frame.data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { width, height, data };
}

/** Exchanges left and right. */
export function mirror({ width, height, data }: RgbFrame): RgbFrame {
  const mirrored = new Uint8Array(data.length);
  for (let at = 0; at < width * height; at++) {
    const x = at % width;
    mirrored.set(data.subarray(3 * at, 3 * at + 3), 3 * (at - x + width - 1 - x));
  }
  return { width, height, data: mirrored };
}

/** A frame of one colour. */
export function solidFrame(width: number, height: number, level: number): RgbFrame {
  return { width, height, data: new Uint8Array(width * height * 3).fill(level) };
}

/** Anything that hands out its pixels as WebCodecs' VideoFrame does. */
export interface PixelSource {
  readonly format: string | null;
  readonly colorSpace: { readonly matrix: string | null; readonly fullRange: boolean | null };
  readonly visibleRect: { readonly width: number; readonly height: number } | null;
  allocationSize(options?: VideoFrameCopyToOptions): number;
  copyTo(target: Uint8Array<ArrayBuffer>, options?: VideoFrameCopyToOptions): Promise<readonly PlaneLayout[]>;
}

/**
 * Reads a decoded picture: visible pixels as stored, neither rotated nor stretched to the display's aspect.
 * @param matrix the YUV matrix by WebCodecs' name, null when the file does not say; by default what the browser takes it to be
 */
export async function readPixels(
  source: PixelSource,
  matrix: string | null = source.colorSpace.matrix,
): Promise<RgbFrame> {
  const { width, height } = source.visibleRect!;
  const { format, colorSpace } = source;
  if (isYuv(format)) {
    const bytes = new Uint8Array(source.allocationSize());
    const planes = await source.copyTo(bytes);
    const fullRange = colorSpace.fullRange ?? false;
    return rgbFromYuv({ format, bytes, planes, width, height, matrix, fullRange });
  }
  const options = { format: 'RGBA', colorSpace: 'srgb' } as const;
  const rgba = new Uint8Array(source.allocationSize(options));
  await source.copyTo(rgba, options);
  return rgbFromRgba(rgba, width, height);
}
