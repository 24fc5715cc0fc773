import { roundHalfEven } from '../math/half.ts';
import { isWhole, type Part } from './part.ts';

/**
 * Which frames of a clip are shown to the model: `n` indices into `count` frames, evenly spaced at segment centres.
 *
 * The published rule: with `seg = (count - 1) / n`, `index_i = round_half_even(seg * (i + 0.5) + 1e-6)`.
 * Short clips repeat frames; there is never a shortage.
 * @throws RangeError when `count` or `n` is not a positive integer
 */
export function sampleFrameIndices(count: number, n: number): number[] {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`sampleFrameIndices: count must be a positive integer, got ${count}`);
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`sampleFrameIndices: n must be a positive integer, got ${n}`);
  const segment = (count - 1) / n;
  return Array.from({ length: n }, (_, i) => roundHalfEven(segment * (i + 0.5) + 1e-6));
}

/** How frames are spread by a clip's length. */
export interface Spread {
  /** Frames of a second; 0: as many whole ones as `most` allows. */
  readonly perSecond: number;
  /** Of a clip, at most. */
  readonly most: number;
}

/** Which frames of a clip are shown: so many at segment centres, or spread by the clip's length, as published unless said. Plain data: workers are sent it. */
export type FrameChoice = number | 'spread' | Spread;

/** Indices of the frames that a choice takes of a clip of so many frames and seconds, or of a part of it, ascending. */
export function chooseFrames(choice: FrameChoice, count: number, seconds: number, part: Part = {}): number[] {
  if (isWhole(part)) return choose(choice, count, seconds);
  const [first, last] = framesOfPart(choice, part, { count, rate: count / seconds });
  const candidates = last - first + 1;
  return choose(choice, candidates, (candidates * seconds) / count).map((index) => first + index);
}

function choose(choice: FrameChoice, count: number, seconds: number): number[] {
  if (typeof choice === 'number') return sampleFrameIndices(count, choice);
  return spreadFrameIndices(count, seconds, choice === 'spread' ? PUBLISHED_SPREAD : choice);
}

/** A time that falls on a frame may be off by the rounding of the rate. */
const SLACK_FRAMES = 1e-6;

/**
 * The first and last of the frames that a part's are chosen from, `rate` of them a second. HumanOmni: ⌊start·rate⌋ − 1 to
 * ⌊end·rate⌋ − 1. qwen_vl_utils (`calculate_video_frame_range`): ⌈start·rate⌉ to ⌊end·rate⌋. Both within the clip; one frame at least.
 */
function framesOfPart(
  choice: FrameChoice,
  { start, end }: Part,
  { count, rate }: { readonly count: number; readonly rate: number },
): [first: number, last: number] {
  const isSpread = typeof choice !== 'number';
  const floor = (seconds: number): number => Math.floor(seconds * rate + SLACK_FRAMES);
  const inside = (index: number): number => Math.min(Math.max(index, 0), count - 1);
  const ceiled = Math.ceil((start ?? 0) * rate - SLACK_FRAMES);
  const first = inside(isSpread ? ceiled : floor(start ?? 0) - 1);
  const last = end === undefined ? count - 1 : inside(floor(end) - (isSpread ? 0 : 1));
  return [first, Math.max(first, last)];
}

/** What R1-Omni's trainer asks for: `int(8 / seconds)` frames a second. */
export const PUBLISHED_SPREAD: Spread = { perSecond: 0, most: 8 };
const FEWEST_SPREAD_FRAMES = 4;
/** Frames come in pairs, as a patch spans two. */
const PAIR = 2;

/**
 * The published rule for Qwen2-VL (qwen_vl_utils): so many frames a second, but at least 4 and at most `most`, in pairs, spread
 * evenly from the first frame to the last. A clip of one frame gives it.
 */
export function spreadFrameIndices(
  count: number,
  seconds: number,
  { perSecond, most }: Spread = PUBLISHED_SPREAD,
): number[] {
  const rate = perSecond > 0 ? perSecond : Math.floor(most / seconds);
  const inPairs = Math.min(count - (count % PAIR), most - (most % PAIR));
  const wanted = Math.min(Math.max(seconds * rate, FEWEST_SPREAD_FRAMES), inPairs);
  const frames = Math.max(1, PAIR * roundHalfEven(wanted / PAIR));
  if (frames === 1) return [0];
  return Array.from({ length: frames }, (_, i) => roundHalfEven((i * (count - 1)) / (frames - 1)));
}
