import { describe, expect, it } from 'vitest';
import { LineLog } from '../../src/worker/line-log.ts';

describe('LineLog', () => {
  it('keeps every value as one line, in order, however many there are', async () => {
    const log = new LineLog();
    for (let step = 0; step < 200; step++) log.append({ step, text: 'a\nb' }, { step, value: Number.NaN });
    const lines = (await log.blob().text()).trimEnd().split('\n');
    expect(lines.length).toBe(400);
    expect(JSON.parse(lines[398]!)).toEqual({ step: 199, text: 'a\nb' });
    expect(JSON.parse(lines[399]!)).toEqual({ step: 199, value: null });
  });
});
