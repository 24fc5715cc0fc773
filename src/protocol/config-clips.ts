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
    group: 'Pictures and videos',
    label: 'Smallest picture',
    help: 'Pixels are width × height: 3136 is 56 × 56. A picture or frame with fewer is enlarged to this; between smallest and largest it keeps its own size.',
  }),
  maxPixels: int({
    default: 240 * 240,
    min: FEWEST_PIXELS,
    max: MOST_PIXELS,
    unit: 'pixels',
    group: 'Pictures and videos',
    label: 'Largest picture',
    help: 'A picture or frame with more pixels is made smaller: 57600 is 240 × 240. Every 28 × 28 pixels are a token of the prompt, so details, memory and time all grow with it. R1-V shows pictures of up to 401408, Video-R1 frames of up to 100352.',
  }),
  framesPerSecond: float({
    default: 0,
    min: 0,
    max: 60,
    group: 'Pictures and videos',
    label: 'Frames a second',
    help: "How many frames of each second of a video are shown, and at least 4 in all. 0: as many whole ones as the most frames allow (2 where a video of 4 seconds may show 8), as R1-Omni's trainer does. Video-R1 shows 2.",
  }),
  maxFrames: int({
    default: 8,
    min: FEWEST_FRAMES,
    max: MOST_FRAMES,
    unit: 'frames',
    group: 'Pictures and videos',
    label: 'Most frames',
    help: 'No video shows more; those of a longer one are spread over its length. Each two of them share their tokens. Video-R1 shows 16.',
  }),
};
