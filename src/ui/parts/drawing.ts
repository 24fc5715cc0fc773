/** Drawings of media on a canvas, in the page's colours. */
import type { Preview } from '../../protocol/messages.ts';

/** Fits a canvas's pixels to its box and gives its context; undefined where the browser gives none. */
function prepared(canvas: HTMLCanvasElement): CanvasRenderingContext2D | undefined {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  return canvas.getContext('2d') ?? undefined;
}

export function drawFrame(canvas: HTMLCanvasElement, frame: ImageBitmap): void {
  canvas.width = frame.width;
  canvas.height = frame.height;
  canvas.getContext('2d')?.drawImage(frame, 0, 0);
}

/** Peaks in [-1, 1] as vertical strokes around the middle. */
export function drawWaveform(canvas: HTMLCanvasElement, peaks: Float32Array): void {
  const context = prepared(canvas);
  if (!context) return;
  const { width, height } = canvas;
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('color');
  const stroke = Math.max(1, width / Math.max(1, peaks.length) - 0.5);
  for (const [index, peak] of peaks.entries()) {
    const half = Math.max(0.5, (Math.abs(peak) * height) / 2);
    context.fillRect((index * width) / peaks.length, height / 2 - half, stroke, 2 * half);
  }
}

/** Mel bands from low (bottom) to high (top), time from left to right, dark = quiet. */
export function drawLogMel(canvas: HTMLCanvasElement, { mels, columns, values }: Preview['logMel']): void {
  const context = prepared(canvas);
  if (!context || mels === 0 || columns === 0) return;
  const image = new ImageData(columns, mels);
  const [low, high] = extent(values);
  for (let mel = 0; mel < mels; mel++) {
    for (let column = 0; column < columns; column++) {
      const share = ((values[mel * columns + column] ?? low) - low) / (high - low || 1);
      image.data.set(colourOf(share), 4 * ((mels - 1 - mel) * columns + column));
    }
  }
  const small = new OffscreenCanvas(columns, mels);
  small.getContext('2d')?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

function extent(values: Float32Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Ink to amber to paper: lightness grows evenly, so it also reads in grey. */
const STOPS = [
  [16, 18, 34],
  [84, 44, 110],
  [204, 84, 72],
  [246, 188, 84],
  [252, 246, 214],
] as const;

function colourOf(share: number): [number, number, number, number] {
  const place = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(place));
  const mix = (channel: 0 | 1 | 2) => {
    const from = STOPS[index]![channel];
    return from + (STOPS[index + 1]![channel] - from) * (place - index);
  };
  return [mix(0), mix(1), mix(2), 255];
}
