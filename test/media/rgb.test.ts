import { describe, expect, it } from 'vitest';
import { mirror, rgbFromRgba, rotate } from '../../src/media/rgb.ts';
import { isYuv, rgbFromYuv } from '../../src/media/yuv.ts';

/** A 2x2 picture of one colour in the given layout. */
function flat(format: string, y: number, u: number, v: number, matrix: string | null, fullRange = false) {
  const bytes = [y, y, y, y, u, v];
  const planes = [
    { offset: 0, stride: 2 },
    { offset: 4, stride: format === 'NV12' ? 2 : 1 },
    { offset: 5, stride: 1 },
  ];
  const image = { format, bytes: Uint8Array.from(bytes), planes, width: 2, height: 2, matrix, fullRange };
  return [...rgbFromYuv(image).data.subarray(9)];
}

describe('rgbFromYuv', () => {
  it.each(['I420', 'NV12'])('%s: black, white and grey of the studio range', (format) => {
    expect(flat(format, 16, 128, 128, null)).toEqual([0, 0, 0]);
    expect(flat(format, 235, 128, 128, 'bt709')).toEqual([255, 255, 255]);
    expect(flat(format, 126, 128, 128, null)).toEqual([128, 128, 128]);
  });

  it('red, green and blue by the tagged matrix', () => {
    // Studio-range values of the primaries, rounded to 8 bits: BT.601 and BT.709.
    const near = (got: number[], want: number[]) => got.every((v, i) => Math.abs(v - want[i]!) <= 2);
    expect(near(flat('I420', 81, 90, 240, null), [255, 0, 0])).toBe(true);
    expect(near(flat('I420', 145, 54, 34, 'smpte170m'), [0, 255, 0])).toBe(true);
    expect(near(flat('I420', 63, 102, 240, 'bt709'), [255, 0, 0])).toBe(true);
    expect(near(flat('NV12', 32, 240, 118, 'bt709'), [0, 0, 255])).toBe(true);
  });

  it('full range is left as it is', () => {
    expect(flat('I420', 200, 128, 128, null, true)).toEqual([200, 200, 200]);
  });

  it('odd sizes share the last chroma sample', () => {
    const bytes = Uint8Array.from([50, 60, 70, 128, 128, 128, 128]);
    const planes = [
      { offset: 0, stride: 3 },
      { offset: 3, stride: 2 },
      { offset: 5, stride: 2 },
    ];
    const frame = rgbFromYuv({
      format: 'I420',
      bytes,
      planes,
      width: 3,
      height: 1,
      matrix: null,
      fullRange: true,
    });
    expect([...frame.data]).toEqual([50, 50, 50, 60, 60, 60, 70, 70, 70]);
  });

  it('ten bits are eight and a fraction', () => {
    const image = (y: number, u: number, v: number) => ({
      format: 'I444P10',
      bytes: new Uint8Array(Uint16Array.of(y, u, v).buffer),
      planes: [0, 2, 4].map((offset) => ({ offset, stride: 2 })),
      width: 1,
      height: 1,
      matrix: 'bt709',
      fullRange: false,
    });
    expect([...rgbFromYuv(image(64, 512, 512)).data]).toEqual([0, 0, 0]);
    expect([...rgbFromYuv(image(940, 512, 512)).data]).toEqual([255, 255, 255]);
    expect([...rgbFromYuv(image(503, 512, 512)).data]).toEqual([128, 128, 128]);
    expect([...rgbFromYuv(image(252, 408, 960)).data]).toEqual(flat('I420', 63, 102, 240, 'bt709'));
  });

  it('knows what it does not know', () => {
    expect(['I420', 'NV12', 'I444', 'I420P10'].every(isYuv)).toBe(true);
    expect([null, 'RGBA', 'I420P12'].some(isYuv)).toBe(false);
  });
});

describe('rotate', () => {
  // Two rows of three pixels; the red channel is the pixel's number.
  const frame = rgbFromRgba(Uint8Array.from([0, 1, 2, 3, 4, 5].flatMap((n) => [n, 9, 9, 255])), 3, 2);
  const reds = (degrees: number) => {
    const turned = rotate(frame, degrees);
    return [turned.width, turned.height, ...turned.data.filter((_, i) => i % 3 === 0)];
  };

  it('turns clockwise', () => {
    expect(reds(0)).toEqual([3, 2, 0, 1, 2, 3, 4, 5]);
    expect(reds(90)).toEqual([2, 3, 3, 0, 4, 1, 5, 2]);
    expect(reds(180)).toEqual([3, 2, 5, 4, 3, 2, 1, 0]);
    expect(reds(270)).toEqual([2, 3, 2, 5, 1, 4, 0, 3]);
  });

  it('mirrors left and right', () => {
    expect([...mirror(frame).data.filter((_, i) => i % 3 === 0)]).toEqual([2, 1, 0, 5, 4, 3]);
  });
});
