import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProgressLines } from '../../src/cli/progress-lines.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('says at most a line in ten seconds, one at the end, and nothing where nothing has changed', () => {
  const lines: string[] = [];
  const progress = new ProgressLines((line) => lines.push(line));
  const take = (done: number) => progress.take({ what: 'Clips ready', done, total: 4, unit: 'clips' });
  take(1);
  vi.advanceTimersByTime(11_000);
  take(1);
  take(2);
  take(3);
  take(4);
  take(4);
  expect(lines).toEqual(['Clips ready: 2 of 4 clips, 11.0 s', 'Clips ready: 4 of 4 clips, 11.0 s']);
});
