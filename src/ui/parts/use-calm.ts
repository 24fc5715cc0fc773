import { useEffect, useRef, useState } from 'react';

/**
 * A value that changes at most once in `calmMs`, always ending at the latest: drawing eight charts costs more than a
 * fast step, and the trainer shares the processor with the page.
 */
export function useCalm<T>(value: T, calmMs: number): T {
  const [shown, setShown] = useState(value);
  const lastChange = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, lastChange.current + calmMs - performance.now());
    const timer = setTimeout(() => {
      lastChange.current = performance.now();
      setShown(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, calmMs]);
  return shown;
}
