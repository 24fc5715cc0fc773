import type { Event } from '../protocol/messages.ts';

/** Sends an event to the page; `transfer` names what moves along instead of being copied. */
export type Emit = (event: Event, transfer?: Transferable[]) => void;

export type Report = (done: number, total: number) => void;

/** Milliseconds between two progress events of one piece of work; its last one always goes out. */
const INTERVAL_MS = 100;

/** Says whether it is time for another event: at most ten times a second, or as often as is said. */
export function paced(interval = INTERVAL_MS): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < interval) return false;
    last = now;
    return true;
  };
}

/** Reports progress of one piece of work, at most ten times a second. */
export function progressOf(emit: Emit, what: string, unit: string, requestId?: number): Report {
  const isTime = paced();
  return (done, total) => {
    if (!isTime() && done < total) return;
    emit({ type: 'progress', ...(requestId === undefined ? {} : { requestId }), what, done, total, unit });
  };
}
