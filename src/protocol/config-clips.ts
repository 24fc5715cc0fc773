/** Settings of what a tower for frames of any size is shown of a clip: Qwen2-VL's and Qwen2.5-VL's. */
import { float, int } from './fields.ts';

/** The largest picture that the published processors name, and the smallest that makes one token of 28 · 28 pixels. */
const MOST_PIXELS = 28 * 28 * 16_384;
const FEWEST_PIXELS = 28 * 28;
/** Bounds of a video's frames: those of qwen_vl_utils. */
export const FEWEST_FRAMES = 4;
const MOST_FRAMES = 768;

/** Defaults: the smallest frame of the published processor, and what R1-Omni's trainer asks for. */
export const clipFields = {
  minPixels: int({
    default: 56 * 56,
    min: FEWEST_PIXELS,
    max: MOST_PIXELS,
    unit: 'pixels',
    group: 'Prompt',
    label: 'Smallest picture',
    help: 'Pictures and frames of less width · height are enlarged to it. Qwen2-VL and Qwen2.5-VL see them at their own size in between.',
  }),
  maxPixels: int({
    default: 240 * 240,
    min: FEWEST_PIXELS,
    max: MOST_PIXELS,
    unit: 'pixels',
    group: 'Prompt',
    label: 'Largest picture',
    help: 'Pictures and frames of more width · height are made smaller. Each 28 · 28 pixels are a token: the prompt, memory and time grow with it. R1-V shows pictures of up to 401408, Video-R1 frames of up to 100352.',
  }),
  framesPerSecond: float({
    default: 0,
    min: 0,
    max: 60,
    group: 'Prompt',
    label: 'Frames a second',
    help: "How many frames of a second of video are shown, at least 4 of a clip. 0 = as many whole ones as the most frames allow, as R1-Omni's trainer does. Video-R1 shows 2.",
  }),
  maxFrames: int({
    default: 8,
    min: FEWEST_FRAMES,
    max: MOST_FRAMES,
    unit: 'frames',
    group: 'Prompt',
    label: 'Most frames',
    help: 'A longer video shows this many, spread over its length; two of them share their tokens. Video-R1 shows 16.',
  }),
};
