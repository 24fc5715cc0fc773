import { type ClipExample, type Example, hasClip } from '../../../data/types.ts';
import type { ClipRecipe } from '../../../families/api.ts';
import { png } from '../../../io/formats/png.ts';
import type { RgbFrame } from '../../../media/types.ts';
import { decodeForPreview } from '../../clips/clips.ts';
import { decodeMedia } from '../../clips/decoded.ts';

/** Pixels of a still's longer side. */
const LONGEST_SIDE = 160;

/** The middle frame of what a row shows, as an address that holds it; undefined where nothing is shown or can be read here. */
export async function stillOf(
  row: Example | undefined,
  recipe: ClipRecipe | undefined,
): Promise<string | undefined> {
  if (!row || !recipe || !hasClip(row)) return undefined;
  const frame = await middleFrame(row, recipe).catch(() => undefined);
  if (!frame) return undefined;
  const { width, height, data } = shrunk(frame);
  const bytes = await png(width, height, data);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}

async function middleFrame(row: ClipExample, recipe: ClipRecipe): Promise<RgbFrame | undefined> {
  const media = await decodeMedia(row, recipe, (medium, options) =>
    decodeForPreview(medium, { ...options, audioSeconds: 0 }),
  );
  const frames = media.flatMap(({ clip }) => clip.frames);
  return frames[Math.floor(frames.length / 2)];
}

/** Every pixel is the nearest one of the frame. */
function shrunk({ width, height, data }: RgbFrame): RgbFrame {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const across = Math.max(1, Math.round(width * scale));
  const down = Math.max(1, Math.round(height * scale));
  const small = new Uint8Array(3 * across * down);
  for (let y = 0; y < down; y++) {
    const row = Math.floor((y * height) / down) * width;
    for (let x = 0; x < across; x++) {
      const from = 3 * (row + Math.floor((x * width) / across));
      small.set(data.subarray(from, from + 3), 3 * (y * across + x));
    }
  }
  return { width: across, height: down, data: small };
}
