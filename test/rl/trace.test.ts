import { PerformanceObserver } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { mergeSpans, traceStep } from '../../src/rl/measure/trace.ts';

const STAGES = [
  { name: 'rollout', start: 1, end: 6 },
  { name: 'update', start: 6, end: 9 },
];
const DEVICE = [
  { part: 'decode', start: 2, end: 3 },
  { part: 'decode', start: 3.5, end: 4 },
  { part: 'decode', start: 5.5, end: 6 },
  { part: 'reference', start: 6.5, end: 7 },
];

describe('the trace of a step', () => {
  it('is made of entries that Chrome shows as tracks, named by the terms of the field', async () => {
    const seen: PerformanceEntry[] = [];
    const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
    observer.observe({ entryTypes: ['measure'] });
    traceStep({ name: 'step 3', start: 0, end: 10 }, STAGES, DEVICE);
    await new Promise((resolve) => setTimeout(resolve, 10));
    observer.disconnect();
    expect(seen.map(({ name, startTime, duration }) => [name, startTime, duration])).toEqual([
      ['step 3', 0, 10],
      ['rollout', 1, 5],
      ['decode', 2, 2],
      ['decode', 5.5, 0.5],
      ['update', 6, 3],
      ['reference forward', 6.5, 0.5],
    ]);
    const tracks = seen.map((entry) => (entry as PerformanceMeasure).detail.devtools);
    expect(tracks.map(({ track }) => track)).toEqual([
      ...['Stages', 'Stages', 'Device'],
      ...['Device', 'Stages', 'Device'],
    ]);
    for (const { dataType, trackGroup } of tracks) {
      expect(dataType).toBe('track-entry');
      expect(trackGroup).toBe('Omni GRPO');
    }
  });

  it('leaves nothing behind in a thousand steps', () => {
    for (let step = 0; step < 1000; step++)
      traceStep({ name: `step ${step}`, start: 0, end: 10 }, STAGES, DEVICE);
    expect(performance.getEntriesByType('measure')).toEqual([]);
  });

  it('puts neighbours of one part together, whatever their number', () => {
    expect(mergeSpans([])).toEqual([]);
    const many = Array.from({ length: 300 }, (_, i) => ({ part: 'decode', start: i, end: i + 0.9 }));
    expect(mergeSpans(many)).toEqual([{ name: 'decode', start: 0, end: 299.9 }]);
  });
});
