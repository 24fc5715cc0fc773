import { useEffect, useRef, useState } from 'react';

/** Share of the page's time that drawing a calm value may take. */
const DRAWING_SHARE = 0.2;

/**
 * A value that changes at most once in `calmMs`, and less often where drawing it is slow, always ending at the latest:
 * drawing eight charts can cost more than a fast step, and the trainer shares the processor with the page.
 */
export function useCalm<T>(value: T, calmMs: number): T {
  const [shown, setShown] = useState(value);
  const changedAt = useRef(0);
  const drawingMs = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once the change has been drawn.
  useEffect(() => {
    // The first drawing was not begun here.
    if (changedAt.current > 0) drawingMs.current = performance.now() - changedAt.current;
  }, [shown]);
  useEffect(() => {
    const pause = Math.max(calmMs, drawingMs.current / DRAWING_SHARE);
    const timer = setTimeout(
      () => {
        changedAt.current = performance.now();
        setShown(value);
      },
      Math.max(0, changedAt.current + pause - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [value, calmMs]);
  return shown;
}
