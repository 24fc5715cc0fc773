import { useEffect, useState } from 'react';
import { formatBytes, formatDuration } from '../../math/format.ts';
import { rateOf, type Sample, withSample } from '../../math/rate.ts';

/** Amount per second of work that reports how much of it is done; undefined until that can be told. */
export function useRate(done: number): number | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    setSamples((before) => withSample(before, { atMs: performance.now(), done }));
  }, [done]);
  return rateOf(samples);
}

/** "12.1 MiB/s · 2 min 31 s left"; empty while there is nothing to say. */
export function speedWords(rate: number | undefined, left: number): string {
  if (!rate || left <= 0) return '';
  return `${formatBytes(Math.round(rate))}/s · ${formatDuration(left / rate)} left`;
}
