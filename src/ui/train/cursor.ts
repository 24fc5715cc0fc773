/** The cursor that all charts of a page share. Each thins its steps by itself, so what they share is a step, not a place. */
import { useSyncExternalStore } from 'react';
import type { TickItem } from 'recharts/types/util/types';
import { nearestStep } from '../../store/series.ts';

let step: number | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The step last pointed at in some chart. */
export function useCursorStep(): number | undefined {
  return useSyncExternalStore(listen, () => step);
}

/** For recharts: where a chart with these ticks shows the step that another chart points at. */
export function followCursor(
  ticks: readonly TickItem[],
  { activeLabel }: { activeLabel?: string | number | undefined },
): number {
  const pointed = Number(activeLabel);
  if (step !== pointed) {
    step = pointed;
    for (const listener of listeners) listener();
  }
  return nearestStep(
    ticks.map(({ value }) => Number(value)),
    pointed,
  );
}
