/** The screens' names, in the order of the work and then the device's bench, and which one the address shows. */
import { useSyncExternalStore } from 'react';

export const SCREEN_IDS = ['data', 'model', 'train', 'rollouts', 'evaluate', 'export', 'bench'] as const;
export type ScreenId = (typeof SCREEN_IDS)[number];

export const SCREEN_LABELS: Record<ScreenId, string> = {
  data: 'Data',
  model: 'Model',
  train: 'Train',
  rollouts: 'Rollouts',
  evaluate: 'Evaluate',
  export: 'Export',
  bench: 'Bench',
};

/** Where a visit begins: everything needed to press Start is already there. */
const FIRST_SCREEN: ScreenId = 'train';

function screenOfAddress(): ScreenId {
  const word = location.hash.replace(/^#\/?/, '');
  return SCREEN_IDS.find((id) => id === word) ?? FIRST_SCREEN;
}

function onAddress(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useScreen(): ScreenId {
  return useSyncExternalStore(onAddress, screenOfAddress);
}

export function goTo(screen: ScreenId): void {
  location.hash = `/${screen}`;
}
