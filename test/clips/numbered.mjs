/**
 * Pictures that carry their number, so that a test can tell which frame it was given: eight squares in a row, black for 0
 * and white for 1, most significant first; a ninth square is red, a tenth green, an eleventh blue. Below them plain grey.
 */
export const [WIDTH, HEIGHT, CELL] = [176, 96, 16];
const COLORS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

function cellColor(frame, column) {
  if (column >= 8) return COLORS[column - 8];
  return (frame >> (7 - column)) & 1 ? [255, 255, 255] : [0, 0, 0];
}

/** Packed RGB of frame number `frame`, `width` by `height`; both at most those of the module. */
export function picture(frame, width = WIDTH, height = HEIGHT) {
  const bytes = Buffer.alloc(width * height * 3, 128);
  for (let y = 0; y < HEIGHT / 2; y++) {
    for (let x = 0; x < width; x++) bytes.set(cellColor(frame, Math.floor(x / CELL)), 3 * (y * width + x));
  }
  return bytes;
}

/** The number that packed RGB of the given width carries. */
export function numberOf(rgb, width) {
  let number = 0;
  for (let bit = 0; bit < 8; bit++) {
    const at = 3 * ((CELL / 2) * width + bit * CELL + CELL / 2);
    number = 2 * number + Number(rgb[at + 1] > 128);
  }
  return number;
}

/** Raw pictures on standard input, for ffmpeg. */
export const pictureInput = (fps, width = WIDTH, height = HEIGHT) => [
  ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', `${fps}`, '-i', 'pipe:0'],
];

/** Studio-range BT.709, converted to and tagged. */
export const YUV = ['-vf', 'scale=out_color_matrix=bt709:out_range=tv', '-pix_fmt', 'yuv420p'];
export const BT709_TAGS = [
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
];

/** The same bytes on every run. */
export const EXACT = [
  ...['-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact', '-map_metadata', '-1'],
];
