import { describe, expect, it } from 'vitest';
import { roundHalfEven } from '../../src/math/half.ts';
import { chooseFrames, sampleFrameIndices, spreadFrameIndices } from '../../src/media/frame-sampling.ts';

describe('sampleFrameIndices', () => {
  it.each([
    [1, [0, 0, 0, 0, 0, 0, 0, 0]],
    [5, [0, 1, 1, 2, 2, 3, 3, 4]],
    [30, [2, 5, 9, 13, 16, 20, 24, 27]],
    [75, [5, 14, 23, 32, 42, 51, 60, 69]],
    [100, [6, 19, 31, 43, 56, 68, 80, 93]],
    [250, [16, 47, 78, 109, 140, 171, 202, 233]],
    [301, [19, 56, 94, 131, 169, 206, 244, 281]],
  ])('eight of %i frames', (count, want) => {
    expect(sampleFrameIndices(count, 8)).toEqual(want);
  });

  it('four of sixteen', () => {
    expect(sampleFrameIndices(16, 4)).toEqual([2, 6, 9, 13]);
  });

  it('refuses an empty clip', () => {
    expect(() => sampleFrameIndices(0, 8)).toThrow(RangeError);
    expect(() => sampleFrameIndices(10, 0)).toThrow(RangeError);
  });
});

it('rounds halves to even', () => {
  expect([0.5, 1.5, 2.5, 3.5, 0.49, 2.51, 7].map(roundHalfEven)).toEqual([0, 2, 2, 4, 0, 3, 7]);
});

describe('spreadFrameIndices', () => {
  it.each([
    // Ten seconds ask for no rate at all: the fewest frames.
    [250, 10, [0, 83, 166, 249]],
    // Three seconds at two a second.
    [75, 3, [0, 15, 30, 44, 59, 74]],
    // One second at eight.
    [30, 1, [0, 4, 8, 12, 17, 21, 25, 29]],
    // Five at one a second, rounded to the even pair.
    [125, 5, [0, 41, 83, 124]],
    [3, 0.1, [0, 2]],
    [1, 0.04, [0]],
  ])('%i frames of %f seconds', (count, seconds, want) => {
    expect(spreadFrameIndices(count, seconds)).toEqual(want);
  });

  // As qwen_vl_utils counts them: seconds · rate, at least 4 and at most so many, in pairs.
  it.each([
    [300, 10, { perSecond: 2, most: 16 }, 16],
    [90, 3, { perSecond: 2, most: 16 }, 6],
    [300, 10, { perSecond: 0.1, most: 16 }, 4],
    [5, 10, { perSecond: 2, most: 16 }, 4],
    [300, 10, { perSecond: 2, most: 9 }, 8],
    // Without a rate, whole frames a second that `most` allows.
    [300, 10, { perSecond: 0, most: 64 }, 60],
  ])('%i frames of %f seconds by %o are %i', (count, seconds, spread, frames) => {
    const chosen = chooseFrames(spread, count, seconds);
    expect(chosen).toHaveLength(frames);
    expect([chosen[0], chosen.at(-1)]).toEqual([0, count - 1]);
  });
});

describe('frames of a part', () => {
  it('are chosen by the published rule among those that the published code takes for it', () => {
    // HumanOmni: first = ⌊start·fps⌋ − 1, last = ⌊end·fps⌋ − 1 (MODEL.md, 6.1); 250 frames of 25 a second.
    const among = sampleFrameIndices(51, 8);
    expect(chooseFrames(8, 250, 10, { start: 2, end: 4 })).toEqual(among.map((index) => index + 49));
    expect(chooseFrames(8, 250, 10, { end: 2 })).toEqual(sampleFrameIndices(50, 8));
    const rest = sampleFrameIndices(250 - 199, 8).map((index) => index + 199);
    expect(chooseFrames(8, 250, 10, { start: 8 })).toEqual(rest);
    expect(chooseFrames(8, 250, 10, { start: 8, end: 99 })).toEqual(rest);
    expect(chooseFrames(1, 250, 10, { start: 2, end: 2.01 })).toEqual([49]);
  });

  it('are spread as qwen_vl_utils spreads them: from ⌈start·fps⌉ to ⌊end·fps⌋', () => {
    // Frames 50 to 100 are 51, which last 2.04 s: 8 / 2.04 s, floored, are 3 a second, of 2.04 s 6 frames.
    expect(chooseFrames('spread', 250, 10, { start: 2, end: 4 })).toEqual([50, 60, 70, 80, 90, 100]);
    expect(chooseFrames('spread', 250, 10, { start: 2.01, end: 2.05 })).toEqual([51]);
  });

  it('of a whole clip are those of the clip', () => {
    expect(chooseFrames(8, 75, 3)).toEqual(sampleFrameIndices(75, 8));
    expect(chooseFrames('spread', 75, 3, {})).toEqual(spreadFrameIndices(75, 3));
  });
});
