import { describe, expect, it } from 'vitest';
import { RowSchedule } from '../../src/rl/rollout/row-schedule.ts';

describe('rows', () => {
  it('take completions in order; a prompt enters with its first', () => {
    const schedule = new RowSchedule({ prompts: 2, groupSize: 2, rows: 3, places: 2 });
    const { enters, starts } = schedule.deal();
    expect(enters).toEqual([
      { prompt: 0, place: 0 },
      { prompt: 1, place: 1 },
    ]);
    expect(starts).toEqual([
      { prompt: 0, index: 0, row: 0, place: 0 },
      { prompt: 0, index: 1, row: 1, place: 0 },
      { prompt: 1, index: 0, row: 2, place: 1 },
    ]);
    expect(schedule.waits).toBe(true);
    expect(schedule.finish(1)).toBe(false);
    expect(schedule.deal()).toEqual({ enters: [], starts: [{ prompt: 1, index: 1, row: 1, place: 1 }] });
    expect(schedule.waits).toBe(false);
  });

  it('wait for a place until all completions of a prompt are done', () => {
    const schedule = new RowSchedule({ prompts: 2, groupSize: 2, rows: 2, places: 1 });
    schedule.deal();
    schedule.finish(0);
    expect(schedule.deal()).toEqual({ enters: [], starts: [] });
    expect(schedule.finish(1)).toBe(true);
    expect(schedule.deal().enters).toEqual([{ prompt: 1, place: 0 }]);
  });

  it('do every completion once, whatever ends first', () => {
    const schedule = new RowSchedule({ prompts: 5, groupSize: 3, rows: 4, places: 3 });
    const done: string[] = [];
    for (let turn = 0; schedule.waits || schedule.running.size > 0; turn++) {
      schedule.deal();
      const rows = [...schedule.running.keys()];
      const row = rows[(7 * turn) % rows.length]!;
      const { prompt, index } = schedule.running.get(row)!;
      done.push(`${prompt} ${index}`);
      schedule.finish(row);
    }
    expect(new Set(done).size).toBe(15);
    expect(done.length).toBe(15);
    expect(() => schedule.finish(0)).toThrow('nothing to finish');
  });
});
