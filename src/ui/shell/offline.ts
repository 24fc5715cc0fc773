/** The page's side of working without a network: the worker that keeps its files, and the newer build that waits. */
import { useSyncExternalStore } from 'react';
import { TAKE_OVER } from '../../offline/scope.ts';

const SCRIPT = 'service-worker.js';
/** The files of the first visit are kept once the page has had the network, and the processor, to itself. */
const CALM_MS = 3000;

let waiting: ServiceWorker | undefined;
const listeners = new Set<() => void>();

/** Keeps the page's files, and looks for newer ones. Nothing happens where the browser keeps no files for pages. */
export function keepOffline(): void {
  if (!('serviceWorker' in navigator)) return;
  setTimeout(() => void register().catch(() => undefined), CALM_MS);
}

async function register(): Promise<void> {
  const registration = await navigator.serviceWorker.register(SCRIPT);
  const look = () => {
    // Without a controller it is the first one, which waits for nothing.
    if (!registration.waiting || !navigator.serviceWorker.controller) return;
    waiting = registration.waiting;
    for (const tell of listeners) tell();
  };
  look();
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', look);
  });
}

function listen(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Whether a newer build is there and waits. */
export const useWaiting = (): boolean => useSyncExternalStore(listen, () => waiting !== undefined);

/** Lets the newer build take over, in this tab: others go on with what they have. */
export function takeOver(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting?.postMessage(TAKE_OVER);
}
