import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { logMel } from '../../src/media/log-mel.ts';
import { melFilterBank, quantisationSlack } from '../../src/media/mel.ts';
import { pixelsFromFrames } from '../../src/media/pixels.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import { sharedTestDevice } from '../setup/adapter.ts';
import { readGolden } from './golden.ts';

const folder = new URL('../golden/preprocess/', import.meta.url).pathname;
const cases = JSON.parse(readFileSync(`${folder}case.json`, 'utf8')) as {
  audio: { mels: number; kind: string; shape: [number, number] }[];
  image: { width: number; height: number; size: number }[];
};
const golden = readGolden(`${folder}case.safetensors`);

/** Columns kept in the golden file: the first 64 and every 13th. */
function goldenColumns(total: number): number[] {
  const kept = Array.from({ length: total }, (_, t) => t).filter((t) => t < 64 || t % 13 === 0);
  return kept;
}

beforeAll(async () => {
  const { device, info } = await sharedTestDevice();
  await startTfOnDevice(device, info);
});

/** Log-mel by definition, in float64, at the given columns: [mels, columns]. */
function referenceLogMel(waveform: Float64Array, mels: number, columns: readonly number[]): Float64Array {
  const bank = melFilterBank(mels);
  const total = 480000;
  const sample = (i: number) => {
    const at = i < 0 ? -i : i < total ? i : 2 * (total - 1) - i;
    return at < waveform.length ? waveform[at]! : 0;
  };
  const power = (t: number) => {
    const frame = Array.from(
      { length: 400 },
      (_, n) => sample(t * 160 - 200 + n) * (0.5 - 0.5 * Math.cos((Math.PI * n) / 200)),
    );
    const bins = Array.from({ length: 201 }, (_, k) => {
      let [re, im] = [0, 0];
      frame.forEach((x, n) => {
        re += x * cosine[(k * n) % 400]!;
        im -= x * cosine[(k * n + 300) % 400]!;
      });
      return re * re + im * im;
    });
    return Array.from({ length: mels }, (_, m) =>
      bins.reduce((sum, p, k) => sum + p * bank[k * mels + m]!, 0),
    );
  };
  const columnPowers = columns.map(power);
  const out = new Float64Array(mels * columns.length);
  columnPowers.forEach((powers, c) => {
    powers.forEach((p, m) => {
      out[m * columns.length + c] = (Math.log10(Math.max(p, 1e-10)) + 4) / 4;
    });
  });
  return out;
}

const cosine = Float64Array.from({ length: 400 }, (_, i) => Math.cos((2 * Math.PI * i) / 400));

function largest(differences: Iterable<number>): number {
  let worst = 0;
  for (const value of differences) worst = Math.max(worst, Math.abs(value));
  return worst;
}

function column<T extends Float32Array | Float64Array>(
  values: T,
  mels: number,
  total: number,
  columns: readonly number[],
) {
  return Array.from({ length: mels }, (_, m) => columns.map((t) => values[m * total + t]!)).flat();
}

describe('log-mel equals the published extractor', () => {
  // The golden spectrograms were computed before the waveform was rounded to the 16 bits it is stored in.
  describe.each([...cases.audio.entries()])('case %i', (index, { mels, kind, shape }) => {
    const stored = golden(`audio.${index}.waveform_i16`).values.map((v) => v / 32768);
    let got: Float32Array;
    beforeAll(async () => {
      got = await logMel(Float32Array.from(stored), mels);
    });

    it(`${kind}, ${mels} mels`, () => {
      expect(got.length).toBe(shape[0] * shape[1]);
      const columns = goldenColumns(shape[1]);
      const want = golden(`audio.${index}.log_mel_columns`);
      expect(want.shape).toEqual([mels, columns.length]);
      const bank = melFilterBank(mels);
      const sums = Array.from({ length: mels }, (_, m) =>
        bank.reduce((sum, w, i) => (i % mels === m ? sum + w : sum), 0),
      );
      const excess = column(got, mels, shape[1], columns).map((value, i) => {
        const slack = quantisationSlack(want.values[i]!, sums[Math.floor(i / columns.length)]!);
        return Math.abs(value - want.values[i]!) - slack;
      });
      expect(Math.max(...excess)).toBeLessThanOrEqual(1e-3);
    });

    it('against float64 from the stored samples', () => {
      const lowest = got.reduce((a, b) => Math.min(a, b));
      const columns = [...goldenColumns(200), 2998, 2999];
      const want = referenceLogMel(stored, mels, columns).map((value) => Math.max(value, lowest));
      expect(
        largest(column(got, mels, 3000, columns).map((value, i) => value - want[i]!)),
      ).toBeLessThanOrEqual(2e-4);
    });
  });

  it('the chirp before rounding meets the bound outright', async () => {
    const chirp = Float32Array.from({ length: 16000 }, (_, n) => {
      const t = n / 16000;
      return 0.5 * Math.sin(2 * Math.PI * (100 * t + 900 * t * t));
    });
    const got = await logMel(chirp, 80);
    const want = golden('audio.0.log_mel_columns').values;
    const differences = column(got, 80, 3000, goldenColumns(3000)).map((value, i) => value - want[i]!);
    expect(largest(differences)).toBeLessThanOrEqual(1e-3);
  });

  it.each([80, 128])('mel bank of %i', (mels) => {
    const want = golden(`mel_filters.${mels}`);
    const got = melFilterBank(mels);
    expect(want.shape).toEqual([201, mels]);
    for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - want.values[i]!)).toBeLessThan(1e-7);
  });
});

describe('pixels equal the published processor', () => {
  cases.image.forEach(({ width, height, size }, index) => {
    it(`case ${index}: ${width}x${height} to ${size}`, async () => {
      const data = Uint8Array.from(golden(`image.${index}.rgb_u8`).values);
      const got = await pixelsFromFrames([{ width, height, data }], size);
      const want = golden(`image.${index}.pixel_values`).values;
      expect(got.length).toBe(want.length);
      let worst = 0;
      let sum = 0;
      got.forEach((value, i) => {
        const difference = Math.abs(value - want[i]!);
        worst = Math.max(worst, difference);
        sum += difference;
      });
      console.log(
        `pixels ${index}: largest ${worst.toExponential(2)}, mean ${(sum / got.length).toExponential(2)}`,
      );
      expect(worst).toBeLessThanOrEqual(0.0079);
      expect(sum / got.length).toBeLessThanOrEqual(5e-4);
    });
  });
});
