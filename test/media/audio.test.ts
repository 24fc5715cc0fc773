import { describe, expect, it } from 'vitest';
import { downmix, resample, silenceNonFinite } from '../../src/media/audio.ts';

function tone(hz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, n) =>
    Math.sin((2 * Math.PI * hz * n) / rate),
  );
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}

describe('resample', () => {
  it.each([8000, 11025, 22050, 32000, 44100, 48000, 96000])(
    'a tone sampled at %i Hz keeps phase and level',
    (rate) => {
      const got = resample(tone(1000, rate, 0.5), rate);
      expect(got.length).toBe(Math.ceil((Math.round(rate / 2) * 16000) / rate));
      const want = tone(1000, 16000, 0.5);
      // The edges see zeros beyond the signal.
      for (let n = 800; n < 7200; n++) expect(Math.abs(got[n]! - want[n]!)).toBeLessThan(2e-4);
    },
  );

  it('removes what 16 kHz cannot carry', () => {
    const got = resample(tone(9500, 48000, 0.5), 48000).subarray(800, 7200);
    expect(rms(got)).toBeLessThan(1e-4);
  });

  it('passes 7 kHz', () => {
    const got = resample(tone(7000, 48000, 0.5), 48000).subarray(800, 7200);
    expect(rms(got)).toBeCloseTo(Math.SQRT1_2, 3);
  });

  it('keeps a constant and leaves 16 kHz alone', () => {
    const constant = new Float32Array(4410).fill(0.25);
    const got = resample(constant, 44100).subarray(400, 1200);
    expect(Math.max(...got.map((v) => Math.abs(v - 0.25)))).toBeLessThan(1e-6);
    const same = tone(100, 16000, 0.1);
    expect(resample(same, 16000)).toBe(same);
  });

  it('refuses a nonsensical rate', () => {
    expect(() => resample(new Float32Array(4), 0)).toThrow(/0 Hz/);
  });
});

describe('downmix', () => {
  it('adds stereo over the root of two, beyond full scale if need be', () => {
    const mono = downmix([Float32Array.of(1, 0.5, 0), Float32Array.of(1, -0.5, 0.3)]);
    [Math.SQRT2, 0, 0.3 * Math.SQRT1_2].forEach((want, i) => {
      expect(mono[i]).toBeCloseTo(want, 6);
    });
  });

  it('drops the low-frequency channel of 5.1 and keeps the centre whole', () => {
    const silent = new Float32Array(1);
    const loud = Float32Array.of(1);
    expect(downmix([silent, silent, silent, loud, silent, silent])[0]).toBe(0);
    expect(downmix([silent, silent, loud, silent, silent, silent])[0]).toBe(1);
    expect(downmix([silent, silent, silent, silent, loud, silent])[0]).toBe(0.5);
  });

  it('knows the centre of AAC with four channels', () => {
    const centre = [0, 0, 1, 0].map((value) => Float32Array.of(value));
    expect(downmix(centre, 'aac')[0]).toBe(1);
    expect(downmix(centre, 'opus')[0]).toBe(0.5);
  });

  it('refuses no channels', () => {
    expect(() => downmix([])).toThrow(/0 channels/);
  });
});

it('silenceNonFinite counts and clears', () => {
  const waveform = Float32Array.of(0.5, Number.NaN, Number.POSITIVE_INFINITY, -1);
  expect(silenceNonFinite(waveform)).toBe(2);
  expect([...waveform]).toEqual([0.5, 0, 0, -1]);
});
