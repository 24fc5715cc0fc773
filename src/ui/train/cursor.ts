/** The cursor that all charts of a page share. Each thins its steps by itself, so what they share is a place on the axis, not one in a list. */
import { useSyncExternalStore } from 'react';
import type { TickItem } from 'recharts/types/util/types';
import { nearestStep } from '../../store/series.ts';

let place: number | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The place last pointed at in some chart. */
export function useCursorPlace(): number | undefined {
  return useSyncExternalStore(listen, () => place);
}

/** For recharts: where a chart with these ticks shows the place that another chart points at. */
export function followCursor(
  ticks: readonly TickItem[],
  { activeLabel }: { activeLabel?: string | number | undefined },
): number {
  const pointed = Number(activeLabel);
  if (place !== pointed) {
    place = pointed;
    for (const listener of listeners) listener();
  }
  return nearestStep(
    ticks.map(({ value }) => Number(value)),
    pointed,
  );
}
