import { type AxisWeights, bicubicWeights } from './bicubic.ts';
import { tf } from './tf-device.ts';
import type { RgbFrame } from './types.ts';

/** Width and height in pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** How a frame becomes a picture of the size asked for, and its values numbers around zero. */
export interface PixelOptions {
  /** `pad` centres the frame on a square grey canvas first; `squash` ignores the aspect ratio. */
  readonly fit?: 'pad' | 'squash';
  /** Per-channel mean and standard deviation of values in 0..1; SigLIP's by default. */
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
}

/** Upper bound of one batch of planes on the device, in bytes; well below the smallest binding limit. */
const BATCH_BYTES = 32 * 2 ** 20;

/** Packed RGB frames to planes of floats [3 * frames, height, width]. */
function planesOf(frames: readonly RgbFrame[], firstPlane: number, count: number): Float32Array {
  const { width, height } = frames[0]!;
  const area = width * height;
  const planes = new Float32Array(count * area);
  for (let p = 0; p < count; p++) {
    const data = frames[Math.floor((firstPlane + p) / 3)]!.data;
    const channel = (firstPlane + p) % 3;
    for (let i = 0; i < area; i++) planes[p * area + i] = data[3 * i + channel]!;
  }
  return planes;
}

/**
 * One pass of the resize over the last axis: [rows, inSize] to [rows, outSize] whole grey levels in 0..255.
 * `floor((high * 2^11 + low + 2^21) / 2^22)` in steps that float32 does exactly (see {@link AxisWeights}).
 */
function resizeRows(rows: tf.Tensor2D, weights: AxisWeights): tf.Tensor2D {
  const { matrix, border, inSize, outSize } = weights;
  // Two products: taking one apart by columns costs tfjs more on a processor than the product itself.
  const [high, low] = [0, 1].map((half) => {
    const part = matrix.subarray(half * outSize * inSize, (half + 1) * outSize * inSize);
    const sums = tf.matMul(rows, tf.tensor2d(part, [outSize, inSize]), false, true);
    return tf.add(sums, border.subarray(half * outSize, (half + 1) * outSize));
  });
  const carried = tf.floor(tf.mul(low!, 2 ** -11));
  const levels = tf.floor(tf.mul(tf.add(tf.add(high!, carried), 2 ** 10), 2 ** -11));
  return tf.clipByValue(levels, 0, 255) as tf.Tensor2D;
}

/** Resizes planes [count, height, width] to [count, down.outSize, across.outSize]: across, then down. */
function resizePlanes(
  planes: Float32Array,
  count: number,
  across: AxisWeights,
  down: AxisWeights,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [width, height, size] = [across.inSize, down.inSize, across.outSize];
    const narrow = resizeRows(tf.tensor2d(planes, [count * height, width]), across);
    const columns = tf.transpose(tf.reshape(narrow, [count, height, size]), [0, 2, 1]);
    const short = resizeRows(tf.reshape(columns, [count * size, height]), down);
    return tf.transpose(tf.reshape(short, [count, size, down.outSize]), [0, 2, 1]) as tf.Tensor3D;
  });
}

/** Runs of neighbouring frames of equal size; a video is one run, a folder of photographs may be many. */
function runsOfEqualSize(frames: readonly RgbFrame[]): RgbFrame[][] {
  const runs: RgbFrame[][] = [];
  for (const frame of frames) {
    const run = runs.at(-1);
    if (run && run[0]!.width === frame.width && run[0]!.height === frame.height) run.push(frame);
    else runs.push([frame]);
  }
  return runs;
}

/** Normalised pixels of a run of equally sized frames, written into `out` from `offset`. */
async function writeRun(
  run: readonly RgbFrame[],
  size: PixelSize,
  options: PixelOptions,
  out: Float32Array,
  offset: number,
) {
  const { width, height } = run[0]!;
  const side = options.fit === 'squash' ? undefined : Math.max(width, height);
  const across = bicubicWeights(width, size.width, side);
  const down = bicubicWeights(height, size.height, side);
  const batch = Math.max(
    1,
    Math.floor(BATCH_BYTES / (4 * Math.max(width, size.width) * Math.max(height, size.height))),
  );
  const area = size.width * size.height;
  for (let first = 0; first < 3 * run.length; first += batch) {
    const count = Math.min(batch, 3 * run.length - first);
    const levels = resizePlanes(planesOf(run, first, count), count, across, down);
    out.set(await levels.data(), offset + first * area);
    levels.dispose();
  }
}

function normalise(levels: Float32Array, area: number, options: PixelOptions): void {
  const mean = options.mean ?? [0.5, 0.5, 0.5];
  const std = options.std ?? [0.5, 0.5, 0.5];
  for (let i = 0; i < levels.length; i++) {
    const channel = Math.floor(i / area) % 3;
    levels[i] = (levels[i]! / 255 - mean[channel]!) / std[channel]!;
  }
}

/**
 * What the vision tower sees: frames padded to a grey square, resized by Pillow's bicubic, scaled and normalised.
 * The resize is two matrix products on the device that {@link startTfOnDevice} was given.
 * @param size the side of a square, or width and height; what is not square is asked for with `squash`
 * @returns [frames, 3, height, width], row-major; [-1, 1] with the default mean and deviation
 */
export async function pixelsFromFrames(
  frames: readonly RgbFrame[],
  size: number | PixelSize,
  options: PixelOptions = {},
): Promise<Float32Array> {
  const target = typeof size === 'number' ? { width: size, height: size } : size;
  const area = target.width * target.height;
  const out = new Float32Array(frames.length * 3 * area);
  let offset = 0;
  for (const run of runsOfEqualSize(frames)) {
    await writeRun(run, target, options, out, offset);
    offset += run.length * 3 * area;
  }
  normalise(out, area, options);
  return out;
}
