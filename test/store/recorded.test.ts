import { describe, expect, it } from 'vitest';
import { metricColumns, type RecordedRun } from '../../src/protocol/recorded-run.ts';
import { recordedFrom, recordedOf, standIn } from '../../src/store/recorded.ts';
import { chartData, withShadow } from '../../src/store/series.ts';
import { initialState, type StepRecord, type StudioState } from '../../src/store/state.ts';

const FILE: RecordedRun = {
  version: 1,
  date: '2026-11-30T12:00:00.000Z',
  ...{ adapter: 'SwiftShader', model: 'tiny-humanomni', data: 'demo', question: 'Which?' },
  ...{ seed: 42, steps: 3, promptsPerStep: 1, groupSize: 2 },
  metrics: metricColumns([{ reward: 1, kl: Number.NaN }, { reward: 1.5 }, { reward: 2, kl: 0.25 }]),
  rollouts: [],
  evals: [],
};
const recorded = recordedFrom(FILE);
const model = (demo: boolean) => ({ name: 'tiny', demo }) as StudioState['model'];
const data = (name: string) => ({ name }) as StudioState['data'];
const record: StepRecord = { step: 1, metrics: { reward: 9 }, seconds: {} };

describe('a recorded run', () => {
  it('is read back as steps, each with the values it has', () => {
    expect(FILE.metrics).toEqual({ reward: [1, 1.5, 2], kl: [null, null, 0.25] });
    expect(recorded.steps).toEqual([
      { step: 1, metrics: { reward: 1 }, seconds: {} },
      { step: 2, metrics: { reward: 1.5 }, seconds: {} },
      { step: 3, metrics: { reward: 2, kl: 0.25 }, seconds: {} },
    ]);
  });

  it('of another shape is refused by name', () => {
    expect(() => recordedFrom({ ...FILE, seed: 'x' })).toThrow(/seed/);
    expect(() => recordedFrom({ ...FILE, metrics: { nonsense: [1] } })).toThrow(/nonsense/);
  });

  it('is about the demo, or a page with nothing open yet', () => {
    expect(recordedOf({ recorded })).toBe(recorded);
    expect(recordedOf({ recorded, model: model(true), data: data('demo') })).toBe(recorded);
    expect(recordedOf({ recorded, model: model(false), data: data('demo') })).toBeUndefined();
    expect(recordedOf({ recorded, model: model(true), data: data('clinic') })).toBeUndefined();
  });

  it('stands in for a run only until one is begun', () => {
    const state = { ...initialState(), recorded };
    expect(standIn(state)).toBe(recorded);
    expect(standIn({ ...state, run: { state: 'loading' } })).toBeUndefined();
    expect(standIn({ ...state, steps: [record] })).toBeUndefined();
  });

  it('lies behind the curves of a run, and goes on where the run has not come yet', () => {
    const shadow = chartData(recorded.steps, ['reward'], 0);
    const { rows, own, latest, rowAt } = withShadow(chartData([record], ['reward'], 0), shadow);
    expect(own).toBe(1);
    expect(latest.reward).toEqual({ value: 9, step: 1 });
    expect(rows.map(({ step, raw, shadow: behind }) => [step, raw.reward, behind?.reward])).toEqual([
      [1, 9, 1],
      [2, undefined, 1.5],
      [3, undefined, 2],
    ]);
    expect(rowAt(1)).toMatchObject({ raw: { reward: 9 }, shadow: { reward: 1 } });
    expect(rowAt(2)).toBeUndefined();
  });
});
