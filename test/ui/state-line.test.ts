import { describe, expect, it } from 'vitest';
import type { RunState } from '../../src/protocol/messages.ts';
import { initialState, reduce, type StudioState } from '../../src/store/state.ts';
import { progressWords, stateLine } from '../../src/ui/train/state-line.ts';

const at = (state: RunState, more: Partial<StudioState> = {}): StudioState => ({
  ...initialState(),
  run: { state, step: 0, steps: 10 },
  ...more,
});
const clips = { what: 'Preparing clips', done: 3, total: 9, unit: 'clips' };
const record = { step: 1, metrics: { reward: 1 }, seconds: {} };

describe('what a run is doing', () => {
  it('is said with its stage and how far that is', () => {
    expect(progressWords(clips)).toBe('Preparing clips, 3 of 9 clips');
    expect(progressWords({ what: 'Loading', done: 2048, total: 4096, unit: 'bytes' })).toBe(
      'Loading, 2.00 KiB of 4.00 KiB',
    );
    expect(stateLine(at('loading', { progress: clips }))).toMatch(/^Getting ready: Preparing clips, 3 of 9/);
    expect(stateLine(at('loading'))).toMatch(/^Getting ready\./);
  });

  it('is never "ready" while it works, or after it failed', () => {
    const states: RunState[] = ['loading', 'running', 'pausing', 'paused', 'stopped', 'failed'];
    for (const state of states) expect(stateLine(at(state)), state).not.toMatch(/^Ready/);
    expect(stateLine(at('failed', { run: { state: 'failed', step: 7, steps: 9, message: 'NaN.' } }))).toMatch(
      /^The run failed after step 7: NaN\. /,
    );
  });

  it('is ready only where a run can start, and names what it would train on what', () => {
    const splits = { train: 2, val: 0, test: 1 };
    const data = { name: 'clinic', kind: 'clips', splits } as StudioState['data'];
    const open = {
      model: { name: 'R1-Omni-0.5B', senses: ['video', 'audio'] } as unknown as StudioState['model'],
      data,
    };
    expect(stateLine(at('ready', open))).toMatch(/^Ready to train R1-Omni-0\.5B on clinic\. Press Start/);
    const heldOut = { ...data, splits: { ...splits, train: 0 } } as StudioState['data'];
    expect(stateLine(at('ready', { ...open, data: heldOut }))).toBe(
      'Not ready: clinic has no clip to train on: all of them are held out.',
    );
    expect(stateLine(at('ready', { ...open, pending: new Map([[1, 'openData']]) }))).toMatch(
      /^Not ready: A folder is being opened/,
    );
  });

  it('is left to the curves where there are some, but not that it failed', () => {
    expect(stateLine(at('running', { steps: [record] }))).toBeUndefined();
    expect(stateLine(at('finished', { steps: [record] }))).toBeUndefined();
    expect(stateLine(at('failed', { steps: [record] }))).toMatch(/^The run failed after step/);
    expect(stateLine(at('empty'))).toBeUndefined();
  });

  it('forgets what made it ready once it runs', () => {
    const running = { type: 'state', state: 'running', step: 0, steps: 10 } as const;
    expect(reduce(at('loading', { progress: clips }), running)).toMatchObject({ progress: undefined });
    expect(reduce(at('running', { progress: clips }), running)).not.toHaveProperty('progress');
  });
});
