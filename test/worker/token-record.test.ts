import { describe, expect, it } from 'vitest';
import { STORED_ERROR } from '../../src/protocol/token-values.ts';
import type { AnswerTokens } from '../../src/rl/measure/token-values.ts';
import { decodeAnswer, encodeStep, findRecords } from '../../src/worker/runs/token-record.ts';
import { tokensAt } from './stored-run.ts';

/** The values as a record gives them back. */
function kept(values: Float32Array): Float32Array {
  const one = { ids: new Uint32Array(values.length), pieces: Array.from(values, () => ''), sampler: values };
  return decodeAnswer(encodeStep(1, [one]), 0)!.sampler;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

describe('a record of token values', () => {
  it('gives back ids, texts and marks as they were, and says what there was not', () => {
    const column = (...values: number[]) => Float32Array.from(values);
    const all: AnswerTokens = {
      ids: Uint32Array.of(0, 127, 128, 151_935, 2 ** 32 - 1),
      pieces: ['', ' é\n', '\uFEFF', '<|im_end|>', '🙂'],
      sampler: column(0, -1, -2, -3, -4),
      pass: {
        ...{ logProbs: column(0, -1, -2, -3, -4), entropies: column(0, 1, 2, 3, 4) },
        ...{ mismatches: column(0, 0, 0, 0, 0), logRatios: column(1, -1, 0, 0.5, -0.5) },
        ...{ references: column(0.25, 0, 0, 0, -8), clips: Uint8Array.of(0, 1, 2, 0, 0) },
      },
    };
    const { ids, pieces, sampler } = all;
    const bare = { ids, pieces, sampler };
    const none = { ids: new Uint32Array(0), pieces: [], sampler: new Float32Array(0) };
    const record = encodeStep(300, [all, bare, none]);
    expect([...findRecords(record)]).toEqual([{ step: 300, answers: 3, start: 0, end: record.byteLength }]);
    expect([0, 1, 2].map((place) => decodeAnswer(record, place))).toEqual([all, bare, none]);
    expect(decodeAnswer(record, 3)).toBeUndefined();
    expect(decodeAnswer(record, -1)).toBeUndefined();
  });

  it('keeps values within the error that is stated, from the smallest mismatch to the least likely token', () => {
    const magnitudes = Array.from({ length: 4000 }, (_, i) => 2 ** (-22 + (i * 29.9) / 4000));
    const values = Float32Array.from(magnitudes.flatMap((value) => [value, -value]));
    const worst = Math.max(...kept(values).map((value, i) => Math.abs(value / values[i]! - 1)));
    expect(worst).toBeLessThanOrEqual(STORED_ERROR);
    // A bound that nothing comes near would say little.
    expect(worst).toBeGreaterThan(STORED_ERROR / 2);
    const tiny = Float32Array.from({ length: 1000 }, (_, i) => (i / 1000) * 2 ** -22);
    expect(Math.max(...kept(tiny).map((value, i) => Math.abs(value - tiny[i]!)))).toBeLessThan(1.2e-10);
    const odd = Float32Array.of(0, -300, 1e30, Number.NaN, Number.NEGATIVE_INFINITY);
    expect([...kept(odd)]).toEqual([0, -255.875, 255.875, Number.NaN, Number.NEGATIVE_INFINITY]);
  });

  it('is found among damaged ones, and behind a record that was not written to its end', () => {
    const [one, two, three] = [1, 2, 3].map((step) => encodeStep(step, tokensAt(step)));
    const broken = two!.slice();
    broken[20]! ^= 1;
    const stepsIn = (bytes: Uint8Array<ArrayBuffer>) => [...findRecords(bytes)].map(({ step }) => step);
    expect(stepsIn(joined(one!, two!, three!))).toEqual([1, 2, 3]);
    expect(stepsIn(joined(one!, broken, three!))).toEqual([1, 3]);
    for (let cut = 0; cut < two!.byteLength; cut++) {
      expect(stepsIn(joined(one!, two!.subarray(0, cut)))).toEqual([1]);
      expect(stepsIn(joined(two!.subarray(0, cut), three!))).toEqual([3]);
    }
    // A length that was damaged reaches over what follows.
    for (let byte = 0; byte < 12; byte++) {
      const damaged = two!.slice();
      damaged[byte]! ^= 0x40;
      expect(stepsIn(joined(one!, damaged, three!)), `byte ${byte}`).toEqual([1, 3]);
    }
  });
});
