/**
 * Drawing in turns: parts of a screen that change together, and are dear to draw, are drawn a few in each frame. No task of
 * the page gets long by that, and what a person presses meanwhile is answered between two frames.
 */
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';

/** Once this many milliseconds are gone, the next turn is the next frame's. */
const FRAME_SHARE_MS = 10;

/** Who waits to draw what, first come first; who asks again keeps its place. */
const line = new Map<unknown, () => void>();
let isBooked = false;
let tookMs = 0;

/** Milliseconds that all turns of this visit have taken. */
export const turnsTookMs = (): number => tookMs;

/** Beside a frame and not in it: what is drawn is laid out by the next one. A hidden page has no frames, and no turns. */
function book(): void {
  if (isBooked || line.size === 0) return;
  isBooked = true;
  requestAnimationFrame(() => setTimeout(takeTurns));
}

function takeTurns(): void {
  const began = performance.now();
  const gone = () => performance.now() - began;
  isBooked = false;
  for (const [who, draw] of line) {
    line.delete(who);
    // At once, or React would draw all turns of a frame together, and their effects after it.
    flushSync(draw);
    if (gone() >= FRAME_SHARE_MS) break;
  }
  tookMs += gone();
  book();
}

/** The value as of this part's latest turn, which it asks for when the value changes while it `isDue`; undefined before the first. */
export function useInTurn<T extends object>(value: T, isDue = true): T | undefined {
  const [shown, setShown] = useState<T>();
  useEffect(() => {
    if (isDue && shown !== value) line.set(setShown, () => setShown(value));
    else line.delete(setShown);
    book();
  }, [value, shown, isDue]);
  useEffect(() => () => void line.delete(setShown), []);
  return shown;
}
