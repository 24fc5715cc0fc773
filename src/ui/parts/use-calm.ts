import { useEffect, useRef, useState } from 'react';

/** A value that changes at most once in `calmMs`, or in what `pauseMs` says where that is longer, always ending at the latest. */
export function useCalm<T>(value: T, calmMs: number, pauseMs = () => calmMs): T {
  const [shown, setShown] = useState(value);
  const changedAt = useRef(Number.NEGATIVE_INFINITY);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever says the pause says it anew each time.
  useEffect(() => {
    let timer = setTimeout(function change() {
      const left = changedAt.current + Math.max(calmMs, pauseMs()) - performance.now();
      if (left > 0) {
        timer = setTimeout(change, left);
        return;
      }
      changedAt.current = performance.now();
      setShown(value);
    });
    return () => clearTimeout(timer);
  }, [value, calmMs]);
  return shown;
}
