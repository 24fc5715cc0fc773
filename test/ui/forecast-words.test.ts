import { expect, it } from 'vitest';
import type { Forecast } from '../../src/protocol/forecast.ts';
import { forecastLine, forecastMoves } from '../../src/ui/train/forecast-words.ts';

const WELL: Forecast = {
  ...{ rows: 16, groupSize: 8, withSignal: 12, reward: 0.5, rewards: [], troubles: [] },
  bySize: [
    { groupSize: 8, share: 0.75 },
    { groupSize: 16, share: 0.8 },
  ],
  ...{ meanLength: 31.4, cutShort: 0.1, stepSeconds: 2.25 },
};

it('says what was found', () => {
  expect(forecastLine(WELL)).toBe(
    '12 of 16 clips have a signal: their 8 answers score differently. Over all answers the mean reward is 0.5, and an answer has 31 tokens. Sampling and scoring a step takes about 2.3 s here; its update comes on top.',
  );
  expect(forecastLine({ ...WELL, reward: Number.NaN })).toContain('no reward applied');
  expect(forecastMoves(WELL)).toEqual([]);
});

it('says what one would change', () => {
  const few = {
    ...WELL,
    withSignal: 4,
    bySize: [
      { groupSize: 8, share: 0.25 },
      { groupSize: 16, share: 0.45 },
    ],
  };
  expect(forecastMoves(few)).toEqual([
    'With 16 answers to each clip a signal is expected in 45 % of them.',
    expect.stringMatching(/^“Replace clips without signal”/),
  ]);
  expect(
    forecastMoves({
      ...few,
      bySize: [
        { groupSize: 8, share: 0.25 },
        { groupSize: 16, share: 0.3 },
      ],
    }),
  ).toHaveLength(1);
  expect(forecastMoves({ ...WELL, withSignal: 0, bySize: [] })).toEqual([
    expect.stringMatching(/^No clip teaches anything yet\./),
  ]);
  expect(forecastMoves({ ...WELL, reward: Number.NaN, withSignal: 0 })).toEqual([
    'No reward applies to these clips: choose others under Rewards.',
  ]);
  expect(forecastMoves({ ...WELL, cutShort: 0.5 })).toEqual([
    '50 % of the answers were cut at “Longest answer”: raise it, or most rewards see half an answer.',
  ]);
});
