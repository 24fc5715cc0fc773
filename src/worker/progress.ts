import type { Event } from '../protocol/messages.ts';

/** Sends an event to the page; `transfer` names what moves along instead of being copied. */
export type Emit = (event: Event, transfer?: Transferable[]) => void;

export type Report = (done: number, total: number) => void;

/** Milliseconds between two progress events of one piece of work; its last one always goes out. */
const INTERVAL_MS = 100;

/** Reports progress of one piece of work, at most ten times a second. */
export function progressOf(emit: Emit, what: string, unit: string, requestId?: number): Report {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (done < total && now - last < INTERVAL_MS) return;
    last = now;
    emit({ type: 'progress', ...(requestId === undefined ? {} : { requestId }), what, done, total, unit });
  };
}
