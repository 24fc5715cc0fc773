/** How much curves are smoothed; kept on this device. */
import { useState } from 'react';

const KEY = 'studio.smoothing';
const FIRST = 0.6;
export const MOST_SMOOTHING = 0.95;

export function useSmoothing(): [number, (value: number) => void] {
  const [smoothing, setSmoothing] = useState(stored);
  const keep = (value: number) => {
    setSmoothing(value);
    try {
      localStorage.setItem(KEY, String(value));
    } catch {
      // A browser that keeps nothing forgets it with the visit.
    }
  };
  return [smoothing, keep];
}

function stored(): number {
  try {
    const word = localStorage.getItem(KEY);
    const value = Number(word);
    return word !== null && value >= 0 && value <= MOST_SMOOTHING ? value : FIRST;
  } catch {
    return FIRST;
  }
}
