import { describe, expect, it } from 'vitest';
import type { TokenValues } from '../../src/protocol/token-values.ts';
import {
  greatest,
  legendOf,
  noteOf,
  numbersOf,
  readingsOf,
  shadeOf,
  valueText,
  visibleText,
} from '../../src/ui/rollouts/token-choices.ts';

const column = (...values: number[]) => Float32Array.from(values);
const pass = {
  ...{ logProbs: column(-0.5, -2), entropies: column(0.25, 1), mismatches: column(1e-6, -1e-6) },
  ...{
    ratios: column(1.25, 0.5),
    references: column(-0.75, -2),
    kl: column(0.03125, 0),
    clips: Uint8Array.of(2, 0),
  },
};
const objective = { lossType: 'dapo', level: 'token', klEstimator: 'k3', iterations: 2 } as const;
const values: TokenValues = {
  ids: Uint32Array.of(7, 8),
  pieces: ['a', 'b'],
  sampler: column(-0.5, -2),
  pass,
  objective,
};
const shown = { values, advantage: -2 };
const changed = (changes: Partial<TokenValues>) => ({ values: { ...values, ...changes }, advantage: -2 });

describe('what tokens are coloured by', () => {
  it('is a number for each of them, or the reason why there is none', () => {
    expect(numbersOf('weight', shown)).toEqual(column(-2.5, -1));
    expect(numbersOf('kl', shown)).toBe(pass.kl);
    const { kl: _, references: __, clips: ___, ...rest } = pass;
    expect(numbersOf('kl', changed({ pass: rest }))).toMatch(/β is 0/);
    const soft = changed({ pass: rest, objective: { ...objective, lossType: 'sapo' } });
    expect(numbersOf('clip', soft)).toBe('The loss sapo clips no ratio.');
    const { pass: ____, ...bare } = values;
    for (const choice of ['weight', 'logProb', 'entropy', 'kl', 'clip', 'mismatch'] as const)
      expect(numbersOf(choice, { values: bare, advantage: 0 })).toMatch(/went through no pass/);
    expect(numbersOf('sampler', { values: bare, advantage: 0 })).toBe(values.sampler);
  });

  it('says where every ratio is 1, and whose ratio it is', () => {
    const once = changed({ objective: { ...objective, iterations: 1 } });
    expect(noteOf('weight', once)).toBe(
      'Each batch takes one update, so every ratio is 1: all tokens have the advantage, −2.',
    );
    expect(noteOf('clip', once)).toMatch(/none is clipped/);
    expect(noteOf('weight', shown)).toBeUndefined();
    expect(noteOf('weight', changed({ objective: { ...objective, level: 'sequence' } }))).toMatch(
      /whole answer/,
    );
  });

  it('is shaded by its share of the greatest, to the side of its sign; what is no number stands apart', () => {
    const numbers = [0, 0.1, 2, -4, 3.9, Number.NaN];
    const most = greatest(numbers);
    expect(most).toBe(4);
    expect(numbers.map((value) => shadeOf('mismatch', value, most))).toEqual([
      { level: 0, side: 'above' },
      { level: 1, side: 'above' },
      { level: 2, side: 'above' },
      { level: 4, side: 'below' },
      { level: 4, side: 'above' },
      { level: 4, side: 'broken' },
    ]);
    expect([0, 1, 2].map((clip) => shadeOf('clip', clip, 2))).toEqual([
      { level: 0, side: 'above' },
      { level: 4, side: 'below' },
      { level: 4, side: 'above' },
    ]);
  });

  it('has a legend in numbers, to both sides where they go to both', () => {
    const texts = (...all: Parameters<typeof legendOf>) => legendOf(...all).map(({ text }) => text);
    expect(texts('weight', [-2, 1])).toEqual(['−2', '−1', '0', '+1', '+2']);
    expect(texts('logProb', [-3, -1])).toEqual(['−3', '−1.5', '0']);
    expect(texts('entropy', [0, 0])).toEqual(['0']);
    expect(texts('clip', [0, 0])).toEqual(['clipped low', 'not clipped', 'clipped high']);
    expect(legendOf('weight', [-2, 1]).map(({ shade }) => shade.level)).toEqual([4, 2, 0, 2, 4]);
  });

  it('stands in words beside the colour, and so does what cannot be seen', () => {
    expect(valueText('mismatch', 1.5e-6)).toBe('+1.5e−6');
    expect(valueText('logProb', Number.NaN)).toBe('not a number');
    expect(['', ' \n', 'a'].map(visibleText)).toEqual(['◦', ' ⏎\n', 'a']);
    expect(Object.fromEntries(readingsOf(shown, 0))).toMatchObject({
      ...{ id: '7', probability: '0.607', 'advantage × ratio': '−2.5', ratio: '1.25', clip: 'clipped high' },
      'reference’s log-probability': '−0.75',
    });
  });
});
